/**
 * One client for as long as it is connected: what it is told when it falls off the log, when it is
 * closed for being slow, and how its silence is noticed.
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
  #isGreeting = true
  /** What a capped replay has left out, and until when the client may ask for it. */
  #rest: { readonly left: readonly MissedRange[]; readonly untilMs: number } | undefined
  #heardMs: number
  #pingedMs: number | undefined
  #windowFromMs: number
  #missedInWindow = 0
  /** Of what it is missing now and was not told of yet. */
  #counted = 0
  /** Its last frames are on their way: what it sends now is of no interest any more. */
  isOver = false

  /** @param open makes the outlet, which reports back to this session */
  constructor(needs: SessionNeeds, visitor: Visitor, open: (session: Session) => Outlet) {
    this.#needs = needs
    this.visitor = visitor
    this.#openedMs = this.#heardMs = this.#windowFromMs = needs.clock.nowMs()
    this.outlet = open(this)
  }

  /** The client sent something, whatever it was. */
  heard(): void {
    this.#heardMs = this.#needs.clock.nowMs()
    this.#pingedMs = undefined
  }

  /** Live records may flow: it has resumed, or said that it will not, or its time is over. */
  greeted(): void {
    if (!this.#isGreeting) return
    this.#isGreeting = false
    this.outlet.goLive()
  }

  /** As the outlet's: what was left to be asked for is being asked for. */
  fence(): boolean {
    const isFenced = this.outlet.fence()
    if (isFenced) this.#rest = undefined
    return isFenced
  }

  /**
   * A replay was capped. Live records would carry the client's cursor past what is left, so they
   * wait until it has had time to ask for it: what a write may take, because the end of the
   * replay is still on its way. Then it is told that it will not get it unasked.
   */
  offerRest(left: readonly MissedRange[]): void {
    const { clock, settings } = this.#needs
    this.#rest = { left, untilMs: clock.nowMs() + settings.sendTimeoutMs }
  }

  /** Looks at everything that depends on time. */
  sweep(nowMs: number): void {
    this.outlet.sweep(nowMs)
    if (this.#rest !== undefined && nowMs >= this.#rest.untilMs) this.#giveUpRest(this.#rest.left)
    const { pingIntervalMs, resumeGraceMs } = this.#needs.settings
    if (this.#isGreeting && nowMs - this.#openedMs >= resumeGraceMs) this.greeted()
    if (this.#pingedMs !== undefined) {
      if (nowMs - this.#pingedMs >= pingIntervalMs) this.outlet.close('ping_timeout')
    } else if (nowMs - this.#heardMs >= pingIntervalMs) {
      this.#pingedMs = nowMs
      this.outlet.control(pingFrame)
    }
  }

  /**
   * Counts what the client is missing by now. One that takes nothing cannot be told before it does,
   * and may never be; whoever looks at the relay sees it all the same.
   */
  misses(count: number): void {
    const before = this.#counted
    this.#counted = Math.max(0, count)
    if (count > before) this.#needs.signals.clientLapped(count - before, before)
  }

  /** Tells the client exactly what it missed; closes it when that is too much. */
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
    this.told(missed)
  }

  /** Tells the client what it will not get; a client that takes not even that is closed. */
  told(missed: readonly MissedRange[], why = slowness): void {
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

  /** Ends the client with last frames and a close frame, as far as the socket takes them. */
  close(reason: CloseReason, ...last: readonly Buffer[]): void {
    this.isOver = true
    const { code, says } = closeRows[reason]
    this.outlet.close(reason, Buffer.concat([...last, closeFrame(code, says)]))
  }

  #giveUpRest(left: readonly MissedRange[]): void {
    this.#rest = undefined
    this.told(left, 'by a replay that reached its limit')
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

/** DashFlow's fields, and where the missed records are. */
const gapFrames = (missed: readonly MissedRange[], why = slowness): Buffer =>
  Buffer.concat(
    missed.map(({ count, ...place }) => {
      const severity = severityOf(count)
      const message = `[${severity.toUpperCase()}] ${count} messages missed ${why}`
      return gapFrame(BigInt(count), place, { severity, message })
    }),
  )
