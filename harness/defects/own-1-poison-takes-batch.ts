/** One malformed record makes the relay throw away the whole batch it was fetched with. */
import type { RelayDefect } from './defect.ts'

const defect: RelayDefect = {
  part: 'relay',
  finding: 'own-1',
  says: 'a batch that holds a malformed record is dropped as a whole',
  scenario: 'malformed-records-are-contained',
  rules: ['took-neighbour'],
  relay: () => ({ poison: { isOffered: (_index, malformed) => malformed.size === 0 } }),
}
export default defect
