/**
 * Requests of clients to the replay buffer: replays, each fenced against the live stream, and the
 * reset of the buffer, which affects all clients and is therefore restricted.
 */
import { FenceQueue, type ReadPositions } from './fence-queue.ts'
import type { ClientFrame, Parsed } from '../../proto/control.ts'
import { controlFrame } from '../replay/replay-frames.ts'
import type { ResumeRequest } from '../replay/resume.ts'
import { ReplaySession } from '../replay/session.ts'
import { Turns } from '../world/turns.ts'
import type { ReplayStore, ResumeParser } from '../replay/seam.ts'
import type { Session } from './session.ts'
import type { ErrorCode } from '../tables/errors.ts'
import type { metricRows } from '../tables/metrics.ts'
import { withDeadline } from '../world/deadline.ts'
import type { Settings } from '../tables/settings.ts'
import type { Clock } from '../world/clock.ts'
import type { Logger } from '../adapters/logger.ts'
import { Judge } from '../stages/judge.ts'
import { Ledger, type ReplayPages } from '../limits/ledger.ts'
import type { Rates, ReplayGate } from '../limits/seam.ts'
import type { Metrics } from '../metrics/metrics.ts'

/** Most partitions that the answer to a reset names. */
const resetPartitionsMax = 100
/** Memory of an entry of a request in addition to its name: a text, a number, entries in maps. */
const entryBytes = 128

type Cleared = Awaited<ReturnType<ReplayStore['clear']>>
type RefusalReason = (typeof metricRows)['requestsRefused']['labels']['reason'][number]

/** The parts of the relay that answer requests. */
export interface RequestsWiring {
  readonly settings: Settings
  readonly world: { readonly clock: Clock; readonly logger: Logger }
  readonly metrics: Metrics
  readonly judge: Judge
  readonly ledger: Ledger
  readonly parts: {
    readonly resumes: ResumeParser
    readonly rates: Rates
    readonly replayGate: ReplayGate
    readonly replayPages: ReplayPages
    readonly replayStore: ReplayStore
  }
}

export class Requests {
  readonly #wiring: RequestsWiring
  readonly #needs: ReadPositions
  readonly #turns = new Turns()
  #clearing: Promise<Cleared> | undefined
  readonly #fences: FenceQueue

  constructor(wiring: RequestsWiring, needs: ReadPositions) {
    this.#wiring = wiring
    this.#needs = needs
    const { settings, world } = wiring
    this.#fences = new FenceQueue(world.clock, needs, settings.replayTimeoutMs)
  }

  /** Begins the replay that a frame requests, or answers with an error. */
  resume(session: Session, read: Parsed<ClientFrame>, text: string): void {
    const request = this.#wiring.parts.resumes.parse(read, text)
    if ('refused' in request) {
      this.#wiring.metrics.resumeRefusals.of({ code: request.refused }).add()
      return session.refuse(request.refused, request.found)
    }
    const bytes = costOf(request)
    const asked = this.#wiring.ledger.share('replay_requests')
    if (!asked.take(bytes)) return this.#busy(session)
    if (!session.fence()) {
      asked.give(bytes)
      return session.refuse('REPLAY_IN_PROGRESS')
    }
    void this.#replay(session, request).finally(() => asked.give(bytes))
  }

  /** Clears everything that could be replayed, and sends this client the newest offsets. */
  reset(session: Session): void {
    if (!session.visitor.mayAdminister) {
      return this.#refuse(session, 'reset_forbidden', 'CURSOR_RESET_FORBIDDEN')
    }
    // A request during a reset shares it.
    if (this.#clearing === undefined && !this.#wiring.parts.rates.mayReset()) {
      return this.#refuse(session, 'reset_rate', 'TOO_MANY_RESETS')
    }
    void this.#reset(session)
  }

