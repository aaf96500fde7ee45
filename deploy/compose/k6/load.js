// Load by k6 for the profile `k6` of docker-compose.chaos.yml: connections arrive at a rate, each
// reads for a while and leaves. k6 is AGPL-3.0 and no part of this repository; this file is ours
// and is read by the k6 that you bring. The volume is the fleet's work, not k6's: see README.md.
import { Counter, Rate } from 'k6/metrics'
import { WebSocket } from 'k6/websockets'

const url = __ENV.RELAY_URL
const holdMs = 10_000

const records = new Counter('records_received')
const refused = new Rate('connections_refused')

export const options = {
  scenarios: {
    arrivals: {
      executor: 'ramping-arrival-rate',
      startRate: 1,
      timeUnit: '1s',
      // Rate times hold time, with some to spare.
      preAllocatedVUs: 150,
      stages: [
        { target: 10, duration: '30s' },
        { target: 10, duration: '1m' },
      ],
    },
  },
  // Thresholds pass on no samples at all, so each has a count beside it. An iteration that found no
  // virtual user is the generator's failure, not the relay's.
  thresholds: {
    connections_refused: ['rate<0.01'],
    records_received: ['count>0'],
    dropped_iterations: ['count==0'],
  },
}

export default function connect() {
  const socket = new WebSocket(url)
  socket.binaryType = 'arraybuffer'
  socket.addEventListener('open', () => {
    refused.add(false)
    // An iteration lasts until its socket closes.
    setTimeout(() => socket.close(), holdMs)
  })
  socket.addEventListener('message', (event) => {
    if (typeof event.data !== 'string') records.add(1)
  })
  socket.addEventListener('error', () => refused.add(true))
}
