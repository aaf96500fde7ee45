/**
 * Events of the relay, counted once: each goes into its lifetime counter and into its recency
 * window in the same call, so that /metrics and /health cannot disagree.
 */
import { type Metrics, sumOf } from '../metrics/metrics.ts'
import type { HealthFacts } from './seam.ts'
import type { SendFailure, SendPath } from '../tables/send-paths.ts'
import type { metricRows } from '../tables/metrics.ts'
import type { Clock } from '../world/clock.ts'
import { Recency } from './recency.ts'

type Rows = typeof metricRows
export type DecodeErrorType = Rows['decodeErrors']['labels']['error_type'][number]
export type InfraErrorType = Rows['kafkaErrorsByType']['labels']['error_type'][number]
export type RedisLossReason = Rows['redisRecordsLost']['labels']['reason'][number]
export type LagSeverity = Rows['clientLagEvents']['labels']['severity'][number]

/** Severity of a client's missing this many records; DashFlow's words and limits. */
export const severityOf = (missed: number): LagSeverity =>
  missed >= 100 ? 'critical' : missed >= 10 ? 'warning' : 'info'

/** Facts that are read at the moment of the question. */
export interface MomentFacts {
  readonly lagRecords: number | undefined
  readonly areBrokersSilent: boolean
  readonly withoutStart: HealthFacts['withoutStart']
  readonly missingTopic: string | undefined
  readonly paused: HealthFacts['paused']
  readonly deadLetters: HealthFacts['deadLetters']
  readonly isRedisEnabled: boolean
  readonly redisRefusal?: HealthFacts['redisRefusal']
}

export class Signals {
  readonly #metrics: Metrics
  readonly #clock: Clock
  readonly #startMs: number
  readonly #decoded
  readonly #old
  readonly #recent: Readonly<Record<keyof HealthFacts['recent'], Recency>>

  /** @param windowMs how long past events count */
  constructor(metrics: Metrics, clock: Clock, windowMs: number) {
    this.#metrics = metrics
    this.#clock = clock
    this.#startMs = clock.nowMs()
    this.#decoded = metrics.kafkaMessages.of({ status: 'success' })
    this.#old = metrics.kafkaMessages.of({ status: 'old_data_error' })
    const recency = () => new Recency(clock, windowMs)
    this.#recent = {
      messages: recency(),
      decodeErrors: recency(),
      dropped: recency(),
      sendFailed: recency(),
      sendTimeout: recency(),
      redisDropped: recency(),
      redisFailed: recency(),
      payloadMissing: recency(),
      infraErrors: recency(),
    }
    metrics.uptime.from(() => Math.floor(this.uptimeMs / 1_000))
  }

  /** Records that decoded; one call for many. */
  decoded(count: number): void {
    this.#decoded.add(count)
    this.#recent.messages.add(count)
  }
  /** A record that did not decode. Old ones, from before the start, do not affect health. */
  malformed(errorType: DecodeErrorType, isOld = false): void {
    this.#recent.messages.add()
    if (isOld) return this.#old.add()
    this.#metrics.decodeErrors.of({ error_type: errorType }).add()
    this.#recent.decodeErrors.add()
  }
  /** A record without a value. */
  payloadMissing(): void {
    this.#metrics.kafkaPayloadMissing.add()
    this.#recent.messages.add()
    this.#recent.payloadMissing.add()
  }
  /** An error of the consumer that is not about a record. */
  infraError(errorType: InfraErrorType): void {
    this.#metrics.kafkaErrorsByType.of({ error_type: errorType }).add()
    this.#recent.infraErrors.add()
  }
  /** A client fell behind the ring and missed `count` records in addition to `before`. */
  clientLapped(count: number, before = 0): void {
    const severity = severityOf(before + count)
    if (before === 0) this.#metrics.clientLagEvents.of({ severity }).add()
    this.#metrics.clientLagMessages.of({ severity }).add(count)
    this.#recent.dropped.add(count)
  }
  /** A client was closed because of a write. */
  gaveUp(path: SendPath, reason: SendFailure): void {
    this.#metrics.wsSendFailures.of({ reason, path }).add()
    if (reason === 'send_failed') this.#recent.sendFailed.add()
    else this.#recent.sendTimeout.add()
  }
  /** Records that were never sent to Redis. */
  redisDropped(count: number, reason: RedisLossReason): void {
    this.#metrics.redisWriteDropped.add(count)
    this.#metrics.redisRecordsLost.of({ reason }).add(count)
    this.#recent.redisDropped.add(count)
  }
  /** Records that were sent to Redis and not stored. */
  redisFailed(count: number, reason: RedisLossReason): void {
    this.#metrics.redisWriteFailures.add(count)
    this.#metrics.redisRecordsLost.of({ reason }).add(count)
    this.#recent.redisFailed.add(count)
  }

  get uptimeMs(): number {
    return this.#clock.nowMs() - this.#startMs
  }
  /** Every record read: the sum of its outcomes, by construction. */
  get received(): number {
    return sumOf(this.#metrics.kafkaMessages) + this.#metrics.kafkaPayloadMissing.total
  }
  /** When the events behind the age gauges were last seen. */
  get lastRecord(): Recency {
    return this.#recent.messages
  }
  get lastInfraError(): Recency {
    return this.#recent.infraErrors
  }

  facts(moment: MomentFacts): HealthFacts {
    const metrics = this.#metrics
    const recent = Object.entries(this.#recent).map(([key, one]) => [key, one.count()] as const)
    return {
      uptimeMs: this.uptimeMs,
      received: this.received,
      lastRecordAgeMs: this.#recent.messages.ageMs(),
      lastInfraErrorAgeMs: this.#recent.infraErrors.ageMs(),
      lastDropAgeMs: this.#recent.dropped.ageMs(),
      recent: Object.fromEntries(recent) as HealthFacts['recent'],
      total: {
        dropped: sumOf(metrics.clientLagMessages),
        decodeErrors: sumOf(metrics.decodeErrors),
        redisDropped: metrics.redisWriteDropped.total,
        redisFailed: metrics.redisWriteFailures.total,
        payloadMissing: metrics.kafkaPayloadMissing.total,
      },
      ...moment,
    }
  }
}
