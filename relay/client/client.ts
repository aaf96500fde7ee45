/**
 * The reference client: frames of a connection in, states of runs out. It owns no socket and no
 * timer, so that it runs wherever JavaScript does and every rule of it can be tested by hand.
 *
 * Whoever owns the socket tells it what happened (`opened`, `onText`, `onBinary`, `closed`), sends
 * the texts that it asks to be sent, and closes the connection when an answer says so.
 */
import { encodeControl, parseServerFrame, type ServerFrame } from '../../proto/control.ts'
import type { Clock } from '../world/clock.ts'
import { Counters, type ClientCounters } from './counters.ts'
import { Cursors, readOffsets, readPosition, type Position } from './cursors.ts'
import type { Dedupe } from './dedupe.ts'
import type { Tools } from './effects.ts'
import { clientLimits, type ClientLimits } from './limits.ts'
import { Notices, type Notice } from './notices.ts'
import type { ClientParts, ClientPlatform } from './parts.ts'
import { Quarantine, type Quarantined } from './quarantine.ts'
import { mustReconnect, type MustReconnect, type ReconnectReason } from './reconnects.ts'
import { readRecord, type Outcome, type RecordResult } from './records.ts'
import { refuse, type ClientRefusal } from './refusals.ts'
import { Runs } from './runs.ts'
import { markDisconnected, markGap, markStale, type Flagged } from './signals.ts'
import { stateAt, viewOf, type RunView } from './view.ts'
import { referenceParts } from './wiring.ts'

/** Positions as they are stored between sessions: offsets are decimal strings. */
export interface StoredCursor {
  readonly offsets: Readonly<Record<string, string>>
  /** The epoch of the relay's replay buffer that they belong to, where the relay told one. */
  readonly epoch?: string
}

export interface ClientOptions {
  readonly platform: ClientPlatform
  readonly clock: Pick<Clock, 'nowMs' | 'unixMs'>
  /** Parts in place of the reference ones. */
  readonly parts?: Partial<ClientParts>
  /** Bounds in place of the default ones. */
  readonly limits?: Partial<ClientLimits>
  /** Where a former session stopped. What is not an offset in it is left out. */
  readonly cursor?: StoredCursor
}

/** What became of one binary frame. */
export interface RecordOutcome {
  /** -1 when the frame came without a cursor. */
  readonly partition: number
  readonly offset: bigint
  readonly outcome: Outcome
  /** Present unless the outcome is `applied`. */
  readonly reason?: ClientRefusal
  readonly says?: string
  /** The run concerned; of a batch, that of the message which decided the outcome. */
  readonly thread?: string
  readonly mustReconnect?: MustReconnect
}

/** What became of one text frame. */
export interface ControlOutcome {
  /** The frame; absent when the text is none that a relay may send. */
  readonly frame?: ServerFrame
  /** Runs that were newly marked because of it. */
  readonly flagged: Flagged
  /** The relay has more than it replayed: send `resumeRequest()` again. */
  readonly mustResume?: true
  readonly mustReconnect?: MustReconnect
}

/** What the relay owes an answer to. */
type Request = 'resume' | 'cursor_reset' | 'ping'

interface Pending extends Position {
  readonly sinceMs: number
  readonly fence: number
}

/** A client over one relay; connections come and go, runs and cursors stay. */
export function createClient(options: ClientOptions): Client {
  return new Client(options)
}

export class Client {
  readonly #limits: ClientLimits
  readonly #tools: Tools
  readonly #clock: ClientOptions['clock']
  readonly #runs: Runs
  readonly #dedupe: Dedupe
  readonly #cursors: Cursors
  readonly #quarantine: Quarantine
  readonly #notices: Notices
  readonly #counters = new Counters()
  readonly #owed = new Map<Request, number>()
  #pending: Pending | undefined
  #isOpen = true
  /** Rises with every reset; what was announced below it is void. */
  #fence = 0
  #epoch: string | undefined

  constructor({ platform, clock, parts, limits, cursor }: ClientOptions) {
    this.#limits = { ...clientLimits, ...limits }
    this.#tools = { platform, limits: this.#limits, parts: { ...referenceParts(platform), ...parts } }
    this.#clock = clock
    this.#runs = new Runs(this.#limits)
    this.#dedupe = this.#tools.parts.dedupe(this.#limits.messageIdsMax)
    this.#cursors = new Cursors(this.#limits.partitionsMax)
    this.#quarantine = new Quarantine(this.#limits)
    this.#notices = new Notices(this.#limits.noticesMax)
    this.#epoch = cursor?.epoch
    for (const position of readOffsets(cursor?.offsets)) this.#cursors.commit(position)
  }

  /** A connection is open: nothing of the one before can still arrive. */
  opened(): void {
    this.#isOpen = true
    this.#pending = undefined
    this.#owed.clear()
    this.#cursors.connected()
  }

