/**
 * One client of the fleet and its life: it joins, reads in its own manner, loses its connection
 * and comes back, floods, says what no honest client says, and leaves. Its number stands for the
 * client, not for the connection: a client that comes back is owed what it missed.
 */
import { createHash } from 'node:crypto'
import { mustReconnect, type ReconnectReason } from '../../relay/client/reconnects.ts'
import { Backoff } from '../../relay/world/backoff.ts'
import { sleep, type Clock, type Timer } from '../../relay/world/clock.ts'
import type { Micros } from '../history/event.ts'
import { openConnection, type Connection, type ConnectionSink } from '../wire/connection.ts'
import { flood, type FloodTarget } from './flood.ts'
import { FrameReader } from '../wire/frame-reader.ts'
import { closeFrame, maskedFrame, type ClientOpcode } from '../wire/frame-writer.ts'
import { helloOf, type Joiner } from './hello.ts'
import { pace, readBytes, type Pace } from '../wire/pace.ts'
import type { Demand, ReferenceReader } from './reference-reader.ts'
import { epochOf, resumeRequest, type ResumeFrom } from './resume-request.ts'
import { RelayStream, type OutOfStep, type Recorder, type StreamOwner } from './relay-stream.ts'

/** What the clients of one process share. */
export interface ClientWorld extends Recorder {
  readonly clock: Clock
  /** Read buffer of all clients that read without a limit. */
  readonly readBuffer: Buffer
}

/** A client as its group wants it. */
export interface ClientPlan extends Joiner {
  /** Set for clients that decode what they get. */
  readonly reference: ReferenceReader | undefined
}

export type Closer = 'relay' | 'client' | 'network'

/** Largest message that is read: the largest payload a relay can be set to, and its framing. */
const messageBytesMax = 257 * 1_024 * 1_024
/** Waiting before coming back. */
const comeback = { firstMs: 100, mostMs: 2_000 }
const reconnectLimitMs = 5_000
/** What may wait in our own send buffer before frames of our own stop being added. */
const unsentBytesMax = 256 * 1_024
const goodbyeLimitMs = 2_000
/** What we say when we leave; and what stands for a close frame without a code. */
const goodbyeCode = 1_000
const noCode = 1_005
const pollMs = 10

/** What the reference client calls a stream that is out of step. */
const reasons: Readonly<Record<OutOfStep, ReconnectReason>> = {
  'cursor-without-record': 'cursor_pairing_desync',
  'record-without-cursor': 'missing_cursor',
  'cursor-malformed': 'cursor_malformed',
}

/** A frame that is sent many times. */
interface Repeated {
  readonly opcode: ClientOpcode
  readonly payload: Buffer
  /** What the history calls it. */
  readonly what: string
  readonly each: number
}

export class Client implements StreamOwner, FloodTarget {
  readonly plan: ClientPlan
  readonly stream: RelayStream
  readonly #world: ClientWorld
  readonly #mask: Buffer
  readonly #pace: Pace | undefined
  readonly #readBuffer: Buffer
  #reader: FrameReader
  #connection: Connection | undefined
  #isOpen = false
  #isStalled = false
  #isLeaving = false
  /** Our own close frame is on its way: what ends the connection now is an answer to it. */
  #hasSaidGoodbye = false
  #comesBack: boolean
  #attempts = 0
  readonly #backoff = new Backoff(comeback)
  #pausedUntil: Timer | undefined
  #comeback: Timer | undefined
  #opening: PromiseWithResolvers<void> | undefined
  #bytesBefore = 0
  /** The replay buffer's epoch that the relay reported last: our cursor belongs to it. */
  #epoch: string | undefined
  closedCount = 0
  refusedCount = 0

