/**
 * One replay: from the client's cursors to the fence where live delivery begins. Every requested
 * record below the fence is sent, or declared missing, or lies beyond the cap that the last frame
 * reports. No record is sent twice, and offsets of a partition only ascend.
 *
 * A replay by thread scans all retained records and sends those with a requested event. So nothing
 * has to be stored by thread, and its cost is bounded by the retained records, whatever the request
 * names.
 */
import { CONTROL_SCHEMA_VERSION } from '../../proto/control.ts'
import type { ReplayPages, Share } from '../limits/ledger.ts'
import { jsonFrame, recordFrames } from '../log/frames.ts'
import type { ReplayPage, ReplayStore, Retained } from './seam.ts'
import type { MissedRange } from '../log/record.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { Verdict } from '../stages/judge.ts'
import { errorBody } from '../tables/errors.ts'
import type { Clock } from '../world/clock.ts'
import { DeadlineError, withDeadline } from '../world/deadline.ts'
import { Chunks } from './chunks.ts'
import { legOf, type Leg } from './legs.ts'
import { Lease } from './memory-lease.ts'
import { pageBytesMax } from './pages.ts'
import { controlFrame, gapFrame, staleFrame } from './replay-frames.ts'
import type { ResumeRequest } from './resume.ts'
import { type MissingSequences, ThreadAccount } from './thread-account.ts'
import { sliceMs, type Turns } from '../world/turns.ts'

export interface ReplayNeeds {
  readonly clock: Clock
  readonly metrics: Metrics
  readonly store: ReplayStore
  /** Deadline of the whole replay, the client's slowness included. */
  readonly timeoutMs: number
  /** Records of the whole replay. */
  readonly recordsMax: number
  /** Bytes of a chunk; one record may be larger. */
  readonly chunkBytesMax: number
  /** Memory of the pages of all replays, and how long this one waits for its part of it. */
  readonly pages: ReplayPages
  readonly pageWaitMs: number
  /** Memory for the thread accounts of all replays. */
  readonly notes: Pick<Share, 'take' | 'give'>
  /** The end of a partition's log, where it is known; cursors beyond it are not trusted. */
  logEnd(partition: number): bigint | undefined
  /** Judges a record; a promise where that takes long. */
  judge(value: Buffer): Verdict | Promise<Verdict>
  /** Shared by all replays. */
  readonly turns: Turns
}

/**
 * How a replay ended; `abandoned` when the reader of the chunks stopped early, `busy` when there
 * was no memory for a page of it in time.
 */
export type ReplayOutcome = 'complete' | 'capped' | 'degraded' | 'timeout' | 'abandoned' | 'busy'

/** There was no memory for a page. */
class NoMemory extends Error {
  override readonly name = 'NoMemory'
}
/** Copies of a page in memory: its records, and the frames made of them. */
const copies = 2

/** Offsets of one partition, inclusive. */
type OffsetRange = ReplayPage['holes'][number]

/** A replay that can be read once. After it, `outcome` says how it ended. */
export class ReplaySession {
  readonly #needs: ReplayNeeds
  readonly #request: ResumeRequest
  readonly #fence: ReadonlyMap<number, bigint>
  readonly #endMs: number
  readonly #startMs: number
  readonly #lastOffsets = new Map<number, bigint>()
  readonly #chunks: Chunks
  readonly #lease: Lease
  /** Undefined for a replay by partition. */
  readonly #threads: ThreadAccount | undefined
  #sliceEndMs = -Infinity
  #replayed = 0
  #isCapped = false
  #degraded: string | undefined
  readonly #rest = new Map<number, MissedRange>()
  outcome: ReplayOutcome = 'abandoned'

  /** @param fence for each partition the first offset that is delivered live */
  constructor(needs: ReplayNeeds, request: ResumeRequest, fence: ReadonlyMap<number, bigint>) {
    this.#needs = needs
    this.#request = request
    this.#fence = fence
    this.#startMs = needs.clock.nowMs()
    this.#endMs = this.#startMs + needs.timeoutMs
    this.#chunks = new Chunks(needs.chunkBytesMax)
    this.#lease = new Lease(needs.pages, needs.clock)
    const isByThread = request.mode === 'thread'
    this.#threads = isByThread ? new ThreadAccount(request.sequences, needs.notes) : undefined
  }

  /**
   * The rest of a capped replay by partition: below the fence, neither sent nor declared. It was
   * not read, so each offset counts as a record.
   */
  get rest(): readonly MissedRange[] {
    return this.#threads === undefined ? [...this.#rest.values()] : []
  }

