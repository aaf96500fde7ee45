/**
 * The consume stage: one fetched batch at a time from Kafka to the log, with every record accounted
 * for: offered to clients, dead-lettered, or counted as having no value. It holds no more than the
 * batch, because the next fetch waits for it, and it waits itself while not even the foremost
 * client keeps up.
 */
import type { BatchRun, Fetched, FetchedRecord } from '../adapters/kafka-consumer.ts'
import type { DeadLetterQueue } from '../dlq.ts'
import type { Signals } from '../health/signals.ts'
import type { Distribution, Metrics } from '../metrics.ts'
import type { PausedPartition, PoisonPolicy, RelayRecord, ReplayStore } from '../parts.ts'
import type { Settings } from '../tables/settings.ts'
import type { Clock } from '../world/clock.ts'
import type { Broadcast } from './broadcast.ts'
import { decode, type Malformed, type Sound, unreadable } from './decode.ts'
import { Sequences } from './sequences.ts'

export interface ConsumeNeeds {
  readonly settings: Settings
  readonly clock: Clock
  readonly metrics: Metrics
  readonly signals: Signals
  readonly broadcast: Broadcast
  readonly store: ReplayStore
  readonly dlq: DeadLetterQueue
  readonly poison: PoisonPolicy
  /** Settles when the foremost client has room, or has had its chance, or the run is stale. */
  room(run: Pick<BatchRun, 'beat' | 'isStale'>): Promise<void>
  /** Log end of a partition when this process first had it; records below it are old. */
  headAtStart(partition: number): bigint | undefined
  /** Records of a partition are gone from Kafka before they were read. */
  onLost(partition: number, firstOffset: bigint, lastOffset: bigint): void
  /**
   * Offsets of a partition have begun anew: the topic is another one, or was truncated. Nothing of
   * the new log is offered before it settles.
   */
  onRewound(partition: number): Promise<void>
}

/** What is known of a partition for as long as the process lives. */
interface Track {
  /** Next offset to be taken. */
  position: bigint
  handledMs: number
}
/** A record with what decoding made of it; undefined where there was nothing to decode. */
interface Judged extends FetchedRecord {
  readonly decoded: Sound | Malformed | undefined
}

export class Consume {
  readonly #needs: ConsumeNeeds
  readonly #tracks = new Map<number, Track>()
  readonly #startUnixMs: number
  readonly #paused = new Map<number, PausedPartition>()
  readonly #latency: Distribution
  readonly #sequences: Sequences
  #taken = 0
  #isStopped = false
  inflightBytes = 0

  constructor(needs: ConsumeNeeds) {
    this.#needs = needs
    this.#startUnixMs = needs.clock.unixMs()
    this.#sequences = new Sequences(needs.metrics)
    this.#latency = needs.metrics.e2eLatency.of({ stage: 'producer_to_consumer' })
  }

