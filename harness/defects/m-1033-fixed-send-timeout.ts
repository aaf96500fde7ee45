/** The send timeout is a constant, is not reported, and its expiry is not counted. */
import type { RelayDefect } from './defect.ts'

const defect: RelayDefect = {
  part: 'relay',
  finding: 'M-1033',
  says: 'the send timeout is always 5 s, and sends that time out are not counted',
  scenario: 'sends-have-deadlines',
  rules: ['not-reported', 'counter-flat'],
  relay: () => ({
    sendDeadline: { limitMs: () => 5_000, gaveUp: () => undefined, effective: {} },
  }),
}
export default defect
