/**
 * One replay: from what a client has to the fence where live delivery begins. Every record below
 * the fence that the client is owed is sent, or declared missing, or lies beyond the cap that the
 * last frame tells of. Nothing is sent twice, and offsets of a partition only ascend.
 */
import { CONTROL_SCHEMA_VERSION, encodeControl, type ServerFrame } from '../../proto/control.ts'
import { frame, jsonFrame, opcodes, recordFrames } from '../log/frames.ts'
import type { Metrics } from '../metrics.ts'
import type { ReplayPage, ReplayStore } from '../parts.ts'
import { errorBody } from '../tables/errors.ts'
import type { Clock } from '../world/clock.ts'
import { DeadlineError, withDeadline } from '../world/deadline.ts'
import type { ResumeRequest } from './resume.ts'

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
  /** Where the log of a partition ends as far as is known; cursors beyond it are not trusted. */
  logEnd(partition: number): bigint | undefined
}

/** How a replay ended; `abandoned` when whoever reads the chunks stopped early. */
export type ReplayOutcome = 'complete' | 'capped' | 'degraded' | 'timeout' | 'abandoned'

/** What one partition's replay covers: above `after`, below `before`. */
interface Leg {
  readonly partition: number
  readonly after: bigint
  readonly before: bigint
}

/** A replay that can be read once. After it, `outcome` says how it ended. */
export class ReplaySession {
  readonly #needs: ReplayNeeds
  readonly #request: ResumeRequest
  readonly #fence: ReadonlyMap<number, bigint>
  readonly #endMs: number
  readonly #startMs: number
  readonly #lastOffsets = new Map<number, bigint>()
  #replayed = 0
  #isCapped = false
  #degraded: string | undefined
  outcome: ReplayOutcome = 'abandoned'

  /** @param fence for each partition the first offset that comes live */
  constructor(needs: ReplayNeeds, request: ResumeRequest, fence: ReadonlyMap<number, bigint>) {
    this.#needs = needs
    this.#request = request
    this.#fence = fence
    this.#startMs = needs.clock.nowMs()
    this.#endMs = this.#startMs + needs.timeoutMs
  }

  /**
   * The replay as wire bytes, cut at frame boundaries. When the time is over, the last chunk is the
   * error frame, and `outcome` is `timeout`.
   */
  async *chunks(): AsyncGenerator<Buffer, void, undefined> {
    this.#needs.metrics.resumeRequests.of({ mode: 'partition' }).add()
    try {
      yield* this.#request.from === 'latest' ? this.#latest() : this.#replay()
      this.outcome = this.#isCapped ? 'capped' : this.#degraded ? 'degraded' : 'complete'
    } catch (error) {
      if (!(error instanceof DeadlineError)) throw error
      this.outcome = 'timeout'
      yield jsonFrame(errorBody('REPLAY_TIMEOUT'))
    } finally {
      this.#account()
    }
  }

  async *#latest(): AsyncGenerator<Buffer> {
    for (const partition of await this.#partitions()) {
      const fence = this.#fence.get(partition)
      const newest = fence === undefined ? (await this.#retained(partition))?.newest : fence - 1n
      if (newest !== undefined && newest >= 0n) this.#lastOffsets.set(partition, newest)
    }
    yield this.#complete()
  }

  async *#replay(): AsyncGenerator<Buffer> {
    const partitions = await this.#partitions()
    const plans = await Promise.all(partitions.map((partition) => this.#plan(partition)))
    for (const { stale } of plans) if (stale !== undefined) yield stale
    for (const { leg } of plans) if (leg !== undefined) yield* this.#walk(leg)
    yield this.#complete()
  }

  /** What the client is owed of a partition, and whether its cursor could be used. */
  async #plan(partition: number): Promise<{ leg: Leg | undefined; stale: Buffer | undefined }> {
    const retained = await this.#retained(partition)
    const requested = this.#request.from === 'cursor' ? this.#cursor(partition) : undefined
    const before = this.#fence.get(partition) ?? (retained ? retained.newest + 1n : undefined)
    if (before === undefined) return { leg: undefined, stale: undefined }
    const oldest = retained === undefined || retained.oldest > before ? before : retained.oldest
    const fromOldest = { partition, after: oldest - 1n, before }
    if (requested === undefined) return { leg: fromOldest, stale: undefined }
    if (this.#isForeign(partition, requested)) {
      return { leg: fromOldest, stale: this.#stale(partition, requested, oldest) }
    }
    const isBelow = requested < oldest - 1n
    const stale = isBelow ? this.#stale(partition, requested, oldest) : undefined
    return { leg: { partition, after: requested, before }, stale }
  }

  /** A cursor of another buffer, or beyond what the log has: it counts as never given. */
  #isForeign(partition: number, requested: bigint): boolean {
    const { epoch } = this.#request
    if (epoch !== undefined && epoch !== this.#needs.store.epoch) return true
    const fence = this.#fence.get(partition)
    const logEnd = this.#needs.logEnd(partition)
    if (logEnd === undefined) return false
    return requested >= (fence !== undefined && fence > logEnd ? fence : logEnd)
  }

  #cursor(partition: number): bigint | undefined {
    return this.#request.cursors.get(partition)
  }

