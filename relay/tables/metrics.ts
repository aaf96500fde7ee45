/**
 * Every metric of the relay, once. The typed handles of relay/metrics, METRICS.md and the scrape
 * itself are derived from this table. The names are DashFlow's, except where `isOurs`.
 *
 * A row's key is the name that the code uses; `name` is the contract. A label either has a closed
 * set of values, all present from the start as 0, or is a partition number, whose series appear
 * and disappear with the partition.
 */
import type { ErrorType } from '../../proto/codec.ts'
import { type CloseReason, closeRows } from './close-codes.ts'
import {
  byPartition as partition,
  counter,
  gauge,
  histogram,
  type MetricRow,
  none,
  ours,
} from './metric-row.ts'
import { memoryMetricRows } from './memory-metrics.ts'
import { replayMetricRows } from './replay-metrics.ts'
import { sequenceMetricRows } from './sequence-metrics.ts'
import { stageMetricRows } from './stage-metrics.ts'
import { sendFailures, sendPaths } from './send-paths.ts'

const severity = ['info', 'warning', 'critical'] as const
const closeReasons = Object.keys(closeRows) as readonly CloseReason[]
/** Why a record does not decode. */
const decodeErrorTypes = [
  'payload_too_large',
  'buffer_underflow',
  'schema_version_mismatch',
  'invalid_protobuf',
  'unknown_decode_error',
] as const satisfies readonly ErrorType[]

/** Input from Kafka: what was read, and with which outcome. */
const intake = {
  kafkaMessages: counter(
    'websocket_kafka_messages_total',
    { status: ['success', 'error', 'old_data_error'] },
    'Records by outcome of decoding; a record without a value has no outcome.',
  ),
  kafkaPayloadMissing: counter(
    'websocket_kafka_payload_missing_total',
    none,
    'Records without a value.',
  ),
  decodeErrors: counter(
    'websocket_decode_errors_total',
    { error_type: decodeErrorTypes },
    'New records that did not decode, by reason.',
  ),
  unreadableBatches: counter(
    'relay_unreadable_batches_total',
    { reason: ['too_large', 'corrupt', 'unknown_codec'] },
    'Batches that could not be unpacked or read; each counts as one malformed record.',
    ours,
  ),
  oldDataDecodeErrors: counter(
    'websocket_old_data_decode_errors_total',
    none,
    'Records from before the start that did not decode.',
  ),
  infraErrors: counter(
    'websocket_infrastructure_errors_total',
    none,
    'Errors of the consumer that are not about a record.',
  ),
  kafkaErrorsByType: counter(
    'websocket_kafka_errors_by_type_total',
    {
      error_type: [
        'dns_failure',
        'connection_timeout',
        'broker_down',
        'tls_failure',
        'auth_failure',
        'decode_error',
        'unknown',
      ],
    },
    'Errors of the consumer that are not about a record, by type.',
  ),
  lastRecordAge: gauge(
    'websocket_last_kafka_message_age_seconds',
    none,
    'Seconds since the last record; -1 means never.',
  ),
  lastRecordTimestamp: gauge(
    'websocket_last_kafka_message_timestamp_seconds',
    none,
    'Unix time of the last record; absent until there was one.',
    ours,
  ),
  lastInfraErrorAge: gauge(
    'websocket_last_infrastructure_error_age_seconds',
    none,
    'Seconds since the last consumer error; -1 means never.',
  ),
  lastInfraErrorTimestamp: gauge(
    'websocket_last_infrastructure_error_timestamp_seconds',
    none,
    'Unix time of the last consumer error; absent until there was one.',
    ours,
  ),
  e2eLatency: histogram(
    'websocket_e2e_latency_ms',
    { stage: ['producer_to_consumer'] },
    [100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000],
    "Milliseconds from the producer's timestamp to the relay; negative ones are clock skew.",
  ),
  e2eLatencyFine: histogram(
    'relay_e2e_latency_seconds',
    none,
    [
      0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.25,
      0.5, 1, 2.5, 5, 10, 30, 60,
    ],
    "Seconds from the producer's timestamp to the relay, from 1 ms on, of every record that has " +
      'a timestamp and no clock skew. `_sum` is exact to the microsecond, and `_sum` / `_count` ' +
      'is the mean.',
    ours,
  ),
  clockSkew: counter(
    'websocket_clock_skew_events_total',
    none,
    'Records whose timestamp is in the future.',
  ),
  multiThreadBatches: counter(
    'websocket_multi_thread_batches_total',
    none,
    'Event batches that hold more than one thread.',
  ),
  dlqSends: counter(
    'websocket_dlq_sends_total',
    { error_type: decodeErrorTypes },
    'Dead letters that Kafka acknowledged.',
  ),
  dlqSendFailures: counter(
    'websocket_dlq_send_failures_total',
    { reason: ['timeout', 'kafka_error', 'backpressure'] },
    'Dead letters that were lost.',
  ),
  dlqRetries: counter(
    'relay_dlq_retries_total',
    none,
    'Requests with dead letters that failed and are retried; only with `DLQ_MODE=fail_closed`.',
    ours,
  ),
  dlqWaiting: gauge(
    'relay_dlq_waiting',
    none,
    'Dead letters that wait for the acknowledgement of Kafka.',
    ours,
  ),
  dlqWaitingBytes: gauge('relay_dlq_waiting_bytes', none, 'Bytes of waiting dead letters.', ours),
  inflightBytes: gauge(
    'relay_inflight_bytes',
    none,
    'Fetched bytes that have not been offered to clients yet.',
    ours,
  ),
  pausedPartitions: gauge(
    'relay_paused_partitions',
    none,
    'Assigned partitions that are not being read now.',
    ours,
  ),
  assignedPartitions: gauge(
    'relay_assigned_partitions',
    none,
    'Partitions that the group assigned to this relay.',
    ours,
  ),
  rebalances: counter('relay_rebalances_total', none, 'Assignments received.', ours),
  startRetries: histogram(
    'dashstream_ws_retry_count',
    { operation: ['kafka_consumer_create', 'kafka_subscribe'] },
    [0, 1, 2, 3, 4, 5, 10, 20],
    'Failed connection attempts before the cluster first answered (`kafka_consumer_create`), and ' +
      'before the first successful group join (`kafka_subscribe`).',
  ),
  breakerStalled: gauge(
    'relay_breaker_stalled_seconds',
    none,
    'How long records have waited in Kafka unread although it answered; 0 while none do.',
    ours,
  ),
  commitFailures: counter(
    'relay_commit_failures_total',
    none,
    'Offset commits that failed; the next one covers them.',
    ours,
  ),
} as const

