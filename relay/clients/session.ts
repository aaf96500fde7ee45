/**
 * One client while it is connected: what it is sent when it falls behind the ring, when it is
 * closed as too slow, and how its silence is detected.
 */
import { closeFrame, frame, jsonFrame, opcodes } from '../log/frames.ts'
import { severityOf, type Signals } from '../health/signals.ts'
import type { MissedRange } from '../log/record.ts'
import type { Outlet } from '../stages/seam.ts'
import type { Visitor } from '../limits/seam.ts'
import { gapFrame } from '../replay/replay-frames.ts'
import { closeRows, type CloseReason } from '../tables/close-codes.ts'
import { closeAfter, errorBody, type ErrorCode } from '../tables/errors.ts'
import type { Settings } from '../tables/settings.ts'
import type { Clock } from '../world/clock.ts'

export interface SessionNeeds {
  readonly settings: Settings
  readonly clock: Clock
  readonly signals: Signals
  onSlow(): void
}

export class Session {
  readonly #needs: SessionNeeds
  readonly #openedMs: number
  readonly outlet: Outlet
  readonly visitor: Visitor
  #isInResumeGrace = true
  /** What a capped replay has left out, and until when the client may request it. */
  #rest: { readonly left: readonly MissedRange[]; readonly untilMs: number } | undefined
  #lastActivityMs: number
  #pingedMs: number | undefined
  #windowFromMs: number
  #missedInWindow = 0
  /** Records that it misses now and that no gap has declared yet. */
  #counted = 0
  /** Its last frames are being written: whatever it sends now is ignored. */
  isOver = false

  /** @param open makes the outlet, which reports back to this session */
  constructor(needs: SessionNeeds, visitor: Visitor, open: (session: Session) => Outlet) {
    this.#needs = needs
    this.visitor = visitor
    this.#openedMs = this.#lastActivityMs = this.#windowFromMs = needs.clock.nowMs()
    this.outlet = open(this)
  }

  /** The client sent something. */
  onActivity(): void {
    this.#lastActivityMs = this.#needs.clock.nowMs()
    this.#pingedMs = undefined
  }

  /** Live delivery starts: the client has sent a frame, or the grace time is over. */
  endResumeGrace(): void {
    if (!this.#isInResumeGrace) return
    this.#isInResumeGrace = false
    this.outlet.goLive()
  }

  /** Sets the outlet's fence; the rest of a capped replay is being requested now. */
  fence(): boolean {
    const isFenced = this.outlet.fence()
    if (isFenced) this.#rest = undefined
    return isFenced
  }

  /**
   * A replay was capped. Live records would move the client's cursor past the rest, so they wait
   * until the client has had time to request it: the deadline of a write, because the end of the
   * replay is still being written. After that the rest is declared as a gap.
   */
  offerRest(left: readonly MissedRange[]): void {
    const { clock, settings } = this.#needs
    this.#rest = { left, untilMs: clock.nowMs() + settings.sendTimeoutMs }
  }

  /** Checks everything that depends on time. */
  sweep(nowMs: number): void {
    this.outlet.sweep(nowMs)
    if (this.#rest !== undefined && nowMs >= this.#rest.untilMs) this.#giveUpRest(this.#rest.left)
    const { pingIntervalMs, resumeGraceMs } = this.#needs.settings
    if (this.#isInResumeGrace && nowMs - this.#openedMs >= resumeGraceMs) this.endResumeGrace()
    if (this.#pingedMs !== undefined) {
      if (nowMs - this.#pingedMs >= pingIntervalMs) this.outlet.close('ping_timeout')
    } else if (nowMs - this.#lastActivityMs >= pingIntervalMs) {
      this.#pingedMs = nowMs
      this.outlet.control(pingFrame)
    }
  }

  /**
   * Counts what the client misses by now, for metrics and /health. A client that reads nothing can
   * be sent a gap only when it reads again, which may be never.
   */
  misses(count: number): void {
    const before = this.#counted
    this.#counted = Math.max(0, count)
    if (count > before) this.#needs.signals.clientLapped(count - before, before)
  }

  /** Sends the client exact gaps for what it missed; closes it when that is too much. */
  lapped(missed: readonly MissedRange[]): void {
    const count = missed.reduce((sum, range) => sum + range.count, 0)
    this.misses(count)
    this.#counted = 0
    const lag = this.#countLag(count)
    const { lagDisconnectRecords } = this.#needs.settings
    if (lagDisconnectRecords > 0 && lag >= lagDisconnectRecords) {
      this.#needs.onSlow()
      this.close('slow_client', gapFrames(missed), jsonFrame(this.#disconnectBody(lag)))
      return
    }
    this.sendGaps(missed)
  }

  /** Sends the client gaps for what it will not get; closes it if the queue is full. */
  sendGaps(missed: readonly MissedRange[], why = slowness): void {
    if (missed.length === 0) return
    if (!this.outlet.control(gapFrames(missed, why))) this.outlet.close('control_backlog')
  }

  /** Answers with an `error` frame, and closes if the table says so. */
  refuse(code: ErrorCode, found: string | number = ''): void {
    const answer = jsonFrame(errorBody(code, found))
    const reason = closeAfter(code)
    if (reason === undefined) this.outlet.control(answer)
    else this.close(reason, answer)
  }

  /** Closes the client with last frames and a close frame, as far as the socket accepts them. */
  close(reason: CloseReason, ...last: readonly Buffer[]): void {
    this.isOver = true
    const { code, says } = closeRows[reason]
    this.outlet.close(reason, Buffer.concat([...last, closeFrame(code, says)]))
  }

  #giveUpRest(left: readonly MissedRange[]): void {
    this.#rest = undefined
    this.sendGaps(left, 'by a replay that reached its limit')
    this.outlet.unfence()
  }

  #countLag(count: number): number {
    const { lagWindowMs } = this.#needs.settings
    const nowMs = this.#needs.clock.nowMs()
    if (lagWindowMs > 0 && nowMs - this.#windowFromMs > lagWindowMs) {
      this.#windowFromMs = nowMs
      this.#missedInWindow = 0
    }
    this.#missedInWindow += count
    return this.#missedInWindow
  }

  #disconnectBody(lag: number): Record<string, unknown> {
    const { lagDisconnectRecords, lagWindowMs } = this.#needs.settings
    const seconds = lagWindowMs / 1_000
    const span = seconds > 0 ? `within ${seconds}s window` : 'lifetime'
    return {
      type: 'disconnect',
      reason: 'backpressure',
      lag_in_window: lag,
      cumulative_lag: lag,
      threshold: lagDisconnectRecords,
      window_secs: seconds,
      message:
        `Disconnected due to slow consumption (${lag} messages dropped ${span}). ` +
        'Please reconnect using the resume protocol.',
    }
  }
}

const pingFrame = frame(opcodes.ping, new Uint8Array(0))

const slowness = 'due to slow connection'

/** DashFlow's fields, and the offsets of the missed records. */
const gapFrames = (missed: readonly MissedRange[], why = slowness): Buffer =>
  Buffer.concat(
    missed.map(({ count, ...place }) => {
      const severity = severityOf(count)
      const message = `[${severity.toUpperCase()}] ${count} messages missed ${why}`
      return gapFrame(BigInt(count), place, { severity, message })
    }),
  )
