/**
 * The frames of clients: ping, resume, cursor_reset. Anything else is ignored, as in DashFlow, so
 * that newer clients can talk to older relays.
 *
 * Answers go through a queue that is bounded in bytes. While it is full the relay does not read
 * from the client, so that one that sends without reading fills its own buffers and not ours.
 */
import {
  type ClientFrame,
  type NoFrame,
  parseClientFrame,
  type Parsed,
} from '../../proto/control.ts'
import { inboundBytesMax, type Inbound, type Reading } from '../adapters/sockets.ts'
import { frame, jsonFrame, opcodes } from '../log/frames.ts'
import type { Share } from '../limits/ledger.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { ClientRates } from '../limits/seam.ts'
import { tooMuchOf } from '../replay/resume.ts'
import type { Requests } from './requests.ts'
import type { Session } from './session.ts'
import type { CloseReason } from '../tables/close-codes.ts'
import type { Clock } from '../world/clock.ts'
import type { Slices } from '../world/turns.ts'

export interface ControlNeeds {
  readonly metrics: Metrics
  readonly requests: Pick<Requests, 'resume' | 'reset'>
  readonly clock: Clock
  /** Time for the frames of all clients in one turn of the event loop. */
  readonly slices: Slices
  /** Memory account of frames that wait for a slice. */
  readonly memory: Pick<Share, 'add' | 'excessBytes'>
}
interface WaitingFrame {
  readonly bytes: number
  readonly take: () => void
}
/** Memory of a waiting frame in addition to its content. */
const waitingBytes = 256

const pong = jsonFrame({ type: 'pong' })
const closeReasons: Readonly<Record<number, CloseReason>> = {
  1007: 'invalid_text',
  1008: 'too_many_fragments',
  1009: 'frame_too_large',
}

/** Handles the frames of one client. */
export class Control implements Inbound {
  readonly #needs: ControlNeeds
  readonly #session: Session
  readonly #reading: Reading
  readonly #rates: ClientRates
  #isCrowded = false
  #isThrottled = false
  /** Frames that wait for a slice, in order. The socket is not read meanwhile. */
  #waiting: WaitingFrame[] | undefined

  constructor(needs: ControlNeeds, session: Session, reading: Reading, rates: ClientRates) {
    this.#needs = needs
    this.#session = session
    this.#reading = reading
    this.#rates = rates
  }

  onText(text: string): void {
    if (this.#mustWait) this.#wait(2 * text.length, () => this.#takeText(text))
    else this.#takeText(text)
  }

  onPing(payload: Buffer): void {
    if (this.#mustWait) this.#wait(payload.length, () => this.#takePing(payload))
    else this.#takePing(payload)
  }

  onUnknownFrame(bytes: number): void {
    this.#count(bytes)
  }

  onClose(): void {
    const close = () => this.#session.close('client_left')
    if (this.#waiting === undefined) close()
    else this.#wait(0, close)
  }

  onProtocolError(code: number): void {
    if (this.#waiting === undefined) this.#takeBreach(code)
    else this.#wait(0, () => this.#takeBreach(code))
  }

  onEnd(): void {
    const close = () => this.#session.outlet.close('client_gone')
    if (this.#waiting === undefined) close()
    else this.#wait(0, close)
  }

  onHeldBack(): void {
    this.#session.close('frame_held_back')
  }

  /** The queue of answers has been written. */
  drained(): void {
    this.#isCrowded = false
    this.#readOn()
  }

  get #mustWait(): boolean {
    return this.#waiting !== undefined || this.#needs.slices.isOver
  }

  /**
   * One read can bring thousands of frames, and many sockets may be read in one turn. Where no
   * memory is left for waiting frames, they are handled at once: rather a turn that is too long.
   */
  #wait(contentBytes: number, take: () => void): void {
    const { memory } = this.#needs
    const bytes = waitingBytes + contentBytes
    if (memory.excessBytes + bytes > 0) {
      for (const one of this.#waiting?.splice(0) ?? []) this.#takeWaiting(one)
      return take()
    }
    memory.add(bytes)
    if (this.#waiting !== undefined) return void this.#waiting.push({ bytes, take })
    this.#waiting = [{ bytes, take }]
    this.#reading.pause()
    void this.#goOn(this.#waiting)
  }

  async #goOn(waiting: WaitingFrame[]): Promise<void> {
    const { slices } = this.#needs
    while (waiting.length > 0) {
      await slices.next()
      let taken = 0
      while (taken < waiting.length && (taken === 0 || !slices.isOver)) {
        this.#takeWaiting(waiting[taken]!)
        taken += 1
      }
      waiting.splice(0, taken)
    }
    this.#waiting = undefined
    this.#readOn()
  }

  #takeWaiting({ bytes, take }: WaitingFrame): void {
    this.#needs.memory.add(-bytes)
    take()
  }

  #takeText(text: string): void {
    if (!this.#count(Buffer.byteLength(text))) return
    const read = parseClientFrame(text)
    if (!read.ok) return this.#unread(read, text)
    const { type } = read.frame
    if (type === 'ping') this.#answer(pong)
    else if (type === 'resume') this.#resume(read, text)
    else this.#needs.requests.reset(this.#session)
    this.#session.endResumeGrace()
  }

  /** Unknown frames are ignored; a resume with too many entries is refused as such. */
  #unread(read: NoFrame, text: string): void {
    const { metrics } = this.#needs
    if (read.reason === 'invalid_json') return metrics.controlParseFailures.add()
    if (read.reason === 'too_many_entries') {
      metrics.controlOversized.add()
      if (tooMuchOf(read) === undefined) return
      this.#resume(read, text)
    }
    this.#session.endResumeGrace()
  }

  #takePing(payload: Buffer): void {
    if (!this.#count(payload.length)) return
    this.#answer(frame(opcodes.pong, payload))
  }

  #takeBreach(code: number): void {
    if (code !== 1009) return this.#session.close(closeReasons[code] ?? 'protocol_error')
    this.#needs.metrics.controlOversized.add()
    this.#session.refuse('CONTROL_FRAME_TOO_LARGE', `more than ${inboundBytesMax}`)
  }

  /** Counts what the client sent. @returns false after the client was closed */
  #count(bytes: number): boolean {
    if (this.#session.isOver) return false
    this.#session.onActivity()
    const waitMs = this.#rates.frame(bytes)
    if (waitMs > 0 && !this.#isThrottled) this.#throttle(waitMs)
    return true
  }

  /** Pauses reading: a client that sends too much fills its own buffers. */
  #throttle(waitMs: number): void {
    this.#needs.metrics.clientsThrottled.add()
    this.#isThrottled = true
    this.#reading.pause()
    this.#needs.clock.after(
      waitMs,
      () => {
        this.#isThrottled = false
        this.#readOn()
      },
      true,
    )
  }

  #readOn(): void {
    const isHeld = this.#isCrowded || this.#isThrottled || this.#waiting !== undefined
    if (!isHeld) this.#reading.resume()
  }

  #resume(read: Parsed<ClientFrame>, text: string): void {
    if (this.#rates.mayResume()) return this.#needs.requests.resume(this.#session, read, text)
    this.#needs.metrics.requestsRefused.of({ reason: 'resume_rate' }).add()
    this.#session.refuse('TOO_MANY_RESUMES')
  }

  /** Frames already received are still answered: half of the queue is kept free for them. */
  #answer(answer: Buffer): void {
    const { outlet } = this.#session
    outlet.control(answer)
    if (!outlet.isCrowded) return
    this.#isCrowded = true
    this.#reading.pause()
  }
}
