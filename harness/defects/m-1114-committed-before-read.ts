/** Offsets are committed before their records were read: a restart skips the records between. */
import type { RelayDefect } from './defect.ts'

/** Records that may be in flight between a fetch and the clients. */
const ahead = 20n

const defect: RelayDefect = {
  part: 'relay',
  finding: 'M-1114',
  says: 'offsets are committed before their records were read',
  scenario: 'restarts-lose-nothing',
  rules: ['gap-needless', 'lost', 'skip', 'commit-ahead'],
  relay: () => ({ offsets: { toCommit: (next) => next + ahead } }),
}
export default defect
