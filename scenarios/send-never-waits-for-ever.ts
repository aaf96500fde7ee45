/**
 * Clients that take no bytes while the relay broadcasts, answers pings and replays. Slots are few,
 * so that one which is not given back keeps the next client out.
 */
import { scenario } from '../harness/dsl/scenario.ts'
import { join, leave, pings, quiet, resumeAll, stallClients } from '../harness/dsl/words.ts'

const paths = [['broadcast', 'listening'], ['control', 'pinging'], ['resume', 'resuming']] as const
/** Time for kernel buffers to fill up before a write can wait at all, and to see the end. */
const marginMs = 5_000
// A relay that stops reading pings has no answers to wait with.
const unthrottled = { clientFramesPerSecondMax: 0 }

export default scenario({
  name: 'send-never-waits-for-ever',
  claim: 'A client that takes no bytes is closed within the send timeout, whatever it was sent.',
  suites: ['quick', 'nightly'],
  topic: { partitions: 3 },
  relay: { sendTimeoutMs: 2_000, connectionsPerIpMax: 8, lagDisconnectRecords: 0, ...unthrottled },
  load: { recordsPerSecond: 400, payloadBytes: 8_192, threads: 24 },
  fleet: {
    readers: { count: 2, reads: 'fast' },
    listening: { count: 5, reads: 'fast' },
    pinging: { count: 5, reads: 'fast', joins: 'later' },
    resuming: { count: 5, reads: 'fast', joins: 'later' },
    probe: { count: 5, reads: 'fast', joins: 'later' },
  },
  phases: ({ sendTimeoutMs }) => {
    const ms = sendTimeoutMs + marginMs
    const stalled = <const N extends string, const G extends string>(name: N, group: G) => {
      const prelude = [leave('probe'), join(group)]
      return { name, ms, ...quiet, prelude, faults: [stallClients(group)] }
    }
    const probe = { ms: 700, ...quiet, prelude: [join('probe')] }
    return [
      { name: 'broadcast', ms, faults: [stallClients('listening')] },
      { name: 'after-broadcast', ...probe },
      { ...stalled('control', 'pinging'), stimuli: [pings('pinging', 80_000)] },
      { name: 'after-control', ...probe },
      { ...stalled('resume', 'resuming'), stimuli: [resumeAll('resuming')] },
      { name: 'after-resume', ...probe },
    ]
  },
  expect: ({ sendTimeoutMs }) => ({
    'M-1034': paths.flatMap(([path, group]) => {
      const own = { group, phase: path, limitMs: sendTimeoutMs + 2_000 }
      return [
        { check: 'closed-in-time', path, ...own } as const,
        { check: 'slots-released', probe: 'probe', ...own } as const,
      ]
    }),
    'M-1033': [
      { check: 'told-in-version', path: 'send_timeout_secs', equals: sendTimeoutMs / 1_000 },
      { check: 'counter-rises', signal: 'sendTimeoutTotal', atLeast: 5, phase: 'broadcast' },
    ],
  }),
})