  /** The connection is gone, or given up. Frames are ignored until `opened`. */
  closed(): void {
    this.#isOpen = false
    this.#pending = undefined
    this.#owed.clear()
  }

  /** One text frame. Total: no text makes it throw. */
  onText(text: string): ControlOutcome {
    if (!this.#isOpen) return { flagged: [] }
    if (text.length > this.#limits.textUnitsMax) return this.#broken('text_too_large')
    const parsed = parseServerFrame(text)
    if (!parsed.ok) {
      const isCursor = parsed.reason === 'invalid_shape' && /"type"\s*:\s*"cursor"/.test(text)
      if (isCursor) return this.#broken('cursor_malformed', parsed.says)
      this.#notice('unreadable', parsed.says)
      return { flagged: [] }
    }
    const { frame } = parsed
    if (frame.type === 'cursor') return this.#cursor(frame)
    return { frame, ...this.#control(frame) }
  }

  /** A cursor that the caller has read already; the same as its text, without the parsing. */
  onCursor(partition: number, offset: bigint): ControlOutcome {
    if (!this.#isOpen) return { flagged: [] }
    return this.#cursor({ partition, offset })
  }

  /** One binary frame. Total; keeps no reference to `bytes`. */
  onBinary(bytes: Uint8Array): RecordOutcome {
    const pending = this.#pending
    this.#pending = undefined
    if (!this.#isOpen) return this.#outcome(pending, ignored('closed'))
    if (!pending) {
      const result = { outcome: 'ignored', reason: 'no-cursor' } as const
      return { ...this.#outcome(pending, result), ...this.#broken('missing_cursor') }
    }
    const isVoid = pending.fence !== this.#fence || this.#cursors.isBeforeReset(pending)
    if (isVoid) return this.#outcome(pending, ignored('before-reset'))
    const result = this.#read(bytes, pending)
    if (result.isUndecodable && this.#isWorthRetrying(pending)) {
      const refusal = { ...result, outcome: 'refused' } as const
      return { ...this.#outcome(pending, refusal), ...this.#broken('decode_failure', result.says) }
    }
    if (result.outcome === 'quarantined') this.#keepAside(bytes, pending, result)
    this.#cursors.commit(pending)
    return this.#outcome(pending, result)
  }

  /** The text that asks for what was missed; by default from the cursors, if there are any. */
  resumeRequest(from?: 'cursor' | 'latest' | 'earliest'): string {
    const offsets = this.#cursors.offsets()
    this.#owe('resume')
    return encodeControl({
      type: 'resume',
      mode: 'partition',
      from: from ?? (offsets.size > 0 ? 'cursor' : 'latest'),
      lastOffsetsByPartition: offsets,
      lastSequencesByThread: new Map(),
      epoch: this.#epoch,
      refused: [],
    })
  }

  /** The text that asks to forget everything; takes effect when the relay confirms it. */
  resetRequest(): string {
    this.#owe('cursor_reset')
    return encodeControl({ type: 'cursor_reset' })
  }

  /** The text of a ping; a pong is owed from now on. */
  pingRequest(): string {
    this.#owe('ping')
    return encodeControl({ type: 'ping' })
  }

  /** To be asked now and then: whether the relay owes something for too long. */
  check(): MustReconnect | undefined {
    if (!this.#isOpen) return undefined
    const owed = [...this.#owed, ...(this.#pending ? [['a record', this.#pending.sinceMs]] : [])]
    const nowMs = this.#clock.nowMs()
    const late = owed.find(([, sinceMs]) => nowMs - Number(sinceMs) > this.#limits.stallMsMax)
    return late && this.#broken('stalled', `It owes: ${late[0]}.`).mustReconnect
  }

  /** What to store, so that a later session can go on here. Always safe to store. */
  cursor(): StoredCursor {
    const offsets = [...this.#cursors.offsets()].map(([p, offset]) => [String(p), String(offset)])
    const epoch = this.#epoch === undefined ? {} : { epoch: this.#epoch }
    return { offsets: Object.fromEntries(offsets) as Record<string, string>, ...epoch }
  }

  /** All runs, the one that was quiet longest first. */
  runs(): readonly RunView[] {
    return this.#runs.all().map(viewOf)
  }

  run(thread: string): RunView | undefined {
    const run = this.#runs.find(thread)
    return run && viewOf(run)
  }

  /** SHA-256 of the run's state, as producers compute it; `undefined` for an unknown run. */
  stateHashOf(thread: string): Uint8Array | undefined {
    const run = this.#runs.find(thread)
    return run && this.#tools.parts.stateHash(run.state.value, 'plain')
  }

  /** The run's state as it was at `sequence`; `undefined` where that is not known or not kept. */
  stateAt(thread: string, sequence: bigint) {
    const run = this.#runs.find(thread)
    return run && stateAt(run, sequence)
  }

  quarantined(): readonly Quarantined[] {
    return this.#quarantine.list()
  }

  /** What the relay said about the connection, the last remarks only. */
  notices(): readonly Notice[] {
    return this.#notices.list()
  }

  /** Always: received = applied + duplicate + quarantined + refused + ignored. */
  counters(): ClientCounters {
    const { forgotten, heldBytes, size } = this.#runs
    return { ...this.#counters.read(), runs: size, runsForgotten: forgotten, heldBytes }
  }

  #cursor(cursor: { readonly partition: number; readonly offset: bigint }): ControlOutcome {
    if (this.#pending) return this.#broken('cursor_pairing_desync')
    const position = readPosition(cursor.partition, cursor.offset.toString())
    if (!position) return this.#broken('cursor_malformed')
    this.#pending = { ...position, sinceMs: this.#clock.nowMs(), fence: this.#fence }
    return { flagged: [] }
  }

  #control(frame: Exclude<ServerFrame, { type: 'cursor' }>): Omit<ControlOutcome, 'frame'> {
    switch (frame.type) {
      case 'gap':
        this.#notice(frame.type, frame.message)
        return { flagged: markGap(frame, this.#runs, this.#cursors) }
      case 'cursor_stale':
        this.#notice(frame.type, frame.message)
        return { flagged: markStale(frame, this.#runs) }
      case 'disconnect':
        this.#notice(frame.type, frame.message)
        return { flagged: markDisconnected(this.#runs) }
      case 'replay_complete':
        return this.#replayed(frame)
      case 'cursor_reset_complete':
        return this.#resetTo(frame)
      case 'error':
        this.#notice(frame.type, `${frame.code}: ${frame.message}`)
        return { flagged: [] }
      case 'pong':
        this.#owed.delete('ping')
        return { flagged: [] }
    }
  }

  #replayed(frame: Extract<ServerFrame, { type: 'replay_complete' }>): ControlOutcome {
    this.#owed.delete('resume')
    if (frame.epoch !== undefined && frame.epoch !== this.#epoch) {
      if (this.#epoch !== undefined) this.#cursors.newEpoch()
      this.#epoch = frame.epoch
    }
    if (frame.mode === 'latest') this.#cursors.startAt(frame.lastOffsetsByPartition)
    return frame.capped ? { flagged: [], mustResume: true } : { flagged: [] }
  }

  /** The fence: whatever was received or announced before has no effect from here on. */
  #resetTo(frame: Extract<ServerFrame, { type: 'cursor_reset_complete' }>): ControlOutcome {
    this.#notice(frame.type, frame.message)
    if (!this.#owed.delete('cursor_reset')) return { flagged: [] }
    this.#fence += 1
    this.#epoch = frame.epoch
    this.#runs.clear()
    this.#dedupe.clear()
    this.#quarantine.clear()
    this.#cursors.reset(frame.latestOffsetsByPartition)
    return { flagged: [] }
  }

  #read(bytes: Uint8Array, position: Position): RecordResult {
    const sink = { runs: this.#runs, dedupe: this.#dedupe, tools: this.#tools }
    try {
      return readRecord(bytes, position, this.#cursors.isRepeat(position), sink)
    } catch (error) {
      return { ...refuse('internal', String(error)), outcome: 'quarantined' }
    }
  }

  #isWorthRetrying({ partition, offset }: Position): boolean {
    return this.#quarantine.isWorthRetrying(partition, offset)
  }

  #keepAside(bytes: Uint8Array, { partition, offset }: Position, result: RecordResult): void {
    const place = { partition, offset, bytes: bytes.length, atUnixMs: this.#clock.unixMs() }
    const { reason, says } = { ...refuse('internal'), ...result }
    this.#quarantine.keep(place, { reason, says })
  }

  #outcome(position: Position | undefined, result: RecordResult): RecordOutcome {
    const { outcome, reason, says, thread } = result
    this.#counters.count(outcome, reason)
    return {
      partition: position?.partition ?? -1,
      offset: position?.offset ?? -1n,
      outcome,
      ...(reason === undefined ? {} : { reason, says: says ?? refuse(reason).says }),
      ...(thread === undefined ? {} : { thread }),
    }
  }

  #broken(reason: ReconnectReason, found?: string): ControlOutcome & { mustReconnect: MustReconnect } {
    const demand = mustReconnect(reason, found)
    this.#notice(reason, demand.says)
    this.closed()
    return { flagged: [], mustReconnect: demand }
  }

  #owe(request: Request): void {
    if (!this.#owed.has(request)) this.#owed.set(request, this.#clock.nowMs())
  }

  #notice(kind: Notice['kind'], says: string): void {
    this.#notices.add(this.#clock.unixMs(), kind, says)
  }
}

function ignored(reason: ClientRefusal): RecordResult {
  return { outcome: 'ignored', reason, says: refuse(reason).says }
}
