/** The address that a client says it was forwarded from is believed, whoever it is. */
import type { RelayDefect } from './defect.ts'

const defect: RelayDefect = {
  part: 'relay',
  finding: 'M-702',
  says: 'X-Forwarded-For is believed of everybody',
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
