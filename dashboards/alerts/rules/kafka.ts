/** Does the relay reach Kafka, and do records come through it? */
import { metricRows } from '../../../relay/tables/metrics.ts'
import type { Form } from '../form.ts'
import { at, increase, unlessFiring } from '../promql.ts'
import { changed, minutes, ours, type RuleGroup } from '../rule.ts'

const { infraErrors, lastRecordAge, uptime, breakerStalled, consumerLag, lagOffsetAge } = metricRows
const { rebalances, logRegressions, commitFailures } = metricRows

/** DashFlow's limits, per five minutes. */
const errorsHigh = 5
const errorsCritical = 10
const errorsIn = (form: Form) => increase(infraErrors, form.window(minutes(5)))
/** A bounce of a broker leaves as many errors as an outage, but they end with it. */
const goesOn = (form: Form) => `${increase(infraErrors, form.window(minutes(1)))} > 0`

const lagOf = at(consumerLag)
/** Partitions whose records wait and of which none was handled for so long, or ever. */
const stuck = (form: Form, ms: number) =>
  `${lagOf} > 0 and ${at(lagOffsetAge)} > ${form.age(ms)} or ` +
  `${lagOf} > 0 unless ${at(lagOffsetAge)} and on (job, instance) ${at(uptime)} > ${form.age(ms)}`

const errorSteps = [
  'See `websocket_kafka_errors_by_type_total`: `dns_failure`, `connection_timeout` and ' +
    '`broker_down` are the network or the brokers; `tls_failure` and `auth_failure` are ' +
    'certificates and credentials.',
  'Ask the brokers from the relay’s own network, with its own credentials.',
  'Nothing is lost by waiting: within the retention, the relay goes on where it stopped.',
] as const
const stuckSteps = [
  'See `/health`: a partition that is paused on purpose is named there with the reason.',
  'Malformed record and `KAFKA_ON_DECODE_ERROR=pause`: repair or skip it, then restart the relay.',
  'Dead letters are not accepted and `DLQ_MODE=fail_closed`: repair the topic of dead letters.',
  'Otherwise restart the relay; it goes on from the committed offset.',
] as const

