/**
 * DashFlow's rules about the stream, as its file has them (monitoring/alert_rules.yml, group
 * `dashstream_critical`): what ours are compared with in ALERTS.md, and what defects put back.
 */

export interface DashflowRule {
  readonly expr: string
  readonly for: string
  readonly severity: 'critical' | 'high' | 'medium' | 'warning'
}

type Severity = DashflowRule['severity']
const rule = (severity: Severity, lasts: string, expr: string): DashflowRule => ({
  expr,
  for: lasts,
  severity,
})
const growth = (metric: string) => `sum(rate(${metric}[5m]))`
const share = (metric: string) =>
  `${growth(metric)} / clamp_min(${growth('websocket_kafka_messages_total')}, 1e-9)`
const infraErrors = 'sum(increase(websocket_infrastructure_errors_total[5m]))'
const lagAge = 'max(websocket_kafka_lag_offset_age_seconds)'
const slowest = (share95: string, metric: string) =>
  `histogram_quantile(${share95}, rate(${metric}_bucket[5m]))`

export const dashflowRules = {
  HighMessageProcessingErrorRate: rule(
    'critical',
    '5m',
    `${share('websocket_kafka_messages_total{status="error"}')} > 0.01`,
  ),
  KafkaInfraErrorsDetected: rule('warning', '2m', `${infraErrors} > 0`),
  KafkaInfraErrorsHigh: rule('high', '2m', `${infraErrors} >= 5`),
  KafkaInfraErrorsCritical: rule('critical', '2m', `${infraErrors} >= 10`),
  HighDecodeErrorRate: rule('high', '2m', `${share('websocket_decode_errors_total')} > 0.05`),
  ServiceDown: rule('critical', '1m', 'up{component=~"prometheus-exporter|websocket-server"} == 0'),
  E2ELatencyHigh: rule('medium', '5m', `${slowest('0.99', 'websocket_e2e_latency_ms')} > 500`),
  HighDroppedMessageRate: rule('high', '2m', 'rate(websocket_dropped_messages_total[5m]) > 0'),
  SequenceGapsDetected: rule('critical', '2m', `${growth('dashstream_sequence_gaps_total')} > 0`),
  HighDuplicateRate: rule(
    'medium',
    '5m',
    `${growth('dashstream_sequence_duplicates_total')} > 0.1`,
  ),
  HighReorderRate: rule('medium', '5m', `${growth('dashstream_sequence_reorders_total')} > 0.1`),
  HighDLQRate: rule('high', '2m', `${growth('dashstream_dlq_sends_total')} > 0.1`),
  DLQItselfBroken: rule('critical', '1m', `${growth('dashstream_dlq_send_failures_total')} > 0`),
  DashStreamDlqBackpressureDrops: rule('high', '5m', 'rate(dashstream_dlq_dropped_total[5m]) > 0'),
  DashStreamDlqSendFailures: rule('high', '5m', 'rate(dashstream_dlq_send_failures_total[5m]) > 0'),
  WebSocketDlqHighRate: rule('high', '2m', `${growth('websocket_dlq_sends_total')} > 0.1`),
  WebSocketDlqBroken: rule('critical', '1m', `${growth('websocket_dlq_send_failures_total')} > 0`),
  KafkaConsumerLagHigh: rule('high', '5m', 'max(websocket_kafka_consumer_lag) > 10000'),
  KafkaConsumerLagCritical: rule('critical', '2m', 'max(websocket_kafka_consumer_lag) > 100000'),
  KafkaPartitionStale: rule('high', '2m', `${lagAge} > 120`),
  KafkaPartitionStaleCritical: rule('critical', '1m', `${lagAge} > 300`),
  RateLimiterRedisErrors: rule(
    'critical',
    '2m',
    'rate(dashstream_rate_limiter_redis_errors_total[5m]) > 0',
  ),
  WebSocketRedisErrors: rule(
    'critical',
    '2m',
    'rate(dashstream_websocket_redis_errors_total[5m]) > 0',
  ),
  RateLimiterRedisHighLatency: rule(
    'warning',
    '5m',
    `${slowest('0.95', 'dashstream_rate_limiter_redis_latency_ms')} > 20`,
  ),
  WebSocketRedisHighLatency: rule(
    'warning',
    '5m',
    `${slowest('0.95', 'dashstream_websocket_redis_latency_ms')} > 100`,
  ),
  ReplayBufferRedisWritesDropped: rule(
    'high',
    '5m',
    'rate(replay_buffer_redis_write_dropped_total[5m]) > 0',
  ),
  ReplayBufferRedisWriteFailures: rule(
    'high',
    '5m',
    'rate(replay_buffer_redis_write_failures_total[5m]) > 0',
  ),
  TenantRateLimitExceeded: rule(
    'warning',
    '5m',
    'rate(dashstream_rate_limit_exceeded_total[5m]) > 10',
  ),
} as const satisfies Readonly<Record<string, DashflowRule>>
