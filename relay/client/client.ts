/**
 * The reference client: frames of a connection in, states of runs out. It owns no socket and no
 * timer, so that it runs on any JavaScript platform and every rule can be tested without a network.
 *
 * The owner of the socket reports its events (`opened`, `onText`, `onBinary`, `closed`), sends the
 * texts that the client returns, and closes the connection when a result demands it.
 */
import type { JsonValue } from '../../proto/canonical-json.ts'
import {
  encodeControl,
  parseServerFrame,
  type FrameOf,
  type ServerFrame,
} from '../../proto/control.ts'
import type { Clock } from '../world/clock.ts'
import { Connection } from './connection.ts'
import { Counters, type ClientCounters } from './counters.ts'
import { Cursors, isPosition, readOffsets, type Position } from './cursors.ts'
import type { Dedupe } from './dedupe.ts'
import type { ClientTools } from './effects.ts'
import { clientLimits, type ClientLimits } from './limits.ts'
import { noticeOf, Notices, type Notice } from './notices.ts'
import type { ClientParts, ClientPlatform } from './parts.ts'
import { Quarantine, type Quarantined } from './quarantine.ts'
import { mustReconnect, type MustReconnect, type ReconnectReason } from './reconnects.ts'
import { readRecord, type Outcome, type RecordResult } from './records.ts'
import { refuse, type ClientRefusal } from './refusals.ts'
import { Runs } from './runs.ts'
import { markRuns, type Flagged } from './signals.ts'
import { stateAt, summaryOf, viewOf, type RunSummary, type RunView } from './view.ts'
import { referenceParts } from './wiring.ts'

/** Positions as they are stored between sessions: offsets are decimal strings. */
export interface StoredCursor {
  readonly offsets: Readonly<Record<string, string>>
  /** The epoch of the relay's replay buffer that they belong to, where the relay sent one. */
  readonly epoch?: string
}

export interface ClientOptions {
  readonly platform: ClientPlatform
  readonly clock: Pick<Clock, 'nowMs' | 'unixMs'>
  /** Parts in place of the reference ones. */
  readonly parts?: Partial<ClientParts>
  /** Bounds in place of the default ones. */
  readonly limits?: Partial<ClientLimits>
  /** Where an earlier session stopped. Entries that are not offsets are left out. */
  readonly cursor?: StoredCursor
}

/** The outcome of one binary frame. */
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

/** The outcome of one text frame. */
export interface ControlOutcome {
  /** The frame; absent when the text is not one that a relay may send. */
  readonly frame?: ServerFrame
  /** Runs that were newly marked because of it. */
  readonly flagged: Flagged
  /** The relay has more than it replayed: send `resumeRequest()` again. */
  readonly mustResume?: true
  readonly mustReconnect?: MustReconnect
}

interface Broken {
  readonly flagged: Flagged
  readonly mustReconnect: MustReconnect
}

/** A client of one relay; runs and cursors outlive its connections. */
export function createClient(options: ClientOptions): Client {
  return new Client(options)
}

export class Client {
  readonly #limits: ClientLimits
  readonly #tools: ClientTools
  readonly #clock: ClientOptions['clock']
  readonly #runs: Runs
  readonly #dedupe: Dedupe
  readonly #cursors: Cursors
  readonly #quarantine: Quarantine
  readonly #notices: Notices
  readonly #counters = new Counters()
  readonly #connection: Connection
  /** Rises with every reset; records announced before the last one are void. */
  #fence = 0
  #epoch: string | undefined

  constructor({ platform, clock, parts, limits, cursor }: ClientOptions) {
    this.#limits = { ...clientLimits, ...limits }
    const allParts = { ...referenceParts(platform), ...parts }
    this.#tools = { platform, limits: this.#limits, parts: allParts }
    this.#clock = clock
    this.#connection = new Connection(() => clock.nowMs())
    this.#runs = new Runs(this.#limits)
    this.#dedupe = this.#tools.parts.dedupe(this.#limits.messageIdsMax)
    this.#cursors = new Cursors(this.#limits.partitionsMax)
    this.#quarantine = new Quarantine(this.#limits)
    this.#notices = new Notices(this.#limits.noticesMax)
    this.#epoch = cursor?.epoch
    for (const position of readOffsets(cursor?.offsets)) this.#cursors.commit(position)
    this.opened()
  }