  constructor(world: ClientWorld, plan: ClientPlan) {
    this.#world = world
    this.plan = plan
    this.stream = new RelayStream(world, plan.number, this)
    this.#reader = new FrameReader(this.stream, messageBytesMax)
    this.#mask = createHash('sha1').update(`${plan.group}/${plan.number}`).digest().subarray(0, 4)
    const { reads, bytesPerSecond, reconnects } = plan.spec
    this.#comesBack = reconnects === true
    if (reads === 'slow') {
      this.#pace = pace(world.clock, bytesPerSecond ?? 0)
      this.#readBuffer = Buffer.allocUnsafe(readBytes(bytesPerSecond ?? 0))
    } else {
      this.#readBuffer = world.readBuffer
    }
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  get isStalled(): boolean {
    return this.#isStalled
  }

  /** Whether what waits in the kernel for this client waits because of the fleet. */
  get readsAtOnce(): boolean {
    return this.#isOpen && !this.#isStalled && this.#pace === undefined
  }

  get localPort(): number {
    return this.#connection?.localPort ?? 0
  }

  /** Over all connections of this client. */
  get bytesRead(): number {
    return this.#bytesBefore + (this.#isOpen ? (this.#connection?.bytesRead ?? 0) : 0)
  }

  get unsentBytes(): number {
    return this.#connection?.unsentBytes ?? 0
  }

  write(bytes: Buffer): void {
    this.#connection?.write(bytes)
  }

  /** Connects; settles once the client is open or was refused. Never rejects. */
  open(limitMs: number): Promise<void> {
    if (this.#opening !== undefined) return this.#opening.promise
    this.#comeback?.cancel()
    this.#attempts += 1
    const hello = helloOf(this.plan, String(this.#attempts))
    this.#opening = Promise.withResolvers<void>()
    this.#reader = new FrameReader(this.stream, messageBytesMax)
    const sink = this.#sinkOf(this.#attempts)
    const { clock } = this.#world
    this.#connection = openConnection(clock, hello, limitMs, this.#readBuffer, sink)
    return this.#opening.promise
  }

  /** Stops reading for good, or goes on; holds for connections to come as well. */
  setReading(isStalled: boolean): void {
    if (isStalled === this.#isStalled) return
    this.#isStalled = isStalled
    if (this.#isOpen) this.#world.journal.write({ kind: 'stalled', ...this.#now(), isStalled })
    this.#pausedUntil?.cancel()
    if (isStalled) this.#connection?.pause()
    else this.#connection?.resume()
  }

  /** Asks for a replay. */
  resume(from: ResumeFrom): void {
    const { log } = this.stream
    const { reference } = this.plan
    const text =
      reference?.resumeRequest(from) ?? resumeRequest(from, log.cursor(), this.#epoch)
    this.stream.resumed()
    this.send('text', Buffer.from(text), `resume:${from}`)
  }

  /**
   * Sends the same frame `each` times as fast as the relay takes them; see flood.ts.
   *
   * @returns frames that the kernel took
   */
  async sendMany(
    { opcode, payload, what, each }: Repeated,
    idleLimitMs: number,
  ): Promise<number> {
    const frame = maskedFrame(opcode, payload, this.#mask)
    const taken = await flood(this.#world.clock, this, frame, each, idleLimitMs)
    this.#sent(what, taken)
    return taken
  }

  /** Sends one frame; what is said of it in the history is `what`. */
  send(kind: ClientOpcode, payload: Buffer, what: string): void {
    if (!this.#isOpen) return
    this.#connection?.write(maskedFrame(kind, payload, this.#mask))
    this.#sent(what, 1)
  }

  /** Sends the beginning of a frame, and nothing after it. */
  holdBack(unfinished: Buffer): void {
    this.#connection?.write(unfinished)
    this.#sent('hostile:held-back', 1)
  }

  /** Ends the connection immediately. It may be opened again; groups that reconnect do so. */
  drop(how: 'close' | 'reset' = 'reset'): void {
    this.#comeback?.cancel()
    if (this.#isOpen && how === 'close') {
      this.#connection?.write(closeFrame(goodbyeCode, this.#mask))
      this.#connection?.end()
    } else this.#connection?.reset()
    this.#closed(1_006, 'dropped', 'client')
  }

  /**
   * Leaves and never comes back; settles when the socket is gone or the goodbye took too long.
   *
   * @param hungUp local ports on which the relay has hung up already, read or not
   */
  async leave(how: 'close' | 'reset', hungUp: ReadonlySet<number> = new Set()): Promise<void> {
    this.#isLeaving = true
    this.#comeback?.cancel()
    this.#pausedUntil?.cancel()
    if (this.#isOpen && hungUp.has(this.localPort)) return this.#seeOff()
    if (!this.#isOpen || how === 'reset') {
      this.#closed(1_006, 'reset', 'client')
      this.#connection?.reset()
      return
    }
    // One that does not read must not be found out by the answer to its own goodbye either.
    const limitMs = this.#isStalled ? 0 : goodbyeLimitMs
    // What lies in the kernel is read first: the relay may have said goodbye before us.
    if (!this.#isStalled) await sleep(this.#world.clock, 1)
    if (this.#isOpen) {
      this.#hasSaidGoodbye = true
      this.#connection?.write(closeFrame(goodbyeCode, this.#mask))
      await this.#ending(limitMs)
    }
    this.#closed(1_006, 'no answer to our close frame', 'client')
    this.#connection?.reset()
  }

  /** The relay has hung up: what it said before is read, and the end is its own. */
  async #seeOff(): Promise<void> {
    await this.#ending(this.#isStalled ? 0 : goodbyeLimitMs)
    this.#closed(1_006, 'end of stream, unread', 'relay')
    this.#connection?.reset()
  }

  /** Settles when the connection has ended, or after `limitMs`. */
  async #ending(limitMs: number): Promise<void> {
    const { clock } = this.#world
    const untilMs = clock.nowMs() + limitMs
    while (this.#isOpen && clock.nowMs() < untilMs) await sleep(clock, pollMs)
  }

  /** What a connection reports; the reports of one that was given up are ignored. */
  #sinkOf(attempt: number): ConnectionSink {
    const isMine = () => attempt === this.#attempts
    return {
      opened: () => void (isMine() && this.#opened()),
      refused: (status, why) => void (isMine() && this.#refused(status, why)),
      chunk: (bytes, start, end) => void (isMine() && this.#chunk(bytes, start, end)),
      ended: (error) => void (isMine() && this.#ended(error)),
    }
  }

  #settleOpening(): void {
    this.#opening?.resolve()
    this.#opening = undefined
  }

  #opened(): void {
    this.#isOpen = true
    this.#hasSaidGoodbye = false
    this.#backoff.succeeded()
    this.#comesBack = this.plan.spec.reconnects === true
    this.plan.reference?.opened()
    this.#world.journal.write({ kind: 'opened', ...this.#now(), group: this.plan.group })
    this.#settleOpening()
    if (this.#isStalled) {
      this.#world.journal.write({ kind: 'stalled', ...this.#now(), isStalled: true })
      this.#connection?.pause()
    }
    const { resume } = this.plan.spec
    if (this.#attempts > 1) this.resume(this.stream.log.count > 0 ? 'cursor' : (resume ?? 'latest'))
    else if (resume !== undefined) this.resume(resume)
  }

  #refused(status: number, why: string): void {
    this.#settleOpening()
    if (this.#isLeaving) return
    this.refusedCount += 1
    const { journal } = this.#world
    journal.write({ kind: 'refused', t: journal.now(), group: this.plan.group, status, why })
    if (this.#attempts > 1) this.#comeBack()
  }

  #chunk(bytes: Buffer, start: number, end: number): void {
    if (!this.#isOpen) return
    this.stream.t = this.#world.journal.now()
    this.#reader.push(start === 0 ? bytes : bytes.subarray(start), end - start)
    const pauseMs = this.#pace?.take(end - start) ?? 0
    if (pauseMs > 0 && this.#isOpen && !this.#isStalled) this.#pauseFor(pauseMs)
  }

  #ended(error: string | undefined): void {
    const where = this.#reader.isInsideFrame ? ', inside a frame' : ''
    const says = `${error ?? 'end of stream'}${where}`
    if (this.#hasSaidGoodbye) return this.#closed(1_006, `${says} after our goodbye`, 'client')
    this.#closed(1_006, says, error === undefined ? 'relay' : 'network')
  }

  pinged(payload: Buffer): void {
    if (this.unsentBytes < unsentBytesMax) this.write(maskedFrame('pong', payload, this.#mask))
  }

  saidClose(code: number, reason: string): void {
    this.#connection?.write(closeFrame(goodbyeCode, this.#mask))
    // An answer repeats our code or has none; another one is the relay's own reason.
    const isAnswer = this.#hasSaidGoodbye && (code === goodbyeCode || code === noCode)
    this.#closed(code, reason, isAnswer ? 'client' : 'relay')
    this.#connection?.end()
  }

  broke(why: string): void {
    this.#closed(1_002, why, 'client')
    this.#connection?.reset()
  }

  outOfStep(how: OutOfStep): void {
    if (this.plan.reference === undefined) return
    this.#obey({ mustReconnect: mustReconnect(reasons[how]) })
  }

  record(partition: number, offset: number, bytes: Buffer): void {
    const { reference } = this.plan
    if (reference === undefined) return
    this.#obey(reference.record(this.stream.t, partition, offset, bytes))
  }

  control(text: string): void {
    this.#epoch = epochOf(text) ?? this.#epoch
    const { reference } = this.plan
    if (reference !== undefined) this.#obey(reference.control(text))
  }

  /** Writes what has grown old, and lets the reference client look at the time. */
  sweep(now: Micros): void {
    this.stream.sweep(now)
    const { reference } = this.plan
    if (reference !== undefined) this.#obey(reference.sweep(now))
  }

  /** A reference client that gives its connection up always comes back: that is its contract. */
  #obey({ mustReconnect: demand, mustResume }: Demand): void {
    if (mustResume === true) this.resume('cursor')
    if (demand === undefined || !this.#isOpen) return
    this.#comesBack = true
    this.#connection?.write(closeFrame(demand.closeCode, this.#mask))
    this.#closed(demand.closeCode, demand.reason, 'client')
    this.#connection?.end()
  }

  /** The connection counts as ended from here on; once per connection. */
  #closed(code: number, reason: string, by: Closer): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#reader.stop()
    this.closedCount += 1
    this.#pausedUntil?.cancel()
    this.#bytesBefore += this.#connection?.bytesRead ?? 0
    this.stream.disconnected()
    this.plan.reference?.closed()
    this.#world.journal.write({ kind: 'closed', ...this.#now(), code, reason, by })
    this.#comeBack()
  }

  #comeBack(): void {
    if (this.#isLeaving || !this.#comesBack) return
    const comeBack = () => void this.open(reconnectLimitMs)
    this.#comeback = this.#world.clock.after(this.#backoff.failed(), comeBack, true)
  }

  #pauseFor(ms: number): void {
    this.#connection?.pause()
    this.#pausedUntil = this.#world.clock.after(ms, () => this.#connection?.resume(), true)
  }

  #sent(what: string, count: number): void {
    const { journal } = this.#world
    journal.write(['sent', journal.now(), this.plan.number, what, count])
  }

  /** The time and who writes, of an event that is written now. */
  #now(): { readonly t: Micros; readonly client: number } {
    return { t: this.#world.journal.now(), client: this.plan.number }
  }
}
