/**
 * What /health reports, decided from recent counts and ages only: a warning appears with the errors
 * and clears when they leave the window. An idle topic is healthy; a relay that reads nothing while
 * records wait in Kafka is not.
 */
import type { HealthDecision, HealthFacts, HealthPolicy } from './seam.ts'
import { refusalText } from '../tables/redis-refusals.ts'

/** DashFlow's limits. */
const droppedTolerated = 10
const errorShareTolerated = 0.01
const sampleMin = 100
/** A topic may have thousands of partitions; /health lists this many at most. */
const pausedShownMax = 20

export interface HealthLimits {
  /** How long past errors count. */
  readonly windowMs: number
  /** Age of the last record after which none arrive. */
  readonly staleMs: number
}

/** The reference policy. */
export const createHealthPolicy = (limits: HealthLimits): HealthPolicy => ({
  decide: (facts) => ({ status: statusOf(facts, limits), alerts: alertsOf(facts, limits) }),
})

/** Share of recent records that did not decode; 0 when there were none. */
const errorShare = ({ recent }: HealthFacts) =>
  recent.messages === 0 ? 0 : recent.decodeErrors / recent.messages

const isDecodingBadly = (facts: HealthFacts) =>
  facts.recent.messages >= sampleMin && errorShare(facts) > errorShareTolerated

/** Time without a record: since the last one, or since the start. */
const silenceMs = (facts: HealthFacts) => facts.lastRecordAgeMs ?? facts.uptimeMs

/** Whether records wait and none has arrived for longer than `staleMs`. */
const isStuck = (facts: HealthFacts, staleMs: number) =>
  (facts.lagRecords ?? 0) > 0 && silenceMs(facts) > staleMs

/** Whether the latest result from Kafka, within the window, was an error. */
function isReconnecting(facts: HealthFacts, windowMs: number): boolean {
  const { lastInfraErrorAgeMs: errorAgeMs, lastRecordAgeMs: recordAgeMs } = facts
  if (errorAgeMs === undefined || errorAgeMs >= windowMs) return false
  return recordAgeMs === undefined || recordAgeMs > errorAgeMs
}

function statusOf(facts: HealthFacts, limits: HealthLimits): HealthDecision['status'] {
  if (isDecodingBadly(facts)) return 'degraded'
  if (isReconnecting(facts, limits.windowMs)) return 'reconnecting'
  const isSilent = facts.received === 0 || silenceMs(facts) > limits.staleMs
  if (!isSilent) return 'healthy'
  if (facts.areBrokersSilent) return 'reconnecting'
  return isStuck(facts, limits.staleMs) ? 'degraded' : 'waiting'
}

/** Alerts in DashFlow's order and, where it has them, in its words; ours follow. */
function alertsOf(facts: HealthFacts, limits: HealthLimits): string[] {
  const last = spanText(limits.windowMs)
  const alerts = [
    droppedAlert(facts, last),
    decodeAlert(facts, last),
    facts.isRedisEnabled ? redisDroppedAlert(facts, last) : undefined,
    facts.isRedisEnabled ? redisFailedAlert(facts, last) : undefined,
    payloadAlert(facts, last),
    facts.isRedisEnabled ? redisRefusalAlert(facts) : undefined,
    isStuck(facts, limits.staleMs) ? stuckAlert(facts) : undefined,
    ...facts.paused.slice(0, pausedShownMax).map(pausedAlert),
    deadLetterAlert(facts),
    lostDeadLetterAlert(facts, last),
    missingTopicAlert(facts),
    withoutStartAlert(facts),
    facts.areBrokersSilent ? silentAlert : undefined,
  ]
  return alerts.filter((alert) => alert !== undefined)
}

function droppedAlert({ recent, total }: HealthFacts, last: string): string | undefined {
  if (recent.dropped <= droppedTolerated) return undefined
  return (
    `WARNING: ${recent.dropped} messages dropped due to slow clients in last ${last} ` +
    `(${total.dropped} total since boot). ` +
    'Consider increasing WEBSOCKET_BUFFER_SIZE or improving client performance.'
  )
}

