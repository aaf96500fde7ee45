/**
 * DashFlow's alert rules about the relay, held against our table: every metric, label and value
 * that a rule asks for exists. Its other rules ask for metrics of other processes.
 */
import { expect, test } from 'vitest'
import { byPartition, type MetricRow } from './metric-row.ts'
import { metricRows } from './metrics.ts'

const rules: Readonly<Record<string, string>> = {
  HighMessageProcessingErrorRate:
    'sum(rate(websocket_kafka_messages_total{status="error"}[5m])) / ' +
    'clamp_min(sum(rate(websocket_kafka_messages_total[5m])), 1e-9) > 0.01',
  KafkaInfraErrorsDetected: 'sum(increase(websocket_infrastructure_errors_total[5m])) > 0',
  KafkaInfraErrorsHigh: 'sum(increase(websocket_infrastructure_errors_total[5m])) >= 5',
  KafkaInfraErrorsCritical: 'sum(increase(websocket_infrastructure_errors_total[5m])) >= 10',
  HighDecodeErrorRate:
    'sum(rate(websocket_decode_errors_total[5m])) / ' +
    'clamp_min(sum(rate(websocket_kafka_messages_total[5m])), 1e-9) > 0.05',
  E2ELatencyHigh: 'histogram_quantile(0.99, rate(websocket_e2e_latency_ms_bucket[5m])) > 500',
  HighDroppedMessageRate: 'rate(websocket_dropped_messages_total[5m]) > 0',
  SequenceGapsDetected: 'sum(rate(dashstream_sequence_gaps_total[5m])) > 0',
  HighDuplicateRate: 'sum(rate(dashstream_sequence_duplicates_total[5m])) > 0.1',
  HighReorderRate: 'sum(rate(dashstream_sequence_reorders_total[5m])) > 0.1',
  WebSocketDlqHighRate: 'sum(rate(websocket_dlq_sends_total[5m])) > 0.1',
  WebSocketDlqBroken: 'sum(rate(websocket_dlq_send_failures_total[5m])) > 0',
  KafkaConsumerLagHigh: 'max(websocket_kafka_consumer_lag) > 10000',
  KafkaConsumerLagCritical: 'max(websocket_kafka_consumer_lag) > 100000',
  KafkaPartitionStale: 'max(websocket_kafka_lag_offset_age_seconds) > 120',
  KafkaPartitionStaleCritical: 'max(websocket_kafka_lag_offset_age_seconds) > 300',
  WebSocketRedisErrors: 'rate(dashstream_websocket_redis_errors_total[5m]) > 0',
  WebSocketRedisHighLatency:
    'histogram_quantile(0.95, rate(dashstream_websocket_redis_latency_ms_bucket[5m])) > 100',
  ReplayBufferRedisWritesDropped: 'rate(replay_buffer_redis_write_dropped_total[5m]) > 0',
  ReplayBufferRedisWriteFailures: 'rate(replay_buffer_redis_write_failures_total[5m]) > 0',
}

const selector = /\b(?<name>(?:websocket|dashstream|replay_buffer)_\w+)(?:\{(?<labels>[^}]*)\})?/g
const matcher = /(?<label>\w+)="(?<value>[^"]*)"/g
/** What a rule does to a series says of what kind it must be. */
const kindOf = (expression: string, name: string): MetricRow['kind'] => {
  if (name.endsWith('_bucket')) return 'histogram'
  return /(?:rate|increase)\($/.test(expression.split(name)[0]!) ? 'counter' : 'gauge'
}

/** What an expression asks for and does not find. */
function missingOf(expression: string): string[] {
  const rows = Object.values(metricRows) as readonly MetricRow[]
  return Array.from(expression.matchAll(selector)).flatMap(({ groups }) => {
    const { name = '', labels = '' } = groups ?? {}
    const kind = kindOf(expression, name)
    const plain = name.replace(/_bucket$/, '')
    const row = rows.find((one) => one.name === plain && one.kind === kind)
    if (row === undefined) return [`${kind} ${plain}`]
    return Array.from(labels.matchAll(matcher)).flatMap((found) => {
      const { label = '', value = '' } = found.groups ?? {}
      const values = row.labels[label] ?? []
      return values === byPartition || values.includes(value) ? [] : [`${plain}{${label}=${value}}`]
    })
  })
}

test.each(Object.entries(rules))('%s finds what it asks for', (_, expression) => {
  expect(expression.match(selector)).not.toBeNull()
  expect(missingOf(expression)).toEqual([])
})

test('a missing alert is reported', () => {
  expect(missingOf('rate(websocket_dlq_sends_totals[5m])')).toEqual([
    'counter websocket_dlq_sends_totals',
  ])
  expect(missingOf('rate(websocket_kafka_messages_total{status="bad"}[5m])')).toEqual([
    'websocket_kafka_messages_total{status=bad}',
  ])
  expect(missingOf('max(websocket_dlq_sends_total)')).toEqual(['gauge websocket_dlq_sends_total'])
})
