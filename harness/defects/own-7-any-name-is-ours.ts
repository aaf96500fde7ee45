/** Whatever name the relay is asked for by is taken for its own, and pages of it for its own. */
import type { RelayDefect } from './defect.ts'

const defect: RelayDefect = {
  part: 'relay',
  finding: 'own-7',
  says: 'a page whose own name leads to the relay is at home there',
  scenario: 'foreign-pages-are-refused',
  rules: ['page-let-in'],
  relay: ({ admission }) => ({ admission: { ...admission, misdirected: () => undefined } }),
}
export default defect
