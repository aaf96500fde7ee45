/** A slot is taken before the handshake is done and released only by an established client. */
import { systemClock } from '../../relay/world/clock.ts'
import type { RelayDefect } from './defect.ts'

/** A connection that ends sooner was never established: no client is this fast. */
const handshakeMs = 50

const defect: RelayDefect = {
  part: 'relay',
  finding: '2X-32',
  says: 'a connection that ends during its handshake keeps the slot of its address',
  scenario: 'connection-slots-are-released',
  rules: ['new-client-refused'],
  relay: ({ limiter }) => ({
    limiter: {
      take(address) {
        const release = limiter.take(address)
        const takenMs = systemClock.nowMs()
        return release && (() => systemClock.nowMs() - takenMs >= handshakeMs && release())
      },
      get taken() {
        return limiter.taken
      },
    },
  }),
}
export default defect
