/** Do the clients get what they came for? One slow client is its own trouble; many are ours. */
import { metricRows } from '../../../relay/tables/metrics.ts'
import type { Form } from '../form.ts'
import { changed, minutes, ours, type RuleGroup } from '../rule.ts'
import { increase, rate } from '../promql.ts'

const { dropped, slowDisconnects, sendTimeout, sendFailed, refusedConnections } = metricRows
const { replayGapMessages, replayOutcomes } = metricRows

/** Records per second, over all clients. */
const droppedPerSecondMax = 1
/** A client that hangs comes back once or twice before it gives up. */
const closedMin = 3
/** A client that leaves in the middle of a write is normal. */
const failedMin = 20
const refusedMin = 10

/** By a limit, and by a check of who may connect; `stopping` is neither. */
const limits = ['address', 'total', 'pending'] as const
const checks = ['origin', 'token', 'host', 'guesses'] as const
/** A replay that was capped is complete; the client asks for the rest. */
const badly = { outcome: ['degraded', 'timeout', 'busy'] } as const
const refused = (form: Form, reason: typeof limits | typeof checks) =>
  increase(refusedConnections, form.window(minutes(5)), { reason })

export const clients = {
  HighDroppedMessageRate: {
    tier: 'ticket',
    severity: 'high',
    family: 'clients',
    expr: (form) => `${rate(dropped, form.window(minutes(5)))} > ${droppedPerSecondMax}`,
    forMs: minutes(2),
    summary: 'Clients of {{ $labels.instance }} miss records.',
    means:
      '{{ $value | humanize }} records per second are missed by clients that fell behind. They ' +
      'learn which from gap frames, and may resume.',
    steps: [
      'One client or many? See clients closed by reason.',
      'Many: the relay, or the network to them. See its CPU and its event loop.',
      'Clients that need time at bursts: raise `WEBSOCKET_BUFFER_SIZE`.',
    ],
    panel: 'dropped',
    origin: changed(
      '`> 0` means that one phone in a tunnel opens a ticket; here there is a floor.',
    ),
  },
  SlowClientsDisconnected: {
    tier: 'ticket',
    severity: 'warning',
    family: 'clients',
    expr: (form) => `${increase(slowDisconnects, form.window(minutes(10)))} >= ${closedMin}`,
    forMs: 0,
    summary: 'The relay {{ $labels.instance }} closes slow clients.',
    means:
      '{{ $value | humanize }} were closed within the window because they missed too many records.',
    steps: [
      'See from where they come: one address is one user; many are the network.',
      'See `SLOW_CLIENT_DISCONNECT_THRESHOLD` and its window.',
    ],
    panel: 'closes',
    origin: ours('DashFlow counts them, and no rule reads them.'),
  },
  SendTimeouts: {
    tier: 'ticket',
    severity: 'high',
    family: 'clients',
    expr: (form) => `${increase(sendTimeout, form.window(minutes(5)))} >= ${closedMin}`,
    forMs: 0,
    summary: 'Writes to clients of {{ $labels.instance }} time out.',
    means:
      '{{ $value | humanize }} clients were closed within the window: they took nothing for ' +
      '`WEBSOCKET_SEND_TIMEOUT_SECS`.',
    steps: [
      'See by `path`: `broadcast` alone is clients that do not read; `resume` too, the network.',
      'A proxy between them that buffers hides it: look at its queues.',
    ],
    panel: 'sendTimeouts',
    origin: ours('DashFlow counts them, and no rule reads them.'),
  },
  SendFailures: {
    tier: 'ticket',
    severity: 'warning',
    family: 'clients',
    expr: (form) => `${increase(sendFailed, form.window(minutes(5)))} >= ${failedMin}`,
    forMs: 0,
    summary: 'Writes to clients of {{ $labels.instance }} fail.',
    means: '{{ $value | humanize }} connections broke during a write within the window.',
    steps: [
      'All at one moment: a proxy, load balancer or network between them was restarted.',
      'All the time: its idle timeout is shorter than the pings of the relay.',
    ],
    panel: 'sendTimeouts',
    origin: ours('DashFlow counts them, and no rule reads them.'),
  },
  ConnectionsRefused: {
    tier: 'ticket',
    severity: 'high',
    family: 'clients',
    expr: (form) => `${refused(form, limits)} >= ${refusedMin}`,
    forMs: 0,
    summary: 'The relay {{ $labels.instance }} refuses clients because of a limit.',
    means: '{{ $value | humanize }} connections were refused within the window.',
    steps: [
      '`address`: behind a proxy all clients share one; set `WEBSOCKET_TRUSTED_PROXY_IPS`, ' +
        'or raise `WEBSOCKET_MAX_CONNECTIONS_PER_IP`.',
      '`total`: the relay is full; add another.',
      '`pending`: handshakes that are never finished; see who opens them.',
    ],
    panel: 'refused',
    origin: ours('DashFlow counts only those by address, and no rule reads them.'),
  },
  AccessRefused: {
    tier: 'ticket',
    severity: 'warning',
    family: 'access',
    expr: (form) => `${refused(form, checks)} >= ${refusedMin}`,
    forMs: 0,
    summary: 'Clients without access try to connect to {{ $labels.instance }}.',
    means: '{{ $value | humanize }} connections were refused within the window.',
    steps: [
      'After a change of the token or the address: clients have the old one.',
      '`guesses`: a client tries tokens; see from where, and block it before the relay.',
    ],
    panel: 'refused',
    origin: ours("DashFlow's relay has no access control."),
  },
  ReplayGapsDeclared: {
    tier: 'ticket',
    severity: 'warning',
    family: 'replay',
    expr: (form) => `${increase(replayGapMessages, form.window(minutes(10)))} > 0`,
    forMs: 0,
    summary: 'Clients of {{ $labels.instance }} could not get all that they missed.',
    means: '{{ $value | humanize }} records were declared missing in replays within the window.',
    steps: [
      'See the alerts about Redis: a record that was not written cannot be replayed.',
      'Redis evicts: compare `maxmemory` with bytes per second times `REDIS_MESSAGE_TTL_SECS`.',
      'Clients that were away longer than the buffer reaches need a snapshot.',
    ],
    panel: 'replays',
    origin: ours('DashFlow has no rule about replays.'),
  },
  ReplaysFail: {
    tier: 'ticket',
    severity: 'high',
    family: 'replay',
    expr: (form) => `${increase(replayOutcomes, form.window(minutes(5)), badly)} >= ${closedMin}`,
    forMs: 0,
    summary: 'Replays of {{ $labels.instance }} do not end well.',
    means: '{{ $value | humanize }} within the window timed out, were refused, or lacked Redis.',
    steps: [
      '`degraded`: Redis did not answer; see its alerts.',
      '`busy`: too many at a time; see `REPLAY_PAGES_BYTES` and the restarts of clients.',
      '`timeout`: clients take the replay too slowly, or it is too long.',
    ],
    panel: 'replays',
    origin: ours('DashFlow has no rule about replays.'),
  },
} as const satisfies RuleGroup
