/**
 * Clients accept no bytes while the relay broadcasts, answers pings and replays. They occupy every
 * slot, so that new clients show how many were released.
 */
import { scenario } from '../harness/dsl/scenario.ts'
import { join, leave, pings, quiet, resumeAll, stallClients } from '../harness/dsl/words.ts'

const paths = [['broadcast', 'listening'], ['control', 'pinging'], ['resume', 'resuming']] as const
/** Time for buffers to fill up, and for a relay whose timeout is fixed at 5 s. */
const [marginMs, fixedMs] = [10_000, 6_000]
// A relay that stops reading pings would have no answers to send.
const unthrottled = { clientFramesPerSecondMax: 0 }
/** One more than the limit admits. */
const stalling = { count: 9, reads: 'fast', joins: 'later' } as const

const setting = 'send_timeout_secs'

export default scenario({
  name: 'sends-have-deadlines',
  claim: 'A client that accepts no bytes is closed within the send timeout on every send path.',
  suites: ['quick', 'nightly'],
  topic: { partitions: 3 },
  relay: { sendTimeoutMs: 2_000, connectionsPerIpMax: 8, lagDisconnectRecords: 0, ...unthrottled },
  load: { recordsPerSecond: 400, payloadBytes: 8_192, threads: 24 },
  fleet: {
    readers: { count: 2, reads: 'fast' },
    listening: stalling,
    pinging: stalling,
    resuming: stalling,
    probe: { ...stalling, isDirect: true },
  },
  phases: ({ sendTimeoutMs, connectionsPerIpMax }) => {
    const ms = sendTimeoutMs + marginMs
    const all = connectionsPerIpMax + 1
    const stalled = <const N extends string, const G extends string>(name: N, group: G) => {
      const prelude = [join(group, all)]
      return { name, ms, prelude, faults: [stallClients(group)], closing: [join('probe', all)] }
    }
    // Deliver earlier records first, or they are what waits to be sent.
    const free = { ms: 1_500, ...quiet, prelude: [leave('probe')] } as const
    return [
      { name: 'traffic', ms: 1_500 },
      stalled('broadcast', 'listening'),
      { name: 'after-broadcast', ...free },
      { ...stalled('control', 'pinging'), ...quiet, stimuli: [pings('pinging', 80_000)] },
      { name: 'after-control', ...free },
      { ...stalled('resume', 'resuming'), ...quiet, stimuli: [resumeAll('resuming')] },
    ]
  },
  expect: ({ sendTimeoutMs }) => ({
    'M-1034': paths.map(([path, group]) => {
      const own = { group, phase: path, probe: 'probe', limitMs: sendTimeoutMs + fixedMs } as const
      return { check: 'closed-in-time', path, asks: 'ends', ...own } as const
    }),
    'M-1033': [
      { check: 'version-reports-setting', path: setting, equals: sendTimeoutMs / 1_000 },
      { check: 'counter-rises', signal: 'sendTimeoutTotal', atLeast: 5, phase: 'broadcast' },
    ],
  }),
})
