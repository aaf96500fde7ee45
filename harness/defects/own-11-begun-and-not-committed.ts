/** Where reading begins is committed with the first record only: until then the group is new. */
import type { RelayDefect } from './defect.ts'

const defect: RelayDefect = {
  part: 'relay',
  finding: 'own-11',
  says: 'a relay that begins at the newest on a quiet topic commits nothing before it has read',
  scenario: 'latest-applies-once',
  rules: ['not-replayed'],
  relay: () => ({
    offsets: { toCommit: (next, begun) => (next === begun ? undefined : next) },
  }),
}
export default defect