  /** A connection is open: no frame of the previous one can arrive any more. */
  opened(): void {
    this.#connection.set('open')
    this.#cursors.connected()
  }

  /** The connection is closed or abandoned. Frames are ignored until `opened`. */
  closed(): void {
    this.#connection.set('closed')
  }

  /** One text frame. Total: no text makes it throw. */
  onText(text: string): ControlOutcome {
    if (!this.#connection.isOpen) return { flagged: [] }
    if (text.length > this.#limits.textUnitsMax) return this.#broken('text_too_large')
    const parsed = parseServerFrame(text)
    if (!parsed.ok) {
      const isCursor = parsed.reason === 'invalid_shape' && /"type"\s*:\s*"cursor"/.test(text)
      if (isCursor) return this.#broken('cursor_malformed', parsed.says)
      this.#notice('unreadable', parsed.says)
      return { flagged: [] }
    }
    const { frame } = parsed
    if (frame.type === 'cursor') return this.#announce(frame.partition, frame.offset)
    return { frame, ...this.#control(frame) }
  }

  /** A cursor that the caller has parsed already; otherwise the same as `onText`. */
  onCursor(partition: number, offset: bigint): ControlOutcome {
    if (!this.#connection.isOpen) return { flagged: [] }
    return this.#announce(partition, offset)
  }

  /** One binary frame. Total; keeps no reference to `bytes`. */
  onBinary(bytes: Uint8Array): RecordOutcome {
    const position = this.#connection.claim()
    if (!this.#connection.isOpen) return this.#outcome(position, ignored('closed'))
    if (!position) {
      const outcome = this.#outcome(position, ignored('no-cursor'))
      return { ...outcome, ...this.#broken('missing_cursor') }
    }
    const isVoid = position.fence !== this.#fence || this.#cursors.isBeforeReset(position)
    if (isVoid) return this.#outcome(position, ignored('before-reset'))
    const result = this.#read(bytes, position)
    if (result.isUndecodable && this.#quarantine.isWorthRetrying(position)) {
      const outcome = this.#outcome(position, { ...result, outcome: 'refused' })
      return { ...outcome, ...this.#broken('decode_failure', result.says) }
    }
    if (result.outcome === 'quarantined') this.#keepAside(bytes, position, result)
    this.#cursors.commit(position)
    return this.#outcome(position, result)
  }

  /** The text that requests what was missed; by default from the cursors, if there are any. */
  resumeRequest(from?: 'cursor' | 'latest' | 'earliest'): string {
    const offsets = this.#cursors.offsets()
    this.#connection.expect('resume')
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

  /** The text that requests a reset; takes effect when the relay confirms it. */
  resetRequest(): string {
    this.#connection.expect('cursor_reset')
    return encodeControl({ type: 'cursor_reset' })
  }

  /** The text of a ping; a pong is expected from now on. */
  pingRequest(): string {
    this.#connection.expect('ping')
    return encodeControl({ type: 'ping' })
  }

  /** To be called regularly: whether an expected answer is overdue. */
  check(): MustReconnect | undefined {
    if (!this.#connection.isOpen) return undefined
    const overdue = this.#connection.overdue(this.#limits.stallMsMax)
    if (overdue === undefined) return undefined
    return this.#broken('stalled', `No answer to: ${overdue}.`).mustReconnect
  }

  /** What to store, so that a later session can resume here. Always safe to store. */
  cursor(): StoredCursor {
    const offsets = [...this.#cursors.offsets()].map(([p, offset]) => [String(p), String(offset)])
    const epoch = this.#epoch === undefined ? {} : { epoch: this.#epoch }
    return { offsets: Object.fromEntries(offsets) as Record<string, string>, ...epoch }
  }

  /** All runs in brief, the least recently active first. */
  runs(): readonly RunSummary[] {
    return this.#runs.all().map(summaryOf)
  }

  /** One run with its nodes and its timeline; `undefined` for an unknown one. */
  run(thread: string): RunView | undefined {
    const run = this.#runs.find(thread)
    return run && viewOf(run)
  }

  /**
   * SHA-256 of the run's state, as producers compute it; `undefined` for an unknown run. Throws
   * JsonError for a state without an exact text, which the reference parts never accept.
   */
  stateHashOf(thread: string): Uint8Array | undefined {
    const run = this.#runs.find(thread)
    return run && this.#tools.parts.stateHash(run.state.value, 'plain')
  }

  /** The run's state at `sequence`; `undefined` where it is not known or not kept. */
  stateAt(thread: string, sequence: bigint): JsonValue | undefined {
    const run = this.#runs.find(thread)
    return run && stateAt(run, sequence)
  }

  quarantined(): readonly Quarantined[] {
    return this.#quarantine.list()
  }

  /** What the relay reported about the connection, the last notices only. */
  notices(): readonly Notice[] {
    return this.#notices.list()
  }

  /** Always: received = applied + duplicate + quarantined + refused + ignored. */
  counters(): ClientCounters {
    const { forgotten, heldBytes, size } = this.#runs
    return { ...this.#counters.read(), runs: size, runsForgotten: forgotten, heldBytes }
  }

  #announce(partition: number, offset: bigint): ControlOutcome {
    if (!isPosition({ partition, offset })) return this.#broken('cursor_malformed')
    const isPaired = this.#connection.announce({ partition, offset, fence: this.#fence })
    return isPaired ? { flagged: [] } : this.#broken('cursor_pairing_desync')
  }

  #control(frame: ServerFrame): Omit<ControlOutcome, 'frame'> {
    if ('message' in frame) this.#notice(frame.type, noticeOf(frame))
    if (frame.type === 'replay_complete') return this.#replayed(frame)
    if (frame.type === 'cursor_reset_complete') this.#resetTo(frame)
    if (frame.type === 'cursor_stale') this.#stale(frame)
    if (frame.type === 'pong') this.#connection.settle('ping')
    return { flagged: markRuns(frame, this.#runs, this.#cursors) }
  }

  #replayed(frame: FrameOf<'replay_complete'>): Omit<ControlOutcome, 'frame'> {
    this.#connection.settle('resume')
    if (frame.epoch !== undefined && frame.epoch !== this.#epoch) {
      if (this.#epoch !== undefined) this.#cursors.newEpoch()
      this.#epoch = frame.epoch
    }
    if (frame.mode === 'latest') this.#cursors.startAt(frame.lastOffsetsByPartition)
    return frame.capped ? { flagged: [], mustResume: true } : { flagged: [] }
  }

  /** Not too old, but of another log: the replay begins at the oldest retained record. */
  #stale({ partition, requested, oldest }: FrameOf<'cursor_stale'>): void {
    if (requested >= oldest) this.#cursors.distrust({ partition, offset: requested })
  }

  /** The fence: frames received or announced before have no effect from here on. */
  #resetTo(frame: FrameOf<'cursor_reset_complete'>): void {
    if (!this.#connection.settle('cursor_reset')) return
    this.#fence += 1
    this.#epoch = frame.epoch
    this.#runs.clear()
    this.#dedupe.clear()
    this.#quarantine.clear()
    this.#cursors.reset(frame.latestOffsetsByPartition)
  }

  #read(bytes: Uint8Array, position: Position): RecordResult {
    const sink = { runs: this.#runs, dedupe: this.#dedupe, tools: this.#tools }
    try {
      return readRecord(bytes, position, this.#cursors.isRepeat(position), sink)
    } catch (error) {
      return { ...refuse('internal', String(error)), outcome: 'quarantined' }
    }
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

  #broken(reason: ReconnectReason, found?: string): Broken {
    const demand = mustReconnect(reason, found)
    this.#notice(reason, demand.says)
    this.closed()
    return { flagged: [], mustReconnect: demand }
  }

  #notice(kind: Notice['kind'], says: string): void {
    this.#notices.add(this.#clock.unixMs(), kind, says)
  }
}

function ignored(reason: ClientRefusal): RecordResult {
  return { outcome: 'ignored', reason, says: refuse(reason).says }
}