function decodeAlert(facts: HealthFacts, last: string): string | undefined {
  const { recent, total, received } = facts
  if (errorShare(facts) <= errorShareTolerated) return undefined
  const recently = percent(recent.decodeErrors, recent.messages)
  if (!isDecodingBadly(facts)) {
    return (
      `INFO: Elevated decode error rate (${recently}) but sample size (${recent.messages}) ` +
      `< minimum (${sampleMin}). Not triggering degraded status.`
    )
  }
  return (
    `CRITICAL: High decode error rate in last ${last} (${recently}). ` +
    `${recent.decodeErrors} errors / ${recent.messages} messages in window. ` +
    `Lifetime: ${percent(total.decodeErrors, received)} ` +
    `(${total.decodeErrors}/${received} total). Check logs for diagnostic details.`
  )
}

function redisDroppedAlert({ recent, total }: HealthFacts, last: string): string | undefined {
  if (recent.redisDropped === 0) return undefined
  return (
    `WARNING: Replay buffer dropped ${recent.redisDropped} Redis writes in last ${last} ` +
    `(${total.redisDropped} total since boot). Reconnect replays may be incomplete under load.`
  )
}

function redisFailedAlert({ recent, total }: HealthFacts, last: string): string | undefined {
  if (recent.redisFailed === 0) return undefined
  return (
    `WARNING: Replay buffer had ${recent.redisFailed} Redis write failures in last ${last} ` +
    `(${total.redisFailed} total since boot). ` +
    'Check Redis health/latency; reconnect replays may be incomplete.'
  )
}

const redisRefusalAlert = ({ redisRefusal }: HealthFacts): string | undefined =>
  redisRefusal && `WARNING: ${refusalText(redisRefusal)}. Replays may be incomplete.`

function payloadAlert({ recent, total }: HealthFacts, last: string): string | undefined {
  if (recent.payloadMissing === 0) return undefined
  return (
    `CRITICAL: ${recent.payloadMissing} Kafka messages had missing payloads (data loss) ` +
    `in last ${last} (${total.payloadMissing} total since boot). ` +
    'Indicates tombstone/corruption/compaction.'
  )
}

const stuckAlert = (facts: HealthFacts) =>
  `WARNING: ${facts.lagRecords} records wait in Kafka, but none arrived for ` +
  `${Math.floor(silenceMs(facts) / 1_000)}s. Consumption may be stuck or paused.`

const pausedAlert = ({ partition, offset, why }: HealthFacts['paused'][number]) =>
  `CRITICAL: Partition ${partition} is paused before offset ${offset}: ` +
  (why === 'policy'
    ? 'the record is malformed and KAFKA_ON_DECODE_ERROR=pause. Fix or skip it, then restart.'
    : 'too many dead letters wait and DLQ_MODE=fail_closed. It resumes when Kafka accepts them.')

function deadLetterAlert({ deadLetters }: HealthFacts): string | undefined {
  const { open, failingMs } = deadLetters
  if (failingMs === undefined || open === 0) return undefined
  return (
    `WARNING: Kafka has not accepted dead letters for ${Math.floor(failingMs / 1_000)}s; ` +
    `${open} wait. Check the DLQ topic.`
  )
}

function lostDeadLetterAlert({ deadLetters }: HealthFacts, last: string): string | undefined {
  if (deadLetters.lost === 0) return undefined
  return (
    `WARNING: ${deadLetters.lost} dead letters were lost in last ${last}: Kafka did not accept ` +
    'them. Check that the DLQ topic exists and accepts their size; see the log for the reason.'
  )
}

function missingTopicAlert({ missingTopic }: HealthFacts): string | undefined {
  if (missingTopic === undefined) return undefined
  return (
    `CRITICAL: Kafka has no topic "${missingTopic}". Nothing is relayed until it is created. ` +
    'Create it, or correct KAFKA_TOPIC.'
  )
}

function withoutStartAlert({ withoutStart }: HealthFacts): string | undefined {
  if (withoutStart.length === 0) return undefined
  const shown = withoutStart.slice(0, pausedShownMax).join(', ')
  const more = withoutStart.length > pausedShownMax ? ' and others' : ''
  return (
    `WARNING: Kafka does not report the start offset of partition ${shown}${more}, so it is ` +
    'not read. Check that the partition has a leader.'
  )
}

const silentAlert =
  'WARNING: Kafka did not answer the last polls in time: the number of waiting records is not ' +
  'known. Check the network to the brokers, or raise KAFKA_LAG_POLL_TIMEOUT_MS.'

const percent = (part: number, whole: number) =>
  `${(whole === 0 ? 0 : (100 * part) / whole).toFixed(2)}%`

const spanText = (ms: number) => (ms % 60_000 === 0 ? `${ms / 60_000}m` : `${ms / 1_000}s`)
