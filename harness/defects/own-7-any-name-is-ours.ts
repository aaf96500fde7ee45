/** Any Host header is accepted, so pages of that host name count as the relay's own. */
import type { RelayDefect } from './defect.ts'

const defect: RelayDefect = {
  part: 'relay',
  finding: 'own-7',
  says: 'the Host header is not checked: a page whose own name resolves to the relay is accepted',
  scenario: 'foreign-pages-are-refused',
  rules: ['page-let-in'],
  relay: ({ admission }) => ({ admission: { ...admission, misdirected: () => undefined } }),
}
export default defect
