/** The forwarded address that a client sends is trusted from any client. */
import type { RelayDefect } from './defect.ts'

const defect: RelayDefect = {
  part: 'relay',
  finding: 'M-702',
  says: 'X-Forwarded-For is trusted from any client',
  scenario: 'connection-slots-are-released',
  rules: ['limit-evaded'],
  relay: ({ address }) => ({
    address: {
      ...address,
      of(request) {
        const claimed = request.headers['x-forwarded-for']
        return claimed === undefined ? address.of(request) : String(claimed)
      },
    },
  }),
}
export default defect