  /**
   * The replay as wire bytes, cut at frame boundaries. When the time is over, the last chunk is the
   * error frame, and `outcome` is `timeout`.
   */
  async *chunks(): AsyncGenerator<Buffer, void, undefined> {
    const { mode, from } = this.#request
    this.#needs.metrics.resumeRequests.of({ mode }).add()
    try {
      yield* mode === 'partition' && from === 'latest' ? this.#latest() : this.#replay()
      this.outcome = this.#isCapped ? 'capped' : this.#degraded ? 'degraded' : 'complete'
    } catch (error) {
      if (error instanceof NoMemory) {
        this.outcome = 'busy'
        return
      }
      if (!(error instanceof DeadlineError)) throw error
      this.outcome = 'timeout'
      yield jsonFrame(errorBody('REPLAY_TIMEOUT'))
    } finally {
      this.#lease.end()
      this.#threads?.end()
      this.#account()
    }
  }

  async *#latest(): AsyncGenerator<Buffer> {
    const partitions = await this.#partitions()
    const retained = await this.#retained(partitions.filter((one) => !this.#fence.has(one)))
    for (const partition of partitions) {
      const fence = this.#fence.get(partition)
      const newest = fence === undefined ? retained.get(partition)?.newest : fence - 1n
      if (newest !== undefined && newest >= 0n) this.#lastOffsets.set(partition, newest)
    }
    yield this.#complete()
  }

  async *#replay(): AsyncGenerator<Buffer> {
    const partitions = await this.#partitions()
    const retained = await this.#retained(partitions)
    const plans = partitions.map((partition) => this.#plan(partition, retained.get(partition)))
    for (const plan of plans) {
      if (plan?.stale === undefined) continue
      this.#needs.metrics.replayStaleCursors.add()
      yield* this.#put(staleFrame(plan.stale))
    }
    for (const plan of plans) if (plan !== undefined) yield* this.#walk(plan.leg)
    for (const missing of this.#threads?.missing() ?? []) yield* this.#put(this.#missing(missing))
    yield* this.#flush()
    yield this.#complete()
  }

  #plan(partition: number, retained: Retained | undefined) {
    return legOf(this.#request, {
      partition,
      retained,
      fence: this.#fence.get(partition),
      logEnd: this.#needs.logEnd(partition),
      epoch: this.#needs.store.epoch,
    })
  }

  /** Walks a partition page by page; chunks are flushed after each page. */
  async *#walk(leg: Leg): AsyncGenerator<Buffer> {
    const { partition, before } = leg
    let { after } = leg
    let hasMore = after + 1n < before
    while (hasMore && !this.#isCapped) {
      const page = await this.#page({ partition, after, before })
      this.#degraded ??= page.degraded
      yield* this.#send(leg, page)
      yield* this.#flush()
      this.#lease.end()
      after = page.through
      hasMore = page.hasMore
    }
    // The leg in which the cap was reached, and those after it.
    if (hasMore && this.#isCapped && !this.#rest.has(partition)) this.#leaveOut(leg, after + 1n)
  }

  /**
   * The next page, once there is memory for it; a record that is larger than a page is read again
   * when there is memory for it.
   */
  async #page({ partition, after, before }: Leg): Promise<ReplayPage> {
    const { pageWaitMs, store } = this.#needs
    for (let budgetBytes = pageBytesMax; ; ) {
      const limitMs = Math.min(pageWaitMs, this.#leftMs())
      if (!(await this.#lease.hold(copies * budgetBytes, limitMs))) throw new NoMemory()
      const page = await this.#timed('a page of a replay', (signal) =>
        store.page(partition, after, before, signal, budgetBytes),
      )
      if (page.neededBytes === undefined) {
        this.#lease.shrink(copies * bytesOf(page))
        return page
      }
      budgetBytes = page.neededBytes
    }
  }

  /** Records and gaps of a page in the order of their offsets. */
  async *#send(leg: Leg, { records, holes }: ReplayPage): AsyncGenerator<Buffer> {
    const { partition } = leg
    let hole = 0
    for (const { offset, value } of records) {
      for (; hole < holes.length && holes[hole]!.firstOffset < offset; hole++) {
        yield* this.#put(this.#hole(partition, holes[hole]!))
      }
      if (this.#threads !== undefined && this.#isSliceOver) await this.#nextSlice()
      const verdict = this.#threads && this.#needs.judge(value)
      const choice = this.#choose(verdict instanceof Promise ? await verdict : verdict)
      if (choice === 'capped') return this.#leaveOut(leg, offset)
      if (choice === 'unreadable') {
        yield* this.#put(this.#hole(partition, { firstOffset: offset, lastOffset: offset }))
      } else if (choice === 'sent') {
        this.#replayed += 1
        this.#lastOffsets.set(partition, offset)
        yield* this.#put(recordFrames(partition, offset, value))
      }
    }
    for (; hole < holes.length; hole++) yield* this.#put(this.#hole(partition, holes[hole]!))
  }

  /**
   * Decides about a record; only sent records enter the thread account. A record with more threads
   * than its verdict lists may hold a requested event.
   *
   * @param verdict for a replay by thread
   */
  #choose(verdict: Verdict | undefined): 'sent' | 'skipped' | 'unreadable' | 'capped' {
    const isFull = this.#replayed >= this.#needs.recordsMax
    const threads = this.#threads
    if (threads === undefined || verdict === undefined) return isFull ? 'capped' : 'sent'
    if (!verdict.isValid) return 'unreadable'
    if (verdict.isCut === undefined && !threads.wants(verdict.threads)) return 'skipped'
    if (isFull || threads.isFull()) return 'capped'
    threads.note(verdict.threads)
    return 'sent'
  }

  #leaveOut({ partition, before }: Leg, firstOffset: bigint): void {
    this.#isCapped = true
    const count = Number(before - firstOffset)
    this.#rest.set(partition, { partition, firstOffset, lastOffset: before - 1n, count })
  }

  get #isSliceOver(): boolean {
    return this.#needs.clock.nowMs() >= this.#sliceEndMs
  }

  /** Yields to the event loop, because the time of a slice is over. */
  async #nextSlice(): Promise<void> {
    const { clock, turns } = this.#needs
    await turns.next()
    this.#sliceEndMs = clock.nowMs() + sliceMs
    if (clock.nowMs() >= this.#endMs) throw this.#late()
  }

  *#put(bytes: Buffer): Generator<Buffer> {
    const chunk = this.#chunks.add(bytes)
    if (chunk !== undefined) yield this.#inTime(chunk)
  }

  *#flush(): Generator<Buffer> {
    const chunk = this.#chunks.rest()
    if (chunk !== undefined) yield this.#inTime(chunk)
  }

  /** @throws DeadlineError when the whole replay has taken too long */
  #inTime(chunk: Buffer): Buffer {
    if (this.#needs.clock.nowMs() >= this.#endMs) throw this.#late()
    return chunk
  }

  /**
   * Every partition that the buffer or the live stream knows. Other partitions that the client
   * names are considered only where the buffer cannot list its own.
   */
  async #partitions(): Promise<number[]> {
    const { mode, from, cursors } = this.#request
    const stored = await this.#timed('listing the partitions of a replay', (signal) =>
      this.#needs.store.partitions(signal),
    )
    this.#degraded ??= stored.degraded
    const isByCursor = mode === 'partition' && from === 'cursor'
    const asked = isByCursor && stored.degraded !== undefined ? cursors.keys() : []
    const all = new Set([...asked, ...stored.found, ...this.#fence.keys()])
    return [...all].toSorted((a, b) => a - b)
  }

  async #retained(partitions: readonly number[]): Promise<ReadonlyMap<number, Retained>> {
    const { found, degraded } = await this.#timed('the bounds of a replay', (signal) =>
      this.#needs.store.retained(partitions, signal),
    )
    this.#degraded ??= degraded
    return found
  }

  /** Runs work within the time that is left of the whole deadline. */
  async #timed<T>(what: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    return withDeadline(this.#needs.clock, this.#leftMs(), what, work)
  }

  /** @throws DeadlineError when no time is left */
  #leftMs(): number {
    const leftMs = this.#endMs - this.#needs.clock.nowMs()
    if (leftMs <= 0) throw this.#late()
    return leftMs
  }

  #late(): DeadlineError {
    return new DeadlineError('a replay', this.#needs.timeoutMs)
  }

  #hole(partition: number, { firstOffset, lastOffset }: OffsetRange): Buffer {
    const count = lastOffset - firstOffset + 1n
    this.#countGap('partition', count)
    return gapFrame(count, { partition, firstOffset, lastOffset })
  }

  #missing({ thread: threadId, first, last }: MissingSequences): Buffer {
    const count = last - first + 1n
    this.#countGap('thread', count)
    return gapFrame(count, { threadId, firstSequence: first, lastSequence: last })
  }

  /** Counted by kind of gap: a replay by thread declares gaps of partitions as well. */
  #countGap(mode: 'partition' | 'thread', count: bigint): void {
    const { metrics } = this.#needs
    metrics.replayGaps.of({ mode }).add()
    metrics.replayGapMessages.of({ mode }).add(Number(count))
  }

  #complete(): Buffer {
    const { mode, from } = this.#request
    return controlFrame({
      type: 'replay_complete',
      mode: mode === 'thread' ? mode : from,
      totalReplayed: this.#replayed,
      lastOffsetsByPartition: this.#lastOffsets,
      capped: this.#isCapped,
      schema_version: CONTROL_SCHEMA_VERSION,
      epoch: this.#needs.store.epoch,
      ...(this.#degraded !== undefined && { degraded: this.#degraded }),
    })
  }

  #account(): void {
    const { metrics, clock } = this.#needs
    const { mode } = this.#request
    metrics.replayOutcomes.of({ outcome: this.outcome }).add()
    metrics.replayMessages.of({ mode }).add(this.#replayed)
    metrics.replayLatency.of({ mode }).observe(clock.nowMs() - this.#startMs)
  }
}

const bytesOf = ({ records }: ReplayPage): number =>
  records.reduce((sum, { value }) => sum + value.length, 0)
