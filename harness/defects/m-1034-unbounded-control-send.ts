/** Control frames are written without a deadline, so a stalled client keeps its slot. */
import type { RelayDefect } from './defect.ts'

const defect: RelayDefect = {
  part: 'relay',
  finding: 'M-1034',
  says: 'writes of control frames have no deadline',
  scenario: 'sends-have-deadlines',
  rules: ['not-closed'],
  relay: ({ sendDeadline }) => ({
    sendDeadline: {
      limitMs: (path) => (path === 'control' ? Infinity : sendDeadline.limitMs(path)),
      gaveUp: (path, failure) => sendDeadline.gaveUp(path, failure),
      effective: sendDeadline.effective,
    },
  }),
}
export default defect
