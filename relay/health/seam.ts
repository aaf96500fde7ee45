/** The facts and decisions of /health: interfaces of the parts in this folder. */
import type { RedisRefusal } from '../tables/redis-refusals.ts'

/** A partition that is paused, until an operator acts or its dead letters have been sent. */
export interface PausedPartition {
  readonly partition: number
  /** Of the record before which it is paused. */
  readonly offset: bigint
  readonly why: 'policy' | 'dead_letters'
}

/** Dead letters that Kafka does not accept: open ones, since when, and those recently lost. */
export interface DeadLetterFacts {
  readonly open: number
  readonly failingMs: number | undefined
  readonly lost: number
}

/** Facts from which /health is decided: recent counts and ages, never lifetime totals. */
export interface HealthFacts {
  readonly uptimeMs: number
  readonly received: number
  readonly lastRecordAgeMs: number | undefined
  readonly lastInfraErrorAgeMs: number | undefined
  readonly lastDropAgeMs: number | undefined
  readonly recent: {
    readonly messages: number
    readonly decodeErrors: number
    readonly dropped: number
    readonly sendFailed: number
    readonly sendTimeout: number
    readonly redisDropped: number
    readonly redisFailed: number
    readonly payloadMissing: number
    readonly infraErrors: number
  }
  /** Lifetime totals, for the texts of alerts only. */
  readonly total: {
    readonly dropped: number
    readonly decodeErrors: number
    readonly redisDropped: number
    readonly redisFailed: number
    readonly payloadMissing: number
  }
  /** Records waiting in Kafka for the relay, where it is known. */
  readonly lagRecords: number | undefined
  /** Assigned partitions that are paused before a malformed record, and why. */
  readonly paused: readonly PausedPartition[]
  readonly deadLetters: DeadLetterFacts
  /** Whether the brokers left the last polls of the lag monitor unanswered. */
  readonly areBrokersSilent: boolean
  /** Assigned partitions that are not read, because Kafka does not report their start offset. */
  readonly withoutStart: readonly number[]
  /** The configured topic, if Kafka says that it does not exist. */
  readonly missingTopic: string | undefined
  readonly isRedisEnabled: boolean
  /** What a connected Redis refuses now, if anything. */
  readonly redisRefusal?: RedisRefusal | undefined
}

export interface HealthDecision {
  readonly status: 'healthy' | 'degraded' | 'reconnecting' | 'waiting'
  readonly alerts: readonly string[]
}

/** Decides what /health reports. Pure. */
export interface HealthPolicy {
  decide(facts: HealthFacts): HealthDecision
}

/** The circuit breaker's verdict on a stall. */
export interface BreakerVerdict {
  readonly state: 'healthy' | 'degraded' | 'will_restart_soon'
  /** Time left if the stall lasts; at 0 the process exits. Undefined without a stall. */
  readonly remainingMs: number | undefined
}

/** Decides how long a stall may last. Pure. */
export interface Breaker {
  /**
   * @param stalledMs how long records have waited and none was read, while brokers answered
   * @returns undefined when the breaker is disabled
   */
  judge(stalledMs: number | undefined): BreakerVerdict | undefined
}

/** How ages are shown in /metrics: seconds, or the sentinel for "never". */
export interface AgeGauges {
  /** Value of an age gauge; `undefined` leaves the series out. */
  seconds(ageMs: number | undefined): number | undefined
}
