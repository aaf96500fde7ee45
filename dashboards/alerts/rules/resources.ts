/** Will the relay last? */
import { metricRows } from '../../../relay/tables/metrics.ts'
import { foreignRows } from '../../metrics/foreign-metrics.ts'
import { at, increase, ofRelays, total, unlessFiring } from '../promql.ts'
import { minutes, ours, type RuleGroup } from '../rule.ts'

const { memoryUsed, memoryLimit, memoryRefusals, tlsNotAfter } = metricRows
const { residentMemory, loopLagP99, openFds, maxFds } = foreignRows

/** Shares that empty themselves when all is well; the others are always full, on purpose. */
const queues = [
  'fetched',
  'pinned',
  'redis_queue',
  'dead_letters',
  'replay_pages',
  'replay_requests',
  'client_queues',
  'partial_frames',
] as const
const fullShare = 0.9
const refusalsMin = 10
/** What the heap holds besides what is accounted: garbage until it is collected, and copies. */
const memoryFactorMax = 2
/** The runtime and the code, with room. */
const runtimeBytesMax = 256 * 1_024 * 1_024
/** Above this each client waits noticeably, and pings of Kafka are late. */
const loopLagSecondsMax = 0.2
const fdShareMax = 0.8
const day = 24 * 3_600
const renewDays = 14
const expiresDays = 1

const certificateSteps = [
  'Renew the certificate and put it where `WEBSOCKET_TLS_CERT_FILE` points.',
  'The relay reads it again by itself; see that the alert ends.',
] as const

export const resources = {
  QueueNearlyFull: {
    tier: 'ticket',
    severity: 'high',
    family: 'memory',
    expr: () =>
      `${at(memoryUsed, { share: queues })} / ${at(memoryLimit, { share: queues })} > ${fullShare}`,
    forMs: minutes(10),
    summary: 'The share {{ $labels.share }} of {{ $labels.instance }} is nearly full.',
    means: '{{ $value | humanizePercentage }} of what it may hold: what fills it is not drained.',
    steps: [
      '`fetched`: the relay is the bottleneck; see its CPU.',
      '`pinned`, `client_queues`, `partial_frames`: slow or hostile clients; see closes by reason.',
      '`redis_queue`, `replay_pages`: Redis is slow. `dead_letters`: their topic takes nothing.',
    ],
    panel: 'memoryShares',
    origin: ours("DashFlow's buffers are bounded by count, and export no fill level."),
  },
  MemoryRefusals: {
    tier: 'ticket',
    severity: 'high',
    family: 'memory',
    expr: (form) => `${increase(memoryRefusals, form.window(minutes(5)))} >= ${refusalsMin}`,
    forMs: 0,
    summary: 'The relay {{ $labels.instance }} refuses work for lack of memory.',
    means: '{{ $value | humanize }} requests of clients were refused within the window.',
    steps: [
      'See which share refuses, and who fills it.',
      'Raise its setting, if the machine has the memory.',
    ],
    panel: 'memoryShares',
    origin: ours("DashFlow's relay has no memory budget."),
  },
  MemoryAboveBudget: {
    tier: 'ticket',
    severity: 'high',
    family: 'memory',
    expr: () =>
      `${ofRelays(residentMemory)} > ` +
      `${memoryFactorMax} * ${total(memoryLimit)} + ${runtimeBytesMax}`,
    forMs: minutes(5),
    summary: 'The relay {{ $labels.instance }} holds more memory than it accounts for.',
    means: 'Its RSS is {{ $value | humanize1024 }}B: a leak, or a budget that is not kept.',
    steps: [
      'Does it grow on? Then take a heap snapshot before the system kills it.',
      'Restart it; clients resume.',
      'Report it with the run: this should not happen.',
    ],
    panel: 'memory',
    origin: ours("DashFlow's relay exports no memory at all."),
  },
  EventLoopSlow: {
    tier: 'ticket',
    severity: 'high',
    family: 'cpu',
    expr: () => `${ofRelays(loopLagP99)} > ${loopLagSecondsMax}`,
    forMs: minutes(5),
    summary: 'The event loop of {{ $labels.instance }} is late.',
    means:
      'One turn of a hundred is {{ $value | humanizeDuration }} late or more; all clients wait.',
    steps: [
      'See its CPU: near one core, it has more load than it can take.',
      'CPU low: the machine is short of CPU, or the container is throttled.',
    ],
    panel: 'eventLoop',
    origin: ours("DashFlow's relay exports nothing of its runtime."),
  },
  FdsNearLimit: {
    tier: 'ticket',
    severity: 'high',
    family: 'clients',
    expr: () => `${ofRelays(openFds)} / ${ofRelays(maxFds)} > ${fdShareMax}`,
    forMs: minutes(5),
    summary: 'The relay {{ $labels.instance }} runs out of file descriptors.',
    means: '{{ $value | humanizePercentage }} are open; at 100 % it refuses every client.',
    steps: [
      'Compare with the connected clients: the same number, so raise `ulimit -n`.',
      'Far more than clients: connections that leak; restart it and report it.',
    ],
    panel: 'fds',
    origin: ours("DashFlow's relay exports no file descriptors."),
  },
  CertificateExpired: {
    tier: 'page',
    severity: 'critical',
    family: 'certificate',
    expr: () => `${at(tlsNotAfter)} - time() < ${expiresDays * day}`,
    forMs: 0,
    summary: 'The certificate of {{ $labels.instance }} expires within a day.',
    means: '{{ $value | humanizeDuration }} are left; then no client can connect.',
    steps: certificateSteps,
    panel: 'certificate',
    origin: ours("DashFlow's relay has no TLS."),
  },
  CertificateExpiresSoon: {
    tier: 'ticket',
    severity: 'warning',
    family: 'certificate',
    expr: () =>
      `${at(tlsNotAfter)} - time() < ${renewDays * day} ${unlessFiring('CertificateExpired')}`,
    forMs: 0,
    summary: 'The certificate of {{ $labels.instance }} expires soon.',
    means: '{{ $value | humanizeDuration }} are left.',
    steps: certificateSteps,
    panel: 'certificate',
    origin: ours("DashFlow's relay has no TLS."),
  },
} as const satisfies RuleGroup