  async #replay(session: Session, request: ResumeRequest): Promise<void> {
    const { parts, world } = this.#wiring
    const fence = await this.#fences.place(session, request)
    if (fence === undefined) return session.refuse('REPLAY_TIMEOUT')
    const replay = this.#begin(request, fence)
    const { address } = session.visitor
    try {
      const onRefused = () => this.#busy(session)
      await session.outlet.replay(parts.replayGate.pass(replay.chunks(), address, onRefused))
    } catch (error) {
      world.logger.error({ err: error }, 'a replay failed')
      return session.refuse('REPLAY_FAILED')
    }
    const { outcome } = replay
    if (outcome === 'complete' || outcome === 'degraded') session.outlet.unfence()
    else if (outcome === 'capped') session.offerRest(replay.rest)
    else if (outcome === 'timeout') session.close('replay_timeout')
    else if (outcome === 'busy') this.#busy(session)
  }

  #begin(request: ResumeRequest, fence: ReadonlyMap<number, bigint>): ReplaySession {
    const { judge, ledger, metrics, parts, settings, world } = this.#wiring
    const needs = {
      clock: world.clock,
      metrics,
      store: parts.replayStore,
      timeoutMs: settings.replayTimeoutMs,
      recordsMax: settings.replayRecordsMax,
      chunkBytesMax: settings.clientWriteBytesMax,
      pages: parts.replayPages,
      pageWaitMs: settings.replayWaitMs,
      notes: ledger.share('replay_requests'),
      logEnd: (partition: number) => this.#needs.logEnd(partition),
      judge: (value: Buffer) => {
        return judge.isLarge(value) ? judge.judgeInWorker(value, false) : judge.judge(value)
      },
      turns: this.#turns,
    }
    return new ReplaySession(needs, request, fence)
  }

  /** Clears the buffer, or reports that it could not; never throws. */
  async #clear(): Promise<Cleared> {
    const { parts, settings, world } = this.#wiring
    const work = (signal: AbortSignal) => parts.replayStore.clear(signal)
    const limitMs = settings.redisClearTimeoutMs
    const cleared = await withDeadline(world.clock, limitMs, 'the reset', work).catch(
      () => ({ isCleared: false, keys: 0 }),
    )
    this.#clearing = undefined
    world.logger.warn({ ...cleared }, 'a client has reset the replay buffer')
    return cleared
  }

  #busy(session: Session): void {
    this.#refuse(session, 'replay_busy', 'REPLAY_BUSY')
  }

  #refuse(session: Session, reason: RefusalReason, code: ErrorCode): void {
    this.#wiring.metrics.requestsRefused.of({ reason }).add()
    session.refuse(code)
  }

  async #reset(session: Session): Promise<void> {
    const store = this.#wiring.parts.replayStore
    const ends = [...this.#needs.positions()].map(([one, next]) => [one, next - 1n] as const)
    const latest = ends.filter(([, offset]) => offset >= 0n).toSorted(([a], [b]) => a - b)
    const { isCleared, keys } = await (this.#clearing ??= this.#clear())
    const outcome = isCleared ? 'cleared' : 'not_cleared'
    this.#wiring.metrics.cursorResets.of({ outcome }).add()
    const shown = latest.slice(0, resetPartitionsMax)
    const isTruncated = shown.length < latest.length
    const note = isTruncated ? ` (showing first ${resetPartitionsMax}, truncated)` : ''
    const cleared = isCleared ? `Replay buffer cleared (${keys} keys).` : 'Buffer NOT cleared.'
    const body = {
      type: 'cursor_reset_complete' as const,
      latestOffsetsByPartition: new Map(shown),
      bufferCleared: isCleared,
      truncated: isTruncated,
      totalPartitions: latest.length,
      message:
        `Cursor reset complete. ${latest.length} partition(s) available${note}. ${cleared} ` +
        "Use these offsets for 'from:cursor' resume.",
      epoch: store.epoch,
    }
    session.outlet.control(controlFrame(body))
  }
}

/** Bytes that a request holds while it waits and is served: an upper estimate. */
function costOf({ cursors, sequences }: ResumeRequest): number {
  let bytes = entryBytes * (1 + cursors.size + 2 * sequences.size)
  for (const thread of sequences.keys()) bytes += 2 * thread.length
  return bytes
}
