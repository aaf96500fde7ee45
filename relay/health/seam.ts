/** What the decisions of /health are made of: interfaces of the parts that stand here. */
import type { RedisRefusal } from '../tables/redis-refusals.ts'

/** A partition that is not read on, until someone acts or its dead letters find room. */
export interface PausedPartition {
  readonly partition: number
  /** Of the record that is not passed. */
  readonly offset: bigint
  readonly why: 'policy' | 'dead_letters'
}

/** Dead letters that Kafka does not take: open ones, for how long, and those lost of late. */
export interface LetterFacts {
  readonly open: number
  readonly troubleMs: number | undefined
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
  /** Records waiting in Kafka for us, where it is known. */
  readonly lagRecords: number | undefined
  /** Partitions of ours that stopped before a malformed record, and why. */
  readonly paused: readonly PausedPartition[]
  readonly deadLetters: LetterFacts
  /** Whether the brokers left the last polls of the lag monitor unanswered. */
  readonly areBrokersSilent: boolean
  /** Partitions of ours that are not read, because Kafka does not say where they begin. */
  readonly unplaced: readonly number[]
  /** The topic that is to be relayed, if Kafka says that there is none of its name. */
  readonly missingTopic: string | undefined
  readonly isRedisEnabled: boolean
  /** What a Redis that is reached refuses now, if it does. */
  readonly redisRefusal?: RedisRefusal | undefined
}

export interface HealthDecision {
  readonly status: 'healthy' | 'degraded' | 'reconnecting' | 'waiting'
  readonly alerts: readonly string[]
}

/** Decides what /health says. Pure. */
export interface HealthPolicy {
  decide(facts: HealthFacts): HealthDecision
}

/** What the circuit breaker makes of a standstill. */
export interface BreakerVerdict {
  readonly state: 'healthy' | 'degraded' | 'will_restart_soon'
  /** What is left if nothing moves; at 0 the process ends. Undefined while nothing stands still. */
  readonly remainingMs: number | undefined
}

/** Decides how long a standstill may last. Pure. */
export interface Breaker {
  /**
   * @param stalledMs for how long records have waited and none was taken, while brokers answered
   * @returns undefined when there is to be no breaker
   */
  judge(stalledMs: number | undefined): BreakerVerdict | undefined
}

/** How ages are shown in /metrics: seconds, or the sentinel for "never". */
export interface AgeGauges {
  /** Value of an age gauge; `undefined` leaves the series out. */
  seconds(ageMs: number | undefined): number | undefined
}
