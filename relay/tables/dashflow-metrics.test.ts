/**
 * Every metric that DashFlow's relay exports, held against our table: name, type, labels, values
 * and buckets. What differs on purpose is listed with its reason, and nothing else may.
 */
import { expect, test } from 'vitest'
import { byPartition, type MetricRow } from './metric-row.ts'
import { metricRows } from './metrics.ts'

type Labels = Readonly<Record<string, readonly string[]>>
interface Theirs {
  readonly kind: MetricRow['kind']
  readonly labels: Labels
  readonly buckets?: readonly number[]
}
const counter = (labels: Labels = {}): Theirs => ({ kind: 'counter', labels })
const gauge = (labels: Labels = {}): Theirs => ({ kind: 'gauge', labels })
const histogram = (labels: Labels, buckets: readonly number[]): Theirs => ({
  kind: 'histogram',
  labels,
  buckets,
})
const partition = [byPartition]
const mode = ['partition', 'thread']
const severity = ['info', 'warning', 'critical']
const decodeErrors = [
  'payload_too_large',
  'buffer_underflow',
  'schema_version_mismatch',
  'invalid_protobuf',
  'unknown_decode_error',
]
const sizes = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 5_000, 10_000]

const dashflow: Readonly<Record<string, Theirs>> = {
  websocket_kafka_messages_total: counter({ status: ['success', 'error', 'old_data_error'] }),
  websocket_connected_clients: gauge(),
  websocket_dropped_messages_total: counter({ reason: ['lagged_receiver'] }),
  websocket_uptime_seconds: gauge(),
  websocket_last_kafka_message_age_seconds: gauge(),
  websocket_last_infrastructure_error_age_seconds: gauge(),
  websocket_infrastructure_errors_total: counter(),
  websocket_old_data_decode_errors_total: counter(),
  replay_buffer_memory_hits_total: counter(),
  replay_buffer_redis_hits_total: counter(),
  replay_buffer_redis_misses_total: counter(),
  replay_buffer_redis_write_dropped_total: counter(),
  replay_buffer_redis_write_failures_total: counter(),
  websocket_send_failed_total: counter(),
  websocket_send_timeout_total: counter(),
  websocket_decode_errors_total: counter({ error_type: decodeErrors }),
  websocket_client_lag_events_total: counter({ severity }),
  websocket_client_lag_messages_total: counter({ severity }),
  websocket_slow_client_disconnects_total: counter(),
  websocket_control_oversized_total: counter(),
  websocket_control_parse_failures_total: counter(),
  websocket_kafka_errors_by_type_total: counter({
    error_type: ['dns_failure', 'connection_timeout', 'broker_down', 'decode_error', 'unknown'],
  }),
  websocket_kafka_payload_missing_total: counter(),
  websocket_e2e_latency_ms: histogram(
    { stage: ['producer_to_consumer'] },
    [100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000],
  ),
  websocket_clock_skew_events_total: counter(),
  dashstream_sequence_gaps_total: counter(),
  dashstream_sequence_duplicates_total: counter(),
  dashstream_sequence_reorders_total: counter(),
  dashstream_sequence_gap_size: histogram({}, sizes),
  websocket_dlq_sends_total: counter({ error_type: [...decodeErrors, 'init'] }),
  websocket_dlq_send_failures_total: counter({
    reason: ['timeout', 'kafka_error', 'backpressure', 'init'],
  }),
  dashstream_ws_retry_count: histogram(
    { operation: ['kafka_consumer_create', 'kafka_subscribe', 'dlq_producer_create'] },
    [0, 1, 2, 3, 4, 5, 10, 20],
  ),
  dashstream_websocket_redis_errors_total: counter(),
  dashstream_websocket_redis_latency_ms: histogram(
    { operation: ['read', 'write'] },
    [1, 5, 10, 25, 50, 100, 250, 500, 1_000],
  ),
  websocket_kafka_consumer_lag: gauge({ partition }),
  websocket_kafka_lag_poll_failures_total: counter(),
  websocket_kafka_lag_poll_duration_seconds: histogram(
    { status: ['success', 'error'] },
    [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  ),
  websocket_kafka_lag_offset_age_seconds: gauge({ partition }),
  websocket_kafka_catchup_phase: gauge({ partition }),
  websocket_rejected_connections_total: counter(),
  websocket_resume_requests_total: counter({ mode }),
  websocket_replay_messages_total: counter({ mode }),
  websocket_replay_gaps_total: counter({ mode }),
  websocket_replay_gap_messages_total: counter({ mode }),
  websocket_replay_latency_ms: histogram(
    { mode },
    [10, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000],
  ),
  websocket_multi_thread_batches_total: counter(),
}

/** What differs on purpose: a metric, or one value of one of its labels. */
const exceptions: Readonly<Record<string, string>> = {
  '-websocket_dlq_sends_total init': 'All series exist from the start without it.',
  '-websocket_dlq_send_failures_total init': 'All series exist from the start without it.',
  '+websocket_kafka_errors_by_type_total tls_failure': 'It was unknown; advice depends on it.',
  '+websocket_kafka_errors_by_type_total auth_failure': 'It was unknown; advice depends on it.',
  '-dashstream_ws_retry_count dlq_producer_create': 'It connects with the first dead letter.',
}

const ourRows = Object.values(metricRows) as readonly MetricRow[]
const rowOf = (name: string) => ourRows.find((row) => row.name === name)
const valuesOf = (labels: MetricRow['labels']) =>
  Object.entries(labels).flatMap(([label, values]) =>
    [values].flat().map((value) => [label, value] as const),
  )

/** What of a metric is there (`+`) or missing (`-`) in our table only. */
function differencesOf(name: string, theirs: Theirs): string[] {
  const row = rowOf(name)
  if (row === undefined) return [name]
  const own = valuesOf(row.labels).map(([, value]) => value)
  const wanted = valuesOf(theirs.labels).map(([, value]) => value)
  return [
    ...wanted.filter((value) => !own.includes(value)).map((value) => `-${name} ${value}`),
    ...own.filter((value) => !wanted.includes(value)).map((value) => `+${name} ${value}`),
  ]
}

test('every metric is there with its values, but for what is listed', () => {
  const found = Object.entries(dashflow).flatMap(([name, row]) => differencesOf(name, row))
  expect(found.toSorted()).toEqual(Object.keys(exceptions).toSorted())
})

test.each(Object.entries(dashflow).filter(([name]) => rowOf(name) !== undefined))(
  '%s has the same type, labels and buckets',
  (name, theirs) => {
    const row = rowOf(name)!
    expect(row.isOurs).toBeUndefined()
    expect(row.kind).toBe(theirs.kind)
    expect(Object.keys(row.labels)).toEqual(Object.keys(theirs.labels))
    expect('buckets' in row ? row.buckets : undefined).toEqual(theirs.buckets)
  },
)

test('whatever is not marked as ours has a name of theirs', () => {
  const unmarked = ourRows.filter(({ isOurs }) => isOurs === undefined).map(({ name }) => name)
  expect(unmarked.filter((name) => !(name in dashflow))).toEqual([])
})
