/**
 * The consume stage: fetched batches from Kafka to the log, one at a time of each partition, with
 * every record accounted for: offered to clients, dead-lettered, or counted as having no value. It
 * holds no more than these batches, because the next fetch waits for them; and it waits itself
 * while not even the fastest client keeps up. A batch that waits long, for that or for large
 * records to be judged, blocks its own partition only: the others are fetched without it.
 *
 * Most batches are processed at once. One that takes longer than a slice of the loop is processed
 * in several, and may become stale between two of them: records before that point are done, the
 * rest is not.
 */
import type { BatchRun } from '../kafka/kafka-consumer.ts'
import type { Fetched, FetchedRecord } from '../kafka/batches/fetched.ts'
import type { DeadLetterQueue } from '../dead-letters/dlq.ts'
import type { Signals } from '../health/signals.ts'
import type { Ledger } from '../limits/ledger.ts'
import type { PausedPartition } from '../health/seam.ts'
import type { PoisonPolicy, ReplayIntake } from './seam.ts'
import type { RelayRecord } from '../log/record.ts'
import type { Distribution, Metrics } from '../metrics/metrics.ts'
import type { Start } from '../kafka/starts.ts'
import type { Settings } from '../tables/settings.ts'
import type { Clock } from '../world/clock.ts'
import { Slices } from '../world/turns.ts'
import type { Broadcast } from './broadcast.ts'
import { type Valid, unreadable } from './decode.ts'
import type { Judge, Verdict } from './judge.ts'
import { WaitBudget } from './wait-budget.ts'
import { Sequences } from './sequences.ts'

export interface ConsumeNeeds {
  readonly settings: Settings
  readonly clock: Clock
  readonly metrics: Metrics
  readonly signals: Signals
  readonly ledger: Pick<Ledger, 'share'>
  readonly broadcast: Broadcast
  readonly store: ReplayIntake
  readonly dlq: DeadLetterQueue
  readonly poison: PoisonPolicy
  readonly judge: Judge
  /** Settles when the fastest client keeps up, or the wait is over, or the run is stale. */
  waitForClients(run: Pick<BatchRun, 'beat' | 'isStale'>): Promise<void>
  /** Log end of a partition when this process first had it; records below it are old. */
  headAtStart(partition: number): bigint | undefined
  /** Kafka deleted records of a partition before they were read. */
  onLost(partition: number, firstOffset: bigint, lastOffset: bigint): void
  /**
   * Offsets of a partition went back: the topic was recreated or truncated. No record of the new
   * log is offered before it settles.
   */
  onRewound(partition: number): Promise<void>
}

/** The state of a partition, kept while the process lives. */
interface Track {
  /** Next offset to read. */
  position: bigint
  /** Undefined while no record of it was handled. */
  handledMs: number | undefined
}
/** A batch that is being processed. */
interface Passage {
  readonly fetched: Fetched
  readonly run: BatchRun
  readonly waitBudget: WaitBudget
  readonly track: Track
  /** Index of the first record that was not processed yet. */
  at: number
  isStopped: boolean
  /** Pending writes to the replay store. */
  readonly stored: Promise<void>[]
}
/** Verdicts on consecutive records; undefined where there was nothing to decode. */
type Verdicts = readonly (Verdict | undefined)[]

/** Records, and their bytes, that are judged and offered between two reads of the clock. */
const chunkMax = { records: 128, bytes: 64 * 1_024 } as const
const none: ReadonlySet<number> = new Set()

export class Consume {
  readonly #needs: ConsumeNeeds
  readonly #tracks = new Map<number, Track>()
  readonly #startUnixMs: number
  readonly #paused = new Map<number, PausedPartition>()
  readonly #latency: Distribution
  readonly #sequences: Sequences
  readonly #slices: Slices
  /** How often all pending batches became void. */
  #voided = 0
  #taken = 0
  #isStopped = false
  inflightBytes = 0

  constructor(needs: ConsumeNeeds) {
    this.#needs = needs
    this.#startUnixMs = needs.clock.unixMs()
    this.#sequences = new Sequences(needs.metrics, needs.ledger.share('thread_names'))
    needs.ledger.share('fetched').from(() => this.inflightBytes)
    this.#slices = new Slices(needs.clock)
    this.#latency = needs.metrics.e2eLatency.of({ stage: 'producer_to_consumer' })
  }

