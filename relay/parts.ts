/**
 * The named parts that the trunk is composed from, each an interface. The reference
 * implementations stand in their own rooms and are wired in relay/wiring.ts, in one place; whoever
 * passes another one gets a relay that differs in that rule and in nothing else.
 */
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { ClientFrame, Parsed } from '../proto/control.ts'
import type { OpenTransactions } from './batches/transactions.ts'
import type { ReplayPages, Share } from './limits/ledger.ts'
import type { PartialShare } from './limits/partial-frames.ts'
import type { ByteLog, LogBounds } from './log/byte-log.ts'
import type { MissedRange } from './log/record.ts'
import type { ReplayExpiry, ReplayStore } from './replay/parts.ts'
import type { ResumeRefusal, ResumeRequest } from './replay/resume.ts'
import type { CloseReason } from './tables/close-codes.ts'
import type { RedisRefusal } from './tables/redis-refusals.ts'
import type { Slices } from './world/turns.ts'

export type { Asked, ReplayExpiry, ReplayPage, ReplayStore, Retained } from './replay/parts.ts'

/** Which kind of write a client was given: live records, a frame of its own, or a replay. */
export type SendPath = 'broadcast' | 'control' | 'resume'
export type SendFailure = 'send_timeout' | 'send_failed'

/** How long one write may wait for the client, and the account of those that waited too long. */
export interface SendDeadline {
  /** Milliseconds that a write of this path may stay unfinished. */
  limitMs(path: SendPath): number
  /** A write expired or failed; called once per client, before it is closed. */
  gaveUp(path: SendPath, failure: SendFailure): void
  /** What `/version` tells of it. */
  readonly effective: Readonly<Record<string, number>>
}

/** Offsets by partition. */
export type Offsets = ReadonlyMap<number, bigint>

/**
 * The write side of one socket, and its only writer. It takes from the shared log by itself; the
 * trunk wakes it. At most one write is under way, so that bytes in flight are bounded.
 */
export interface Outlet {
  /** The log has grown (or may have): write if nothing is under way. Called for all, per flush. */
  wake(): void
  /** Queues a frame of this client's own; `false` when its bounded queue is full. */
  control(frame: Buffer): boolean
  /** Live records may flow. A new client gets none until then, so that a resume can come first. */
  goLive(): void
  /** Holds live records back until `unfence`, for a replay; false if one is under way. */
  fence(): boolean
  /**
   * Says where live records go on, before the replay up to there begins: at the end of the log, or
   * where the client stands if it gets live records already, so that it misses none of them.
   *
   * @param taken for every partition the next offset that may come, whether it reached the log
   * @param cursors last offsets that the client says it has: where they are later than its place,
   * live records go on at the end of the log
   * @returns by partition the first offset that will come live: a replay covers what lies below
   */
  placeFence(taken: Offsets, cursors: Offsets): Offsets
  /**
   * Sends what `chunks` yields. Settles when it was written or the client is gone; live records
   * are still held back then, because only a replay that is complete may be followed by them.
   * Chunks end on frame boundaries.
   */
  replay(chunks: AsyncIterable<Buffer>): Promise<void>
  /** Live records flow, from where the fence was set. */
  unfence(): void
  /** Checks the write under way against its deadline. One sweep serves all clients. */
  sweep(nowMs: number): void
  /** Records of the log that this client has taken or passed: how far it has come. */
  readonly ordinal: number
  /** Its own queue is half full: better not ask for more. `onDrained` follows once it is empty. */
  readonly isCrowded: boolean
  /** Bytes that this client holds: its own queue and the write under way. */
  readonly heldBytes: number
  /** Bytes of its own frames alone, those under way included. */
  readonly queuedBytes: number
  /** Whether its write under way holds a segment that has left the ring. */
  readonly isPinning: boolean
  /**
   * Ends the client; idempotent. `after` is sent when the write under way is done, each under its
   * deadline; without it the socket is destroyed at once.
   */
  close(reason: CloseReason, after?: Buffer): void
  /** Gives up the last frames of a client that is being ended; its socket is destroyed at once. */
  abandon(): void
}

/** What an outlet is made from. */
export interface OutletNeeds {
  /** Nobody else writes to it. */
  readonly socket: Socket
  readonly log: ByteLog
  readonly deadline: SendDeadline
  /** Bytes of one write of live records. */
  readonly writeBytesMax: number
  /** Bytes of frames of its own that may wait. */
  readonly controlBytesMax: number
  /** Where these frames are accounted for, until they are written. */
  readonly queues: Pick<Share, 'add'>
  /** What all clients together may be written in one turn of the loop. */
  readonly slices: Pick<Slices, 'isOver' | 'next'>
  /** The client fell off the log; called before its next record, with what it missed. */
  onLapped(missed: readonly MissedRange[]): void
  /** Its own queue is empty again after it was crowded. */
  onDrained(): void
  /** Called once. No write is under way and none will follow. */
  onClosed(reason: CloseReason): void
}

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

