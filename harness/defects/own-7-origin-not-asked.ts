/** The Origin header of a WebSocket handshake is ignored. */
import type { IncomingMessage } from 'node:http'
import type { RelayDefect } from './defect.ts'

/** The same request, as from a client that is not a browser. */
function withoutOrigin(request: IncomingMessage): IncomingMessage {
  const { origin: _, ...headers } = request.headers
  return Object.create(request, { headers: { value: headers } }) as IncomingMessage
}

const defect: RelayDefect = {
  part: 'relay',
  finding: 'own-7',
  says: 'the Origin header is not checked',
  scenario: 'foreign-pages-are-refused',
  rules: ['page-let-in'],
  relay: ({ admission }) => ({
    admission: { ...admission, refusal: (request) => admission.refusal(withoutOrigin(request)) },
  }),
}
export default defect