  /** Next offset to read, by partition, of all partitions that this process has read. */
  positions(): Map<number, bigint> {
    return new Map(Array.from(this.#tracks, ([partition, { position }]) => [partition, position]))
  }

  /** Next offset of one partition; undefined if nothing of it was read. */
  position(partition: number): bigint | undefined {
    return this.#tracks.get(partition)?.position
  }

  /** Milliseconds since a record of the partition was handled; undefined for never. */
  idleMs(partition: number): number | undefined {
    const handledMs = this.#tracks.get(partition)?.handledMs
    return handledMs === undefined ? undefined : this.#needs.clock.nowMs() - handledMs
  }

  /** Partitions that are paused before a malformed record, and at which offset. */
  get paused(): ReadonlyMap<number, PausedPartition> {
    return this.#paused
  }

  /** A new assignment: paused partitions are tried again. */
  reassigned(): void {
    this.#voided += 1
    this.#paused.clear()
    this.#sequences.forgetAll()
  }

  /**
   * The topic was recreated or truncated: resets everything.
   *
   * @param fromStart partitions to read from their beginning, whatever the group has committed
   */
  topicRecreated(fromStart: readonly number[]): void {
    this.reassigned()
    this.#tracks.clear()
    const handledMs = this.#needs.clock.nowMs()
    for (const one of fromStart) this.#tracks.set(one, { position: 0n, handledMs })
  }

  /** Sets the start of a partition, unless its position is known already. */
  begin({ partition, offset, lostFrom }: Start): void {
    if (this.#tracks.has(partition)) return
    this.#tracks.set(partition, { position: offset, handledMs: undefined })
    if (lostFrom !== undefined) this.#needs.onLost(partition, lostFrom, offset - 1n)
  }

  /** Resumes partitions that were paused because of dead letters. @returns these partitions */
  released(): number[] {
    const waited = Array.from(this.#paused.values()).filter(({ why }) => why === 'dead_letters')
    for (const { partition } of waited) this.#paused.delete(partition)
    return waited.map(({ partition }) => partition)
  }

  /** Reads nothing from now on, so that everything read can be committed. */
  stop(): void {
    this.#isStopped = true
  }

  /**
   * Processes a batch; settles when it was offered.
   *
   * @returns whether it was processed, possibly up to a pause; false if it became stale meanwhile
   */
  async take(fetched: Fetched, run: BatchRun): Promise<boolean> {
    const { bytes } = fetched
    const waitBudget = new WaitBudget(this.#needs.clock, () => run.detach())
    this.inflightBytes += bytes
    try {
      const isStale = () => this.#isStopped || run.isStale()
      const entered = this.#voided
      const beat = () => {
        waitBudget.waits()
        return run.beat()
      }
      await this.#needs.waitForClients({ isStale, beat })
      if (this.#voided !== entered) return false
      if (this.#isRewound(fetched)) await this.#needs.onRewound(fetched.partition)
      if (isStale()) return false
      const voided = this.#voided
      const passage = this.#open(fetched, run, waitBudget)
      return await this.#pass(passage, () => isStale() || this.#voided !== voided)
    } finally {
      waitBudget.end()
      this.inflightBytes -= bytes
    }
  }

  async #pass(passage: Passage, isStale: () => boolean): Promise<boolean> {
    const { broadcast } = this.#needs
    const { fetched, run } = passage
    const { partition, nextOffset, records } = fetched
    while (passage.at < records.length && !passage.isStopped) {
      if (this.#slices.isOver) await this.#rest(run)
      if (isStale()) return false
      const verdicts = this.#judge(records, passage.at)
      if (verdicts.length > 0) this.#offer(passage, verdicts)
      else {
        const verdict = await this.#judgeInWorker(passage, records[passage.at]!.value!)
        if (isStale()) return false
        this.#offer(passage, [verdict])
      }
    }
    if (!passage.isStopped) this.#passTo(partition, passage.track, nextOffset)
    broadcast.flushSoon()
    for (const stored of passage.stored) await stored
    return true
  }

  #open(fetched: Fetched, run: BatchRun, waitBudget: WaitBudget): Passage {
    const track = this.#track(fetched)
    const { records } = fetched
    let at = 0
    while (at < records.length && lastOf(records[at]!) < track.position) at += 1
    return { fetched, run, waitBudget, track, at, isStopped: false, stored: [] }
  }

  /** Waits for the next slice. Offered records are written meanwhile. */
  async #rest(run: BatchRun): Promise<void> {
    this.#needs.broadcast.flushSoon()
    await this.#slices.next()
    await run.beat()
  }

  async #judgeInWorker({ waitBudget, run }: Passage, value: Buffer): Promise<Verdict> {
    this.#needs.broadcast.flushSoon()
    waitBudget.waits()
    const verdict = await this.#needs.judge.judgeInWorker(value, true)
    await run.beat()
    return verdict
  }

  /** Judges a chunk of records from `from` on; none when the first one is large. */
  #judge(records: readonly FetchedRecord[], from: number): Verdicts {
    const { judge } = this.#needs
    const verdicts: (Verdict | undefined)[] = []
    const end = Math.min(records.length, from + chunkMax.records)
    let bytes = 0
    for (let at = from; at < end && bytes < chunkMax.bytes; at += 1) {
      const { unreadable: batch, value } = records[at]!
      if (batch !== undefined) verdicts.push(unreadable(batch))
      else if (value === null) verdicts.push(undefined)
      else if (judge.isLarge(value)) return verdicts
      else {
        bytes += judge.bytesOf(value)
        verdicts.push(judge.judge(value))
      }
    }
    return verdicts
  }

  /** Offers a chunk, or its part before a record that pauses the partition. */
  #offer(passage: Passage, verdicts: Verdicts): void {
    const { track, fetched, run, at: from } = passage
    const { partition, records } = fetched
    const { dlq, poison, signals, store } = this.#needs
    const policyStop = this.#stopOf(passage, verdicts)
    const malformed = malformedOf(verdicts)
    const offered: RelayRecord[] = []
    let at = 0
    for (; at < policyStop; at += 1) {
      const record = records[from + at]!
      const verdict = verdicts[at]
      if (verdict?.isValid === false && !dlq.hasCapacity) break
      this.#passTo(partition, track, record.offset)
      track.position = lastOf(record) + 1n
      const isOffered = verdict?.isValid === true && poison.isOffered(at, malformed)
      if (isOffered) offered.push(this.#append(partition, record, verdict))
      else this.#leaveOut(partition, record, verdict)
    }
    // Stored before any client can get it: a resume in between must find it in the store.
    const stored = store.add(offered)
    if (stored !== undefined) passage.stored.push(stored)
    signals.decoded(offered.length)
    track.handledMs = this.#needs.clock.nowMs()
    passage.at += at
    if (at === verdicts.length) return
    passage.isStopped = true
    const why = at < policyStop ? 'dead_letters' : 'policy'
    this.#pause(partition, records[passage.at]!.offset, why, run)
  }

  #isRewound({ partition, highWatermark }: Fetched): boolean {
    const known = this.#tracks.get(partition)
    return known !== undefined && highWatermark < known.position
  }

  /** The state of the partition, adjusted to the offset where this fetch began. */
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

  /** With the pause policy, the first record of a chunk that pauses it; else its end. */
  #stopOf({ fetched, at: from }: Passage, verdicts: Verdicts): number {
    if (this.#needs.settings.kafkaOnDecodeError === 'skip') return verdicts.length
    const { partition, records } = fetched
    const stop = verdicts.findIndex(
      (verdict, at) => verdict?.isValid !== true && !this.#isOld(partition, records[from + at]!),
    )
    return stop === -1 ? verdicts.length : stop
  }

  /** Moves the position to `next`; skipped offsets hold no records for clients. */
  #passTo(partition: number, track: Track, next: bigint): void {
    if (next <= track.position) return
    this.#needs.store.addHole(partition, track.position, next - 1n)
    track.position = next
  }

  #append(partition: number, { offset, value }: FetchedRecord, valid: Valid): RelayRecord {
    this.#taken += 1
    this.#measure(valid)
    this.#sequences.take(partition, valid.threads)
    const view = this.#needs.broadcast.append(partition, offset, value!)
    return { partition, offset, value: view }
  }