/** Lag: how far the relay is behind the end of the log, and whether that is known. */
const lag = {
  consumerLag: gauge(
    'websocket_kafka_consumer_lag',
    { partition },
    'Last stable offset (end of what can be read) minus the next offset; absent while unknown.',
  ),
  lagOffsetAge: gauge(
    'websocket_kafka_lag_offset_age_seconds',
    { partition },
    'Seconds since a record of the partition was handled; absent until one was.',
  ),
  catchupPhase: gauge(
    'websocket_kafka_catchup_phase',
    { partition },
    '1 until the relay reaches the log end that it found at the assignment, then 0.',
  ),
  lagPollFailures: counter(
    'websocket_kafka_lag_poll_failures_total',
    none,
    'Partitions for which a poll of the lag monitor got no answer.',
  ),
  lagPollDuration: histogram(
    'websocket_kafka_lag_poll_duration_seconds',
    { status: ['success', 'error'] },
    [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    'Duration of a poll of the lag monitor.',
  ),
  lagLastSuccessTimestamp: gauge(
    'websocket_kafka_lag_last_success_timestamp_seconds',
    none,
    'Unix time of the last poll that was answered in full; absent until there was one.',
    ours,
  ),
  lagClamps: counter(
    'relay_lag_clamps_total',
    none,
    'Samples whose position was beyond the log end, and that report 0 instead of less.',
    ours,
  ),
  logRegressions: counter(
    'relay_log_regressions_total',
    none,
    'Times that the topic was found truncated or recreated, by its offsets or its id.',
    ours,
  ),
} as const

/** Clients: how many are connected, what they missed, and why they were closed. */
const clients = {
  connectedClients: gauge(
    'websocket_connected_clients',
    none,
    'Connected clients; /health reads the same source.',
  ),
  uptime: gauge('websocket_uptime_seconds', none, 'Whole seconds since the start.'),
  dropped: counter(
    'websocket_dropped_messages_total',
    { reason: ['lagged_receiver'] },
    'Records that clients missed because they fell behind the ring, summed over clients.',
  ),
  clientLagEvents: counter(
    'websocket_client_lag_events_total',
    { severity },
    'Times that a client fell behind the ring.',
  ),
  clientLagMessages: counter(
    'websocket_client_lag_messages_total',
    { severity },
    'Records that clients missed because they fell behind the ring.',
  ),
  slowDisconnects: counter(
    'websocket_slow_client_disconnects_total',
    none,
    'Clients closed because they missed too many records within the window.',
  ),
  sendFailed: counter(
    'websocket_send_failed_total',
    none,
    'Clients closed because a write failed.',
  ),
  sendTimeout: counter(
    'websocket_send_timeout_total',
    none,
    'Clients closed because a write exceeded its deadline.',
  ),
  wsSendFailures: counter(
    'websocket_ws_send_failures_total',
    { reason: sendFailures, path: sendPaths },
    'Clients closed because of a write, by reason and kind of write.',
    ours,
  ),
  controlOversized: counter(
    'websocket_control_oversized_total',
    none,
    'Control frames above the size limit; their senders were closed.',
  ),
  controlParseFailures: counter(
    'websocket_control_parse_failures_total',
    none,
    'Control frames that were not a JSON object.',
  ),
  rejectedConnections: counter(
    'websocket_rejected_connections_total',
    none,
    'Connections refused by the limit per address.',
  ),
  refusedConnections: counter(
    'relay_refused_connections_total',
    { reason: ['address', 'total', 'origin', 'token', 'stopping', 'pending', 'host', 'guesses'] },
    'Connections refused, by reason: `address` is the limit per address, `total` that of all ' +
      'addresses; `pending` were evicted (oldest first) because too many handshakes were in ' +
      'progress; `guesses` came after too many wrong tokens.',
    ours,
  ),
  refusedHttpRequests: counter(
    'relay_refused_http_requests_total',
    { reason: ['host', 'origin', 'token', 'guesses', 'rate'] },
    'HTTP requests that were refused, by reason.',
    ours,
  ),
  tlsNotAfter: gauge(
    'relay_tls_not_after_timestamp_seconds',
    none,
    'Unix time at which the certificate of the listener expires; absent without TLS.',
    ours,
  ),
  requestsRefused: counter(
    'relay_requests_refused_total',
    { reason: ['resume_rate', 'replay_busy', 'reset_rate', 'reset_forbidden'] },
    'Resumes and resets that were refused because of a limit.',
    ours,
  ),
  clientsThrottled: counter(
    'relay_clients_throttled_total',
    none,
    'Times that the relay paused reading from a client because it sent too much.',
    ours,
  ),
  replaysUnderWay: gauge('relay_replays_under_way', none, 'Replays in progress now.', ours),
  clientQueueBytes: gauge(
    'relay_client_queue_bytes',
    none,
    'Bytes of answers that wait for clients.',
    ours,
  ),
  cursorResets: counter(
    'relay_cursor_resets_total',
    { outcome: ['cleared', 'not_cleared'] },
    'Resets of the replay buffer that clients requested, by outcome.',
    ours,
  ),
  clientSentBytes: counter(
    'relay_client_sent_bytes_total',
    none,
    'Bytes handed to the sockets of clients, handshakes and frame headers included.',
    ours,
  ),
  clientsOpened: counter('relay_clients_opened_total', none, 'Clients accepted.', ours),
  clientsClosed: counter(
    'relay_clients_closed_total',
    { reason: closeReasons },
    'Clients that were closed or left, by reason.',
    ours,
  ),
  ringBytes: gauge('relay_ring_bytes', none, 'Bytes that the shared ring holds.', ours),
  ringRecords: gauge('relay_ring_records', none, 'Records that the shared ring holds.', ours),
  ringPinnedBytes: gauge(
    'relay_ring_pinned_bytes',
    none,
    'Bytes that have left the ring and are still held by a socket.',
    ours,
  ),
  clientHeldBytes: gauge(
    'relay_client_held_bytes',
    none,
    'Bytes that all clients hold: their queues and their writes in progress.',
    ours,
  ),
} as const

/** The rows by subject, as METRICS.md shows them. */
export const metricGroups = {
  intake: { ...intake, ...sequenceMetricRows },
  lag,
  clients,
  memory: memoryMetricRows,
  replay: replayMetricRows,
  stages: stageMetricRows,
} as const

export const metricRows = {
  ...intake,
  ...sequenceMetricRows,
  ...lag,
  ...clients,
  ...memoryMetricRows,
  ...replayMetricRows,
  ...stageMetricRows,
} as const satisfies Record<string, MetricRow>

export type MetricKey = keyof typeof metricRows
