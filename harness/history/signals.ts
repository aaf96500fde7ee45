/**
 * Signals: the quantities a target exposes, named once and independently of the target, so that a
 * checker never knows a metric's name. A row says how a signal is read from a scrape of /metrics
 * and from /health; DashFlow's names are the default, other relays add alternatives.
 */

/** A series of a scrape: a metric name and the labels that a series must carry. */
export interface MetricSource {
  readonly metric: string
  readonly labels?: Readonly<Record<string, string>>
}

/** One signal. The first source that a scrape holds is read; further ones are alternatives. */
export interface SignalRow {
  readonly says: string
  /** `counter` falls only at a restart; `gauge` may fall; `text` is in /health only. */
  readonly kind: 'counter' | 'gauge' | 'text'
  readonly unit: 'count' | 'records' | 's' | 'text'
  readonly metrics: readonly MetricSource[]
  /** Where /health reports it: keys from the root. */
  readonly health?: readonly string[]
  /** Labels that make several series of one signal; without them matching series are added up. */
  readonly by?: readonly string[]
}

const from = (metric: string, labels?: Record<string, string>): MetricSource =>
  labels === undefined ? { metric } : { metric, labels }

const counter = (
  says: string,
  metrics: readonly MetricSource[],
  health?: string,
  by?: readonly string[],
): SignalRow => ({
  says,
  kind: 'counter',
  unit: 'count',
  metrics,
  ...(health !== undefined && { health: ['metrics', health] }),
  ...(by !== undefined && { by }),
})

const gauge = (
  says: string,
  unit: 'count' | 'records' | 's',
  metrics: readonly MetricSource[],
  health?: string,
  by?: readonly string[],
): SignalRow => ({ ...counter(says, metrics, health, by), kind: 'gauge', unit })

/** A counter that /health reports among those of the replay buffer. */
const inReplayBuffer = (says: string, metric: string, health: string): SignalRow => ({
  ...counter(says, [from(metric)]),
  health: ['replay_buffer', health],
})

const text = (says: string, key: string): SignalRow => ({
  says,
  kind: 'text',
  unit: 'text',
  metrics: [],
  health: [key],
})

export const signals = {
  connectedClients: gauge(
    'WebSocket clients that hold a slot now.',
    'count',
    [from('websocket_connected_clients')],
    'connected_clients',
  ),
  received: counter(
    'Kafka records taken, decodable or not.',
    [from('websocket_kafka_messages_total')],
    'kafka_messages_received',
  ),
  decoded: counter('Kafka records decoded.', [
    from('websocket_kafka_messages_total', { status: 'success' }),
  ]),
  decodeFailed: counter('New Kafka records that did not decode.', [
    from('websocket_kafka_messages_total', { status: 'error' }),
  ]),
  oldDecodeFailed: counter('Kafka records from before the start that did not decode.', [
    from('websocket_kafka_messages_total', { status: 'old_data_error' }),
  ]),
  oldDecodeErrors: counter('The same, counted by itself.', [
    from('websocket_old_data_decode_errors_total'),
  ]),
  clientLag: counter('Records that clients were behind when they missed some, of any severity.', [
    from('websocket_client_lag_messages_total'),
  ]),
  droppedTotal: counter(
    'Records that clients missed because they read too slowly.',
    [from('websocket_dropped_messages_total')],
    'dropped_messages',
  ),
  droppedRecent: gauge(
    'The same within the health window.',
    'count',
    [],
    'dropped_messages_last_120s',
  ),
  sendTimeoutTotal: counter(
    'Clients closed because a write exceeded its deadline.',
    [from('websocket_send_timeout_total')],
    'send_timeout',
  ),
  sendFailedTotal: counter(
    'Clients closed because a write failed.',
    [from('websocket_send_failed_total')],
    'send_failed',
  ),
  sendFailuresByPath: counter(
    'Clients closed because of a write, by reason and kind of write.',
    [from('websocket_ws_send_failures_total')],
    undefined,
    ['reason', 'path'],
  ),
  slowDisconnectsTotal: counter('Clients closed because they missed too many records.', [
    from('websocket_slow_client_disconnects_total'),
  ]),
  clientsClosed: counter(
    'Clients that were closed or left, by reason.',
    [from('relay_clients_closed_total')],
    undefined,
    ['reason'],
  ),
  rejectedTotal: counter('Connections refused by the limit per address.', [
    from('websocket_rejected_connections_total'),
  ]),
  lastRecordAge: gauge(
    'Seconds since the last Kafka record; -1, NaN or null for never.',
    's',
    [from('websocket_last_kafka_message_age_seconds')],
    'last_kafka_message_ago_seconds',
  ),
  lastInfraErrorAge: gauge(
    'Seconds since the last infrastructure error; -1, NaN or null for never.',
    's',
    [from('websocket_last_infrastructure_error_age_seconds')],
    'last_infrastructure_error_ago_seconds',
  ),
  infraErrors: counter(
    'Errors of the Kafka consumer.',
    [from('websocket_infrastructure_errors_total')],
    'infrastructure_errors',
  ),
  consumerLag: gauge(
    'Records of a partition that the relay has still to take.',
    'records',
    [from('websocket_kafka_consumer_lag')],
    undefined,
    ['partition'],
  ),
  lagOffsetAge: gauge(
    'Seconds since a record of the partition was handled.',
    's',
    [from('websocket_kafka_lag_offset_age_seconds')],
    undefined,
    ['partition'],
  ),
  lagPollFailures: counter('Polls of the lag monitor that failed.', [
    from('websocket_kafka_lag_poll_failures_total'),
  ]),
  decodeErrors: counter(
    'Records that did not decode, by reason.',
    [from('websocket_decode_errors_total')],
    'decode_errors',
    ['error_type'],
  ),
  dlqSends: counter(
    'Dead-letter records that Kafka took, by reason.',
    [from('websocket_dlq_sends_total')],
    undefined,
    ['error_type'],
  ),
  dlqFailures: counter(
    'Dead-letter records that were lost, by cause.',
    [from('websocket_dlq_send_failures_total')],
    undefined,
    ['reason'],
  ),
  redisWriteDropped: inReplayBuffer(
    'Records that were never sent to Redis.',
    'replay_buffer_redis_write_dropped_total',
    'redis_write_dropped',
  ),
  redisWriteFailures: inReplayBuffer(
    'Writes to Redis that failed or were not answered in time.',
    'replay_buffer_redis_write_failures_total',
    'redis_write_failures',
  ),
  payloadMissing: counter(
    'Kafka records without a value.',
    [from('websocket_kafka_payload_missing_total')],
    'payload_missing',
  ),
  healthStatus: text('The status word of /health.', 'status'),
  healthAlert: text('The warning of /health; absent when there is none.', 'alert'),
} as const satisfies Record<string, SignalRow>

export type SignalName = keyof typeof signals
export const signalNames = Object.keys(signals) as readonly SignalName[]

/** The name that a reader of the target's own pages knows a signal by. */
export function metricOf(name: SignalName): string {
  const { metrics, health = [] }: SignalRow = signals[name]
  return metrics[0]?.metric ?? `/health ${health.join('.')}`
}