  /** Walks a partition page by page. */
  async *#walk(leg: Leg): AsyncGenerator<Buffer> {
    const { partition, before } = leg
    let { after } = leg
    let hasMore = after + 1n < before
    while (hasMore && !this.#isCapped) {
      const page = await this.#timed('a page of a replay', (signal) =>
        this.#needs.store.page(partition, after, before, signal),
      )
      this.#degraded ??= page.degraded
      yield* this.#send(partition, page)
      after = page.through
      hasMore = page.hasMore
    }
  }

  /** Records and gaps of a page in the order of their offsets, as few chunks. */
  async *#send(partition: number, page: ReplayPage): AsyncGenerator<Buffer> {
    const { chunkBytesMax, recordsMax } = this.#needs
    const holes = page.holes.values()
    let hole = holes.next().value
    let parts: Buffer[] = []
    let bytes = 0
    for (const { offset, value } of page.records) {
      for (; hole !== undefined && hole.firstOffset < offset; hole = holes.next().value) {
        parts.push(this.#gap(partition, hole))
      }
      if (this.#replayed >= recordsMax) {
        this.#isCapped = true
        break
      }
      const frames = recordFrames(partition, offset, value)
      if (bytes > 0 && bytes + frames.length > chunkBytesMax) {
        yield this.#chunk(parts)
        parts = []
        bytes = 0
      }
      parts.push(frames)
      bytes += frames.length
      this.#replayed += 1
      this.#lastOffsets.set(partition, offset)
    }
    for (; hole !== undefined && !this.#isCapped; hole = holes.next().value) {
      parts.push(this.#gap(partition, hole))
    }
    if (parts.length > 0) yield this.#chunk(parts)
  }

  /** @throws DeadlineError when the client has been too slow for the whole */
  #chunk(parts: readonly Buffer[]): Buffer {
    if (this.#needs.clock.nowMs() >= this.#endMs) throw this.#late()
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts)
  }

  /** Every partition that the client, the buffer or the live stream knows. */
  async #partitions(): Promise<number[]> {
    const stored = await this.#timed('listing the partitions of a replay', (signal) =>
      this.#needs.store.partitions(signal),
    )
    const asked = this.#request.from === 'cursor' ? this.#request.cursors.keys() : []
    const all = new Set([...asked, ...stored, ...this.#fence.keys()])
    return [...all].toSorted((a, b) => a - b)
  }

  #retained(partition: number) {
    return this.#timed('the bounds of a replay', (signal) =>
      this.#needs.store.retained(partition, signal),
    )
  }

  /** Work under what is left of the whole deadline. */
  async #timed<T>(what: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const leftMs = this.#endMs - this.#needs.clock.nowMs()
    if (leftMs <= 0) throw this.#late()
    return withDeadline(this.#needs.clock, leftMs, what, work)
  }

  #late(): DeadlineError {
    return new DeadlineError('a replay', this.#needs.timeoutMs)
  }

  #gap(partition: number, { firstOffset, lastOffset }: ReplayPage['holes'][number]): Buffer {
    const { metrics } = this.#needs
    const count = lastOffset - firstOffset + 1n
    metrics.replayGaps.of({ mode: 'partition' }).add()
    metrics.replayGapMessages.of({ mode: 'partition' }).add(Number(count))
    return controlFrame({
      type: 'gap',
      count,
      partition,
      firstOffset,
      lastOffset,
      severity: 'warning',
      message: 'Replay gap detected; some messages may be lost',
    })
  }

  #stale(partition: number, requested: bigint, oldest: bigint): Buffer {
    this.#needs.metrics.replayStaleCursors.add()
    return controlFrame({
      type: 'cursor_stale',
      partition,
      requested,
      oldest,
      message: 'Cursor is stale; data may have been evicted. State may be incomplete.',
    })
  }

  #complete(): Buffer {
    return controlFrame({
      type: 'replay_complete',
      mode: this.#request.from,
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
    metrics.replayOutcomes.of({ outcome: this.outcome }).add()
    metrics.replayMessages.of({ mode: 'partition' }).add(this.#replayed)
    metrics.replayLatency.of({ mode: 'partition' }).observe(clock.nowMs() - this.#startMs)
  }
}

const controlFrame = (body: ServerFrame): Buffer =>
  frame(opcodes.text, Buffer.from(encodeControl(body)))