  /** Next offset to be taken, by partition, of all partitions this process has read. */
  positions(): Map<number, bigint> {
    return new Map(Array.from(this.#tracks, ([partition, { position }]) => [partition, position]))
  }

  /** The same of one partition; undefined if nothing of it was read. */
  position(partition: number): bigint | undefined {
    return this.#tracks.get(partition)?.position
  }

  /** Milliseconds since a record of the partition was handled; undefined for never. */
  idleMs(partition: number): number | undefined {
    const track = this.#tracks.get(partition)
    return track && this.#needs.clock.nowMs() - track.handledMs
  }

  /** Partitions that stopped before a malformed record, and at which offset. */
  get paused(): ReadonlyMap<number, PausedPartition> {
    return this.#paused
  }

  /** Forgets which partitions stopped: the assignment is new, and each is tried again. */
  reassigned(): void {
    this.#paused.clear()
    this.#sequences.forgetAll()
  }

  /**
   * Forgets everything: the logs are others than were read.
   *
   * @param fromStart partitions read from their beginning, whatever the group has committed
   */
  begunAnew(fromStart: readonly number[]): void {
    this.reassigned()
    this.#tracks.clear()
    const handledMs = this.#needs.clock.nowMs()
    for (const one of fromStart) this.#tracks.set(one, { position: 0n, handledMs })
  }

  /** Partitions that waited for room for dead letters, and wait no longer. */
  released(): number[] {
    const waited = Array.from(this.#paused.values()).filter(({ why }) => why === 'dead_letters')
    for (const { partition } of waited) this.#paused.delete(partition)
    return waited.map(({ partition }) => partition)
  }

  /** Takes nothing from now on, so that what was taken can be committed as a whole. */
  stop(): void {
    this.#isStopped = true
  }

  /** Takes a batch; settles when it was offered. */
  async take(fetched: Fetched, run: BatchRun): Promise<void> {
    const bytes = fetched.records.reduce((sum, { value }) => sum + (value?.length ?? 0), 0)
    this.inflightBytes += bytes
    try {
      const isStale = () => this.#isStopped || run.isStale()
      await this.#needs.room({ isStale, beat: () => run.beat() })
      if (this.#isRewound(fetched)) await this.#needs.onRewound(fetched.partition)
      if (isStale()) return
      const stored = this.#offer(fetched, run)
      this.#needs.broadcast.flushSoon()
      if (stored !== undefined) await stored
    } finally {
      this.inflightBytes -= bytes
    }
  }

  /** @returns what storing leaves to be waited for, if anything */
  #offer(fetched: Fetched, run: BatchRun): void | Promise<void> {
    const { partition, nextOffset } = fetched
    const track = this.#track(fetched)
    const records = this.#judge(fetched.records.filter((one) => lastOf(one) >= track.position))
    const policyStop = this.#stopOf(partition, records)
    let stop = policyStop
    const { dlq, poison } = this.#needs
    const isMalformed = (at: number) => records[at]!.decoded?.isSound === false
    const malformed = new Set([...records.keys()].filter(isMalformed))
    const offered: RelayRecord[] = []
    for (const [index, record] of records.slice(0, policyStop).entries()) {
      if (record.decoded?.isSound === false && !dlq.hasRoom) {
        stop = index
        break
      }
      this.#pass(partition, track, record.offset, lastOf(record))
      const isOffered = record.decoded?.isSound === true && poison.isOffered(index, malformed)
      if (isOffered) offered.push(this.#append(partition, record, record.decoded))
      else this.#leaveOut(partition, record)
    }
    // In the store before any client can be told of it: a resume in between must find it there.
    const stored = this.#needs.store.add(offered)
    this.#needs.signals.decoded(offered.length)
    track.handledMs = this.#needs.clock.nowMs()
    const stopped = records[stop]
    if (stopped === undefined) this.#passTo(partition, track, nextOffset)
    else this.#pause(partition, stopped.offset, stop < policyStop ? 'dead_letters' : 'policy', run)
    return stored
  }

  #isRewound({ partition, highWatermark }: Fetched): boolean {
    const known = this.#tracks.get(partition)
    return known !== undefined && highWatermark < known.position
  }

  /** What was known of the partition, brought to terms with where Kafka says this fetch began. */
  #track({ partition, fetchedOffset }: Fetched): Track {
    const known = this.#tracks.get(partition)
    if (known !== undefined) {
      if (fetchedOffset > known.position) {
        this.#needs.onLost(partition, known.position, fetchedOffset - 1n)
        known.position = fetchedOffset
      }
      return known
    }
    const track = { position: fetchedOffset, handledMs: this.#needs.clock.nowMs() }
    this.#tracks.set(partition, track)
    return track
  }

  #judge(records: readonly FetchedRecord[]): Judged[] {
    const { payloadBytesMax } = this.#needs.settings
    return records.map((record) => {
      const { value } = record
      const isBatch = record.unreadable !== undefined
      if (isBatch) return { ...record, decoded: unreadable(record.unreadable) }
      const decoded = value === null ? undefined : decode(value, payloadBytesMax)
      return { ...record, decoded }
    })
  }

  /** With the pause policy, the first record that must not be passed; else the end. */
  #stopOf(partition: number, records: readonly Judged[]): number {
    if (this.#needs.settings.kafkaOnDecodeError === 'skip') return records.length
    const isFatal = (record: Judged) =>
      record.decoded?.isSound !== true && !this.#isOld(partition, record)
    const stop = records.findIndex(isFatal)
    return stop === -1 ? records.length : stop
  }

  /** Moves the position beyond what begins at `offset`. */
  #pass(partition: number, track: Track, offset: bigint, last: bigint): void {
    this.#passTo(partition, track, offset)
    track.position = last + 1n
  }

  /** Moves the position to `next`; what is jumped over never was for clients. */
  #passTo(partition: number, track: Track, next: bigint): void {
    if (next <= track.position) return
    this.#needs.store.addHole(partition, track.position, next - 1n)
    track.position = next
  }

  #append(partition: number, { offset, value }: Judged, sound: Sound): RelayRecord {
    this.#taken += 1
    this.#measure(sound)
    this.#sequences.take(partition, sound.threads)
    const view = this.#needs.broadcast.append(partition, offset, value!)
    return { partition, offset, value: view }
  }

  #leaveOut(partition: number, record: Judged): void {
    const { dlq, metrics, signals, store } = this.#needs
    const { decoded, offset, value } = record
    this.#taken += 1
    store.addHole(partition, offset, lastOf(record))
    if (value === null) return signals.payloadMissing()
    if (decoded === undefined || decoded.isSound) return
    const { isSound: _, ...why } = decoded
    signals.malformed(why.errorType, this.#isOld(partition, record))
    const { unreadable: batch } = record
    if (batch !== undefined) metrics.unreadableBatches.of({ reason: batch.fault }).add()
    const known = { partition, offset, value, ...why, messageCount: this.#taken }
    dlq.take({ ...known, ...(batch !== undefined && { lastOffset: batch.lastOffset }) })
  }

  #pause(partition: number, offset: bigint, why: PausedPartition['why'], run: BatchRun): void {
    this.#paused.set(partition, { partition, offset, why })
    run.pauseAt(offset)
  }

  #isOld(partition: number, { offset, timestampMs }: FetchedRecord): boolean {
    const { oldDataUseTimestamp, oldDataGraceMs } = this.#needs.settings
    if (oldDataUseTimestamp) return timestampMs < this.#startUnixMs - oldDataGraceMs
    const head = this.#needs.headAtStart(partition)
    return head !== undefined && offset < head
  }

  #measure({ stampMs, isMultiThread }: Sound): void {
    const { clock, metrics } = this.#needs
    if (isMultiThread) metrics.multiThreadBatches.add()
    if (stampMs <= 0) return
    const tookMs = clock.unixMs() - stampMs
    if (tookMs < 0) metrics.clockSkew.add()
    else this.#latency.observe(tookMs)
  }
}

/** A batch that cannot be read stands for all its offsets. */
const lastOf = ({ offset, unreadable: batch }: FetchedRecord): bigint =>
  batch === undefined ? offset : batch.lastOffset
