/**
 * The bodies of /health, /livez and /readyz. /health keeps the shape that DashFlow's page, probes
 * and operators read: its names say 120 s whatever the window is, so `window_seconds` is added.
 */
import { type Metrics, sumOf } from '../metrics/metrics.ts'
import type { Breaker, HealthDecision, HealthFacts } from './seam.ts'

export interface HealthParts {
  readonly facts: HealthFacts
  readonly decision: HealthDecision
  readonly metrics: Metrics
  /** From the same source as the gauge. */
  readonly connectedClients: number
  /** The `replay_buffer` block, as the buffer reports it. */
  readonly replayBuffer: Readonly<Record<string, number | boolean | string | null>>
  readonly breaker: ReturnType<typeof breakerBody>
  readonly limits: { readonly windowMs: number; readonly staleMs: number }
}

/** Whole seconds; null means never. */
const seconds = (ms: number | undefined) => (ms === undefined ? null : Math.floor(ms / 1_000))

/** The JSON of /health. `alert` is absent when there is none; other optional values are null. */
export function healthBody(parts: HealthParts): Record<string, unknown> {
  const { facts, decision, connectedClients, replayBuffer } = parts
  return {
    status: decision.status,
    metrics: { ...dashflowMetrics(parts), ...ourMetrics(parts) },
    replay_buffer: replayBuffer,
    kafka_status: kafkaStatus(facts, parts.limits.staleMs),
    websocket_status:
      connectedClients === 0 ? 'no_clients' : `${connectedClients}_clients_connected`,
    ...(decision.alerts.length > 0 && { alert: decision.alerts.join(' | ') }),
    ...(parts.breaker !== undefined && { circuit_breaker: parts.breaker }),
  }
}

function dashflowMetrics({ facts, metrics, connectedClients }: HealthParts) {
  const { recent, total } = facts
  return {
    kafka_messages_received: facts.received,
    kafka_errors: total.decodeErrors,
    infrastructure_errors: metrics.infraErrors.total,
    connected_clients: connectedClients,
    uptime_seconds: seconds(facts.uptimeMs),
    last_kafka_message_ago_seconds: seconds(facts.lastRecordAgeMs),
    dropped_messages: total.dropped,
    dropped_messages_last_120s: recent.dropped,
    last_drop_ago_seconds: seconds(facts.lastDropAgeMs),
    decode_errors: total.decodeErrors,
    old_data_decode_errors: metrics.oldDataDecodeErrors.total,
    payload_missing: total.payloadMissing,
    last_infrastructure_error_ago_seconds: seconds(facts.lastInfraErrorAgeMs),
    decode_errors_last_120s: recent.decodeErrors,
    messages_last_120s: recent.messages,
    send_failed: metrics.sendFailed.total,
    send_timeout: metrics.sendTimeout.total,
    send_failed_last_120s: recent.sendFailed,
    send_timeout_last_120s: recent.sendTimeout,
  }
}

function ourMetrics({ facts, metrics, limits }: HealthParts) {
  const { recent } = facts
  return {
    window_seconds: limits.windowMs / 1_000,
    infrastructure_errors_last_120s: recent.infraErrors,
    payload_missing_last_120s: recent.payloadMissing,
    redis_write_dropped_last_120s: recent.redisDropped,
    redis_write_failures_last_120s: recent.redisFailed,
    records_waiting_in_kafka: facts.lagRecords ?? null,
    brokers_silent: facts.areBrokersSilent,
    partitions_without_start: facts.withoutStart.length,
    missing_topic: facts.missingTopic ?? null,
    dead_letters_lost_last_120s: facts.deadLetters.lost,
    dlq_sends: sumOf(metrics.dlqSends),
    dlq_send_failures: sumOf(metrics.dlqSendFailures),
  }
}

/** The `circuit_breaker` block of /health; undefined when there is no breaker. */
export function breakerBody(breaker: Breaker, stalledMs: number | undefined) {
  const verdict = breaker.judge(stalledMs)
  if (verdict === undefined) return undefined
  return {
    state: verdict.state,
    degraded_duration_seconds: seconds(stalledMs),
    time_until_restart_seconds: seconds(verdict.remainingMs),
  }
}

/** DashFlow's three values. A record of exactly the limit's age still counts as connected. */
function kafkaStatus(facts: HealthFacts, staleMs: number): string {
  if (facts.received === 0) return 'waiting_for_messages'
  return (facts.lastRecordAgeMs ?? Infinity) <= staleMs ? 'connected' : 'no_recent_messages'
}

/** An answer with its status code. */
export interface ProbeAnswer {
  readonly code: 200 | 503
  readonly body: Readonly<Record<string, unknown>>
}

/** /livez: the process answers. Nothing else counts: a restart would not bring Kafka back. */
export const liveness = (uptimeMs: number): ProbeAnswer => ({
  code: 200,
  body: { status: 'alive', uptime_seconds: seconds(uptimeMs) },
})

/** What readiness depends on. */
export interface Readiness {
  readonly isListening: boolean
  readonly isStopping: boolean
  /** The group has answered with an assignment, even an empty one. */
  readonly hasJoined: boolean
  /** Kafka has answered where reading begins: records produced from now on will be delivered. */
  readonly hasBegun: boolean
  /** The configured topic, if it does not exist. */
  readonly missingTopic: string | undefined
}

/** /readyz: whether new clients should be sent here; `waits_for` says what is missing. */
export function readiness(state: Readiness): ProbeAnswer {
  const waitsFor = [
    ...(state.isStopping ? ['shutdown'] : []),
    ...(state.isListening ? [] : ['listener']),
    ...(state.missingTopic === undefined ? [] : [`kafka_topic ${state.missingTopic}`]),
    ...(state.hasJoined ? [] : ['kafka_assignment']),
    ...(state.hasJoined && !state.hasBegun ? ['kafka_positions'] : []),
  ]
  const isReady = waitsFor.length === 0
  return {
    code: isReady ? 200 : 503,
    body: { status: isReady ? 'ready' : 'not_ready', waits_for: waitsFor },
  }
}
