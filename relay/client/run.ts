/**
 * One run as the client knows it: its state, the sequence it is built on, and flags about what may
 * be wrong with it. The state is changed only here, so that chain, flags and snapshots always agree
 * with it.
 */
import { CappedMap } from './capped-map.ts'
import { isBlocked, runFlags, type RunFlag } from './flags.ts'
import type { RunPosition } from './guard.ts'
import type { ClientLimits } from './limits.ts'
import type { ClientRefusal } from './refusals.ts'
import { Snapshots } from './snapshots.ts'
import { emptyState, type SizedState } from './state-size.ts'

export type RunStatus = 'running' | 'completed' | 'failed'

/** The status of a node of the graph. */
export interface NodeStatus {
  readonly status: 'active' | 'completed' | 'failed'
  /** Sequence of the event that said so; 0n when it was not numbered. */
  readonly sequence: bigint
  /** Milliseconds, where the producer sent them. */
  readonly durationMs?: number
  /** At most 300 characters. */
  readonly error?: string
}

/** One line of a run's timeline: names and counts, never payloads. */
export interface TimelineEntry {
  readonly sequence: bigint
  /** Payload kind, or the event type of an event. */
  readonly kind: string
  /** At most 128 characters. */
  readonly node?: string
  /** Producer's clock. */
  readonly unixMs: number
  readonly refused?: ClientRefusal
}

/** A change of state: the new state, and the memory it takes in addition to the one before. */
export interface NewState {
  readonly state: SizedState
  readonly addedBytes: number
}

/** Rough memory of a line of a timeline, and of a node. */
const lineBytes = 256
const nodeBytes = 1_024

export class Run implements RunPosition {
  readonly thread: string
  /** Differs between a run and its successor of the same thread. */
  readonly serial: number
  partition: number
  graphName = ''
  status: RunStatus = 'running'
  /** Sequence of the event that set the status. */
  statusSequence = 0n
  state: SizedState = emptyState
  chain: bigint | undefined
  seen = 0n
  readonly flags = new Set<RunFlag>(['partial'])
  readonly nodes: CappedMap<string, NodeStatus>
  /** Checkpoints that a patch may start from: id → sequence. */
  readonly checkpoints: CappedMap<string, bigint>
  readonly snapshots: Snapshots
  readonly timeline: TimelineEntry[] = []
  readonly refusals = new Map<ClientRefusal, number>()
  readonly #timelineMax: number

  constructor(thread: string, serial: number, partition: number, limits: ClientLimits) {
    this.thread = thread
    this.serial = serial
    this.partition = partition
    this.nodes = new CappedMap(limits.nodesMax)
    this.checkpoints = new CappedMap(limits.checkpointsMax)
    this.snapshots = new Snapshots(limits)
    this.#timelineMax = limits.timelineMax
  }

  /** Whether the state is not proven, so that operations need their own proof. */
  get isBlocked(): boolean {
    return isBlocked(this.flags)
  }

  /** About the bytes that the run holds in memory. */
  get heldBytes(): number {
    const details = this.timeline.length * lineBytes + this.nodes.size * nodeBytes
    return this.state.heapBytes + this.snapshots.bytes + details
  }

  /** A message of this sequence was seen, whatever its outcome. */
  observe(sequence: bigint): void {
    if (this.seen > 0n && sequence === this.seen + 1n) this.#clearDoubts()
    if (sequence > this.seen) this.seen = sequence
  }

  /** The state after `sequence` is proven: all flags are cleared. */
  prove(next: NewState, sequence: bigint): void {
    this.flags.clear()
    this.advance(next, sequence)
  }

  /** The state that follows from the one before. */
  advance({ state, addedBytes }: NewState, sequence: bigint): void {
    this.state = state
    this.snapshots.add(state.value, sequence, addedBytes)
    this.#chainTo(sequence)
  }

  /** The run starts again with an unknown state. */
  unprove(): void {
    this.state = emptyState
    this.chain = undefined
    this.flags.add('partial')
  }

  /** A message without a state change is the new end of the chain. */
  hold(sequence: bigint): void {
    this.snapshots.hold(sequence)
    this.#chainTo(sequence)
  }

  /** Adds a line to the timeline; the oldest is dropped when there are too many. */
  addLine(entry: TimelineEntry): void {
    this.timeline.push(entry)
    if (this.timeline.length > this.#timelineMax) this.timeline.shift()
  }

  #chainTo(sequence: bigint): void {
    this.chain = sequence
    if (sequence < this.seen) this.flags.add('catching-up')
    else this.flags.delete('catching-up')
  }

  /** The relay reported gaps in the stream; the next sequence shows that this run has none. */
  #clearDoubts(): void {
    for (const flag of this.flags) {
      if (!runFlags[flag].blocks && flag !== 'catching-up') this.flags.delete(flag)
    }
  }
}