/** What the lag monitor knows of one partition at a poll. */
export interface LagSample {
  readonly partition: number
  /** Next offset that the relay will take. */
  readonly position: bigint
  readonly logStart: bigint
  readonly logEnd: bigint
  /** Since the last record of it was handled; undefined for never. */
  readonly idleMs: number | undefined
}
/** Decides which lag series exist and what they say. Told of every poll and every rebalance. */
export interface LagSeries {
  /** A poll answered for these assigned partitions. */
  polled(samples: readonly LagSample[]): void
  /** The assignment changed: only these partitions are ours now. */
  assigned(partitions: readonly number[]): void
  /** Current series by partition, records; absent where unknown. */
  read(): ReadonlyMap<number, number>
}

/** What becomes of records that are taken together, where some of them are malformed. */
export interface PoisonPolicy {
  /**
   * Whether the record at `index` of those is still offered to clients.
   * @param malformed indices of the malformed ones
   */
  isOffered(index: number, malformed: ReadonlySet<number>): boolean
}

/** Which offset is committed for a partition. */
export interface OffsetPolicy {
  /**
   * All records below `next` were offered or dead-lettered.
   *
   * @param begun where this process began to read, as far as it was told
   * @returns undefined where the group is not to learn of it yet
   */
  toCommit(next: bigint, begun: bigint | undefined): bigint | undefined
}

/** How Kafka is asked for the lag, and what waits for its answers. */
export interface LagQuestions {
  /** Puts the questions of one poll, which are put side by side. @throws without an answer */
  poll<T>(ask: () => Promise<T>): Promise<T>
  /** Whether replays may begin, once it is known where reading begins. */
  readonly mayReplay: boolean
}

/** Slots per client address. */
export interface ConnectionLimiter {
  /** Takes a slot; `undefined` when the address has none left. Releasing twice is harmless. */
  take(address: string): (() => void) | undefined
  readonly taken: number
}

/** What one client may ask. */
export interface ClientRates {
  /** A frame of so many bytes was taken. @returns for how long the client is not to be read from */
  frame(bytes: number): number
  /** Whether it may resume once more. */
  mayResume(): boolean
}
/** How often clients may ask for what. */
export interface Rates {
  openClient(): ClientRates
  /** Whether the buffer may be reset once more, by whomever. */
  mayReset(): boolean
}
/** What becomes of a resume. Total: it is served, or refused with its code. */
export interface ResumeParser {
  /**
   * @param read what was read of it, once
   * @param text as it came
   */
  parse(read: Parsed<ClientFrame>, text: string): ResumeRequest | ResumeRefusal
}
/** Lets replays through: so many at once, and all of them no faster than they may be. */
export interface ReplayGate {
  /**
   * The chunks, in their time; they end, and `onRefused` is called, if its turn does not come.
   *
   * @param address whose share it is
   */
  pass(
    chunks: AsyncIterable<Buffer>,
    address: string,
    onRefused: () => void,
  ): AsyncIterable<Buffer>
  readonly underWay: number
}

/** Whose request it is, proxies that are trusted apart. */
export interface ClientAddress {
  /** The address that a limit is counted for. */
  of(request: IncomingMessage): string
  /** Whether it was made on this machine. */
  isLocal(request: IncomingMessage): boolean
}

/** Why a request is turned away, with an HTTP status and a text. */
export interface Refusal {
  readonly reason: 'host' | 'origin' | 'token' | 'guesses'
  readonly status: 400 | 401 | 403 | 421 | 429
  readonly says: string
  /** After which it is worth another try. */
  readonly waitMs?: number
}
/** Who is let in, and who may do what. */
export interface Admission {
  /** Why a request is not meant for this relay, whatever it asks for. */
  misdirected(request: IncomingMessage): Refusal | undefined
  /** Why it may neither open a socket nor change anything. */
  refusal(request: IncomingMessage): Refusal | undefined
  /** Whether it has the token or needs none; a refusal if what it has is wrong. */
  shown(request: IncomingMessage): boolean | Refusal
  /** Whether whoever was let in may also change what concerns everybody. */
  mayAdminister(request: IncomingMessage): boolean
}
/** What is known of a client from the request that it came with. */
export interface Visitor {
  /** The address that limits are counted for. */
  readonly address: string
  readonly mayAdminister: boolean
}

/** How many clients there are, as each page tells it: all from one source. */
export interface Headcount {
  health(clients: number): number
  metrics(clients: number): number
}

/** Everything that may be replaced. Wired in relay/wiring.ts, in one place. */
export interface RelayParts {
  /** How much the shared log keeps. */
  readonly ring: LogBounds
  readonly sendDeadline: SendDeadline
  openOutlet(needs: OutletNeeds): Outlet
  /** Which batches nobody may read, told from the transactions that were given up. */
  readonly transactions: OpenTransactions
  readonly poison: PoisonPolicy
  readonly offsets: OffsetPolicy
  readonly health: HealthPolicy
  readonly breaker: Breaker
  readonly ages: AgeGauges
  readonly lagSeries: LagSeries
  readonly lagQuestions: LagQuestions
  readonly replayStore: ReplayStore
  readonly replayExpiry: ReplayExpiry
  readonly limiter: ConnectionLimiter
  readonly rates: Rates
  readonly resumes: ResumeParser
  readonly replayGate: ReplayGate
  readonly replayPages: ReplayPages
  readonly partialFrames: PartialShare
  readonly address: ClientAddress
  readonly admission: Admission
  readonly headcount: Headcount
}
/** Replaces parts of the reference by others that may be built on it. */
export type Overrides = (reference: RelayParts) => Partial<RelayParts>
