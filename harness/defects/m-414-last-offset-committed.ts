/** The offset of the last record read is committed, not that of the next one to read. */
import type { RelayDefect } from './defect.ts'

const defect: RelayDefect = {
  part: 'relay',
  finding: 'M-414',
  says: 'the offset of the last record is committed instead of the next one',
  scenario: 'restarts-lose-nothing',
  rules: ['commit-behind'],
  relay: () => ({ offsets: { toCommit: (next) => (next > 0n ? next - 1n : next) } }),
}
export default defect
