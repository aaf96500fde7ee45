/** What is committed is the last record that was read, not the next one to be read. */
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
