/** How far behind is the relay, and is that known? */
import { metricRows } from '../../../relay/tables/metrics.ts'
import type { Form } from '../form.ts'
import { at, increase, quantile, rate, total, unlessFiring } from '../promql.ts'
import { changed, minutes, ours, type RuleGroup } from '../rule.ts'

const { consumerLag, kafkaMessages, lagLastSuccessTimestamp, lagPollFailures } = metricRows
const { e2eLatencyFine, clockSkew, uptime } = metricRows

/** Fewer are a moment's work, whatever the rate was before. */
const lagRecordsMin = 1_000
/** Records that wait, in seconds at the rate of handling; without any rate it is endless. */
const secondsBehind = (form: Form, ms: number) =>
  `${total(consumerLag)} / ${rate(kafkaMessages, form.window(minutes(2)))} > ${form.age(ms)} ` +
  `and ${total(consumerLag)} > ${lagRecordsMin}`

/** Below this a quantile of 99 % is a single record. */
const samplesMin = 100
const latencyHighSeconds = 0.5
const latencyCriticalSeconds = 5
/** Over a short window, which must stay bad as long as the rule waits. */
const slow = (form: Form, limit: number) =>
  `${quantile(0.99, e2eLatencyFine, form.window(minutes(2)))} > ${limit} ` +
  `and ${increase(e2eLatencyFine, form.window(minutes(2)))} > ${samplesMin}`

/** Share of records from the future above which the latency cannot be believed. */
const skewShareMax = 0.01

const lagSteps = [
  'One partition or all? One: its key is hot, or it is stuck. All: the relay or the network.',
  'CPU of the relay near one core: more load than it can take; see the capacity dashboard.',
  'Bytes from Kafka near the limit of the link: the network.',
  'Just started: it reads what it missed; see `websocket_kafka_catchup_phase`.',
] as const
const latencySteps = [
  'See the lag first: a relay that is behind delivers old records.',
  'Lag 0: the producers send late, or their clocks are wrong (`ProducerClockSkew`).',
  'See the event loop and the CPU of the relay.',
] as const

export const lag = {
  KafkaConsumerLagCritical: {
    tier: 'page',
    severity: 'critical',
    family: 'lag',
    expr: (form) => secondsBehind(form, minutes(10)),
    forMs: minutes(2),
    summary: 'The relay {{ $labels.instance }} is far behind Kafka.',
    means: 'It is {{ $value | humanizeDuration }} behind at its present rate.',
    steps: lagSteps,
    panel: 'lag',
    origin: changed(
      "DashFlow's 100,000 records are a second of a busy topic and a day of a quiet one; here it " +
        'is time, with a floor.',
    ),
  },
  KafkaConsumerLagHigh: {
    tier: 'ticket',
    severity: 'high',
    family: 'lag',
    expr: (form) =>
      `(${secondsBehind(form, minutes(1))}) ${unlessFiring('KafkaConsumerLagCritical')}`,
    forMs: minutes(5),
    summary: 'The relay {{ $labels.instance }} is behind Kafka.',
    means: 'It is {{ $value | humanizeDuration }} behind at its present rate.',
    steps: lagSteps,
    panel: 'lag',
    origin: changed('Time instead of 10,000 records, and quiet while the critical one fires.'),
  },
  LagUnknown: {
    tier: 'ticket',
    severity: 'high',
    family: 'kafka',
    expr: (form) =>
      `time() - ${at(lagLastSuccessTimestamp)} > ${form.age(minutes(1))} or ` +
      `${at(uptime)} > ${form.age(minutes(2))} unless ${at(lagLastSuccessTimestamp)}`,
    forMs: minutes(1),
    summary: 'The lag of {{ $labels.instance }} is not known.',
    means:
      'No poll was answered in full for {{ $value | humanizeDuration }}: the lag alerts are blind.',
    steps: [
      'See `KafkaInfraErrors*`: most often the relay cannot reach Kafka at all.',
      'One partition without a leader is enough: look for offline partitions.',
    ],
    panel: 'lagAge',
    origin: ours(
      'An absent lag fires no rule of DashFlow. A relay that was never answered is reported too.',
    ),
  },
  KafkaLagPollFailures: {
    tier: 'ticket',
    severity: 'warning',
    family: 'kafka',
    expr: (form) => `${increase(lagPollFailures, form.window(minutes(1)))} > 0`,
    forMs: minutes(5),
    summary: 'Polls of the lag fail on {{ $labels.instance }}.',
    means:
      '{{ $value | humanize }} answers per window are missing: the lag of some partitions is old.',
    steps: [
      'See the duration of the polls: near the deadline, a broker is slow.',
      'Look for partitions without a leader.',
    ],
    panel: 'lagPolls',
    origin: ours('DashFlow counts the failures, and no rule reads them.'),
  },
  E2ELatencyCritical: {
    tier: 'page',
    severity: 'critical',
    family: 'latency',
    expr: (form) => slow(form, latencyCriticalSeconds),
    forMs: minutes(5),
    summary: 'Records reach {{ $labels.instance }} seconds late.',
    means: 'One of a hundred takes {{ $value | humanizeDuration }} or more from the producer.',
    steps: latencySteps,
    panel: 'latency',
    origin: ours('DashFlow has one limit, whose severity is medium; what users notice must page.'),
  },
  E2ELatencyHigh: {
    tier: 'ticket',
    severity: 'medium',
    family: 'latency',
    expr: (form) => `(${slow(form, latencyHighSeconds)}) ${unlessFiring('E2ELatencyCritical')}`,
    forMs: minutes(5),
    summary: 'Records reach {{ $labels.instance }} late.',
    means: 'One of a hundred takes {{ $value | humanizeDuration }} or more from the producer.',
    steps: latencySteps,
    panel: 'latency',
    origin: changed(
      "DashFlow's histogram leaves out what is later than a minute: a relay minutes behind " +
        'shows a good latency; and one late record of three fired. Ours counts all, from a ' +
        'number of records on, and ends soon after the trouble.',
    ),
  },
  ProducerClockSkew: {
    tier: 'ticket',
    severity: 'warning',
    family: 'latency',
    expr: (form) =>
      `${rate(clockSkew, form.window(minutes(5)))} / ` +
      `${rate(kafkaMessages, form.window(minutes(5)))} > ${skewShareMax} and ` +
      `${increase(clockSkew, form.window(minutes(5)))} > ${samplesMin}`,
    forMs: minutes(5),
    summary: 'Producers of {{ $labels.instance }} have clocks that are ahead.',
    means:
      '{{ $value | humanizePercentage }} of the records come from the future: latency is wrong.',
    steps: [
      'Compare the time of the producers’ machines with a time server.',
      'Compare the time of the relay’s machine too.',
    ],
    panel: 'clockSkew',
    origin: ours('DashFlow counts the events, and no rule reads them.'),
  },
} as const satisfies RuleGroup