export const kafka = {
  KafkaInfraErrorsCritical: {
    tier: 'page',
    severity: 'critical',
    family: 'kafka',
    expr: (form) => `${errorsIn(form)} >= ${errorsCritical} and ${goesOn(form)}`,
    forMs: minutes(2),
    summary: 'The relay {{ $labels.instance }} has no working connection to Kafka.',
    means: '{{ $value | humanize }} errors within the window, and they go on. Clients get nothing.',
    steps: errorSteps,
    panel: 'infraErrors',
    origin: changed(
      'DashFlow only counts over five minutes, so a bounce of seconds pages afterwards; ' +
        'here the errors must also go on.',
    ),
  },
  KafkaInfraErrorsHigh: {
    tier: 'ticket',
    severity: 'high',
    family: 'kafka',
    expr: (form) => `${errorsIn(form)} >= ${errorsHigh} and ${goesOn(form)}`,
    forMs: minutes(2),
    summary: 'The relay {{ $labels.instance }} keeps failing to reach Kafka.',
    means: '{{ $value | humanize }} errors within the window, and they go on.',
    steps: errorSteps,
    panel: 'infraErrors',
    origin: changed('As `KafkaInfraErrorsCritical`: the errors must go on.'),
  },
  KafkaInfraErrorsDetected: {
    tier: 'ticket',
    severity: 'warning',
    family: 'kafka',
    expr: (form) => `${errorsIn(form)} > 0`,
    forMs: minutes(2),
    summary: 'The relay {{ $labels.instance }} had errors of its connection to Kafka.',
    means: '{{ $value | humanize }} errors within the window, such as a bounce of a broker leaves.',
    steps: errorSteps,
    panel: 'infraErrors',
    origin: { from: 'dashflow' },
  },
  StreamStalled: {
    tier: 'page',
    severity: 'critical',
    family: 'stream',
    expr: (form) => `${at(breakerStalled)} > ${form.age(minutes(1))}`,
    forMs: minutes(1),
    summary: 'The relay {{ $labels.instance }} reads nothing although records wait.',
    means:
      'Records have waited for {{ $value | humanizeDuration }} while the brokers answered. At ' +
      '`HEALTH_BREAKER_SECS` the relay exits with code 75, so that a new one can start.',
    steps: stuckSteps,
    panel: 'stalled',
    origin: ours(
      "The relay's own measure of a stall: an idle topic and silent brokers are none. DashFlow's " +
        'relay has no such metric; `KafkaPartitionStale` works for both.',
    ),
  },
  StreamNeverReceived: {
    tier: 'page',
    severity: 'critical',
    family: 'stream',
    expr: (form) =>
      `${at(lastRecordAge)} == -1 and ${at(uptime)} > ${form.age(minutes(1))} ` +
      `unless max without (partition) (${lagOf}) == 0`,
    forMs: minutes(1),
    summary: 'The relay {{ $labels.instance }} has never received a record.',
    means:
      'Since its start it read nothing, and it does not know that there is nothing to read: the ' +
      'topic is missing, it was assigned no partition, or it cannot read.',
    steps: [
      'See `/health`: a missing topic is named there. Create it, or correct `KAFKA_TOPIC`.',
      'See `relay_assigned_partitions`: 0 means that other members of its group have them all; ' +
        'each relay needs a group of its own.',
      'See the alerts about Kafka errors.',
    ],
    panel: 'lastRecordAge',
    origin: ours(
      "DashFlow's relay exports -1 for never, which no `> 60` ever sees, and no rule " +
        'of DashFlow uses the age at all. A topic known to be empty is not reported.',
    ),
  },
  KafkaPartitionStaleCritical: {
    tier: 'page',
    severity: 'critical',
    family: 'stream',
    expr: (form) => stuck(form, minutes(5)),
    forMs: minutes(1),
    summary: 'Partition {{ $labels.partition }} is stuck on {{ $labels.instance }}.',
    means: '{{ $value }} records wait in it, and none was handled for more than the limit.',
    steps: stuckSteps,
    panel: 'lagOffsetAge',
    origin: changed(
      "DashFlow's age counts from the last record and pages on an idle topic with lag 0; a " +
        'partition that never delivered has no age there and is invisible. Here records must wait.',
    ),
  },
  KafkaPartitionStale: {
    tier: 'ticket',
    severity: 'high',
    family: 'stream',
    expr: (form) => `(${stuck(form, minutes(2))}) ${unlessFiring('KafkaPartitionStaleCritical')}`,
    forMs: minutes(2),
    summary: 'Partition {{ $labels.partition }} makes no progress on {{ $labels.instance }}.',
    means: '{{ $value }} records wait in it, and none was handled for more than the limit.',
    steps: stuckSteps,
    panel: 'lagOffsetAge',
    origin: changed('As `KafkaPartitionStaleCritical`, and quiet while that one fires.'),
  },
  StreamSilent: {
    tier: 'ticket',
    severity: 'warning',
    family: 'kafka',
    expr: (form) => `${at(lastRecordAge)} > ${form.age(minutes(1))}`,
    forMs: minutes(5),
    summary: 'The relay {{ $labels.instance }} receives no records.',
    means:
      'The last record came {{ $value | humanizeDuration }} ago. Where the lag is 0, producers ' +
      'are silent, and the relay is well.',
    steps: [
      'See the lag: above 0, or absent, it is the relay or Kafka, and other alerts say which.',
      'Lag 0: ask whether producers should be sending.',
      'A topic that is idle by design: silence this alert for it.',
    ],
    panel: 'lastRecordAge',
    origin: ours(
      'DashFlow exports the age, and no rule uses it. A ticket, not a page: an idle ' +
        'topic is no fault of the relay.',
    ),
  },
  RebalancesOften: {
    tier: 'ticket',
    severity: 'warning',
    family: 'kafka',
    expr: (form) => `${increase(rebalances, form.window(minutes(10)))} > ${rebalancesMax}`,
    forMs: 0,
    summary: 'The consumer group of {{ $labels.instance }} does not settle.',
    means: '{{ $value | humanize }} assignments within the window; reading stops at each.',
    steps: [
      'Look which members come and go: `kafka-consumer-groups --describe --members`.',
      'Two relays in one group share the partitions, and clients of each see only half.',
      'A relay that is too slow for `KAFKA_SESSION_TIMEOUT_MS` is thrown out again and again.',
    ],
    panel: 'rebalances',
    origin: ours('DashFlow exports nothing about its group.'),
  },
  TopicReplaced: {
    tier: 'ticket',
    severity: 'high',
    family: 'topic',
    expr: (form) => `${increase(logRegressions, form.window(minutes(5)))} > 0`,
    forMs: 0,
    summary: 'The topic of {{ $labels.instance }} was truncated or recreated.',
    means:
      'Offsets have become smaller. The replay buffer was given up, and cursors of clients are ' +
      'refused: they start again.',
    steps: [
      'Find out who deleted or truncated the topic, and whether that was meant.',
      'Nothing to do at the relay: it reads the new log from its start.',
    ],
    panel: 'logRegressions',
    origin: ours("DashFlow's relay does not notice it."),
  },
  OffsetCommitsFail: {
    tier: 'ticket',
    severity: 'high',
    family: 'kafka',
    expr: (form) => `${increase(commitFailures, form.window(minutes(10)))} >= ${commitFailuresMax}`,
    forMs: 0,
    summary: 'The relay {{ $labels.instance }} cannot commit its offsets.',
    means:
      '{{ $value | humanize }} commits failed within the window. Delivery goes on, but after a ' +
      'restart the records since the last good commit are read again.',
    steps: [
      'See its log for the reason: an ACL of the group, or a coordinator that is not available.',
      'See `KafkaInfraErrors*`: without a connection nothing is committed either.',
    ],
    panel: 'commits',
    origin: ours('DashFlow commits in the background and exports no failures.'),
  },
} as const satisfies RuleGroup

/** A deployment of one relay makes two or three. */
const rebalancesMax = 5
/** Each commit covers the ones before it, so that one failure costs nothing. */
const commitFailuresMax = 3
