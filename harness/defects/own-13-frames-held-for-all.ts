/** Unfinished messages are kept without a bound on their sum or their age. */
import type { RelayDefect } from './defect.ts'

const defect: RelayDefect = {
  part: 'relay',
  finding: 'own-13',
  says: 'unfinished messages are bounded one by one, but not their sum over all clients',
  scenario: 'unfinished-frames-are-bounded',
  rules: ['ceiling'],
  relay: () => ({ partialFrames: { add: () => undefined, excessBytes: 0, refusals: 0 } }),
}
export default defect