  #leaveOut(partition: number, record: FetchedRecord, verdict: Verdict | undefined): void {
    const { dlq, metrics, signals, store } = this.#needs
    const { offset, value } = record
    this.#taken += 1
    store.addHole(partition, offset, lastOf(record))
    if (value === null) return signals.payloadMissing()
    if (verdict === undefined || verdict.isValid) return
    const { isValid: _, ...why } = verdict
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

  #measure({ stampMs, isMultiThread }: Valid): void {
    const { clock, metrics } = this.#needs
    if (isMultiThread) metrics.multiThreadBatches.add()
    if (stampMs <= 0) return
    const tookMs = clock.unixMs() - stampMs
    if (tookMs < 0) metrics.clockSkew.add()
    else this.#observe(tookMs)
  }

  #observe(tookMs: number): void {
    this.#latency.observe(tookMs)
    this.#needs.metrics.e2eLatencyFine.observe(tookMs / 1_000)
  }
}

/** Indices of the malformed records of a chunk. */
function malformedOf(verdicts: Verdicts): ReadonlySet<number> {
  let found: Set<number> | undefined
  for (let at = 0; at < verdicts.length; at += 1) {
    if (verdicts[at]?.isValid === false) found = (found ?? new Set()).add(at)
  }
  return found ?? none
}

/** The last offset of a record, or of the unreadable batch that it stands for. */
const lastOf = ({ offset, unreadable: batch }: FetchedRecord): bigint =>
  batch === undefined ? offset : batch.lastOffset
