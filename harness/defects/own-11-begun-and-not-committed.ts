/** The start position is committed only with the first record: until then the group is new. */
import type { RelayDefect } from './defect.ts'

const defect: RelayDefect = {
  part: 'relay',
  finding: 'own-11',
  says: 'a relay that starts at the newest on a quiet topic commits nothing before its first read',
  scenario: 'latest-applies-once',
  rules: ['not-replayed'],
  relay: () => ({
    offsets: { toCommit: (next, begun) => (next === begun ? undefined : next) },
  }),
}
export default defect
