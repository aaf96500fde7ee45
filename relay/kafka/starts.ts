/**
 * Where reading begins, for each partition that is new to this process: where the group has come
 * to. Where it has not begun, at the oldest record; and only where the whole group is new may the
 * settings say that the newest is early enough. What Kafka has given up meanwhile is told.
 */
import type { Clock } from '../world/clock.ts'
import { sleep } from '../world/clock.ts'
import { Backoff } from '../world/backoff.ts'

/** What Kafka says of a topic and a group. Partitions that nobody could tell of are left out. */
export interface TopicMarks {
  /** The next offset to be read, of every partition that the group has committed. */
  readonly commits: ReadonlyMap<number, bigint>
  readonly logs: ReadonlyMap<number, { readonly logStart: bigint; readonly logEnd: bigint }>
}

/** Where a partition is to be read from. */
export interface Start {
  readonly partition: number
  readonly offset: bigint
  /** The group had come to here, and what lies between is gone from Kafka. */
  readonly lostFrom: bigint | undefined
}

export type OffsetReset = 'earliest' | 'latest'

/** Nothing was ever read: only then may anything be left out. */
export const isNew = ({ commits }: TopicMarks): boolean => commits.size === 0

/** The starts of those partitions of which enough is known. Pure. */
export function startsOf(
  partitions: readonly number[],
  marks: TopicMarks,
  reset: OffsetReset,
): Start[] {
  return partitions.flatMap((partition) => startOf(partition, marks, reset) ?? [])
}

function startOf(partition: number, marks: TopicMarks, reset: OffsetReset): Start | undefined {
  const committed = marks.commits.get(partition)
  const log = marks.logs.get(partition)
  const at = (offset: bigint, lostFrom?: bigint): Start => ({ partition, offset, lostFrom })
  // Nobody leads it: whoever will lead it finds out whether that is still there.
  if (log === undefined) return committed === undefined ? undefined : at(committed)
  const { logStart, logEnd } = log
  if (committed === undefined) return at(reset === 'latest' && isNew(marks) ? logEnd : logStart)
  // It was committed in another log.
  if (committed > logEnd) return at(logStart)
  return committed < logStart ? at(logStart, committed) : at(committed)
}

export interface StartsNeeds {
  readonly clock: Clock
  readonly reset: OffsetReset
  /** Asks Kafka for the whole topic, and for these partitions of it surely; bounded in time. */
  readonly ask: (wanted: readonly number[]) => Promise<TopicMarks>
  /** Of these partitions it is not known yet where they begin. */
  readonly unplaced: (among: readonly number[]) => number[]
  /** Commits for the whole group, before anything is read. @throws when it did not take it */
  readonly found: (offsets: ReadonlyMap<number, bigint>) => Promise<void>
  /** Reading begins here. */
  readonly place: (starts: readonly Start[]) => void
  readonly onFailed: (error: unknown) => void
}

const retry = { firstMs: 250, mostMs: 5_000 } as const

/** Finds the starts of one assignment after another. */
export class Starts {
  readonly #needs: StartsNeeds
  #current = new AbortController()
  #isAsked = true
  /** Whether Kafka has ever said where reading begins. */
  hasBegun = false

  constructor(needs: StartsNeeds) {
    this.#needs = needs
  }

  /** Kafka has answered for this assignment: what is unplaced now, nobody can tell of. */
  get isAsked(): boolean {
    return this.#isAsked
  }

  /** Looks for the starts of these partitions until all are found; never throws. */
  assigned(partitions: readonly number[]): void {
    this.stop()
    this.#current = new AbortController()
    this.#isAsked = this.#needs.unplaced(partitions).length === 0
    this.hasBegun ||= this.#isAsked
    if (!this.#isAsked) void this.#find(partitions, this.#current.signal)
  }

  /** Looks for none any more. */
  stop(): void {
    this.#current.abort()
  }

  async #find(partitions: readonly number[], signal: AbortSignal): Promise<void> {
    const { clock, onFailed, unplaced } = this.#needs
    const backoff = new Backoff(retry)
    while (!signal.aborted && unplaced(partitions).length > 0) {
      try {
        await this.#ask(partitions, signal)
      } catch (error) {
        if (!signal.aborted) onFailed(error)
      }
      if (unplaced(partitions).length === 0) return
      await sleep(clock, backoff.failed(), signal).catch(() => undefined)
    }
  }

  async #ask(partitions: readonly number[], signal: AbortSignal): Promise<void> {
    const { ask, found, place, reset, unplaced } = this.#needs
    const marks = await ask(partitions)
    if (signal.aborted) return
    if (reset === 'latest' && isNew(marks)) {
      const ends = Array.from(marks.logs, ([partition, { logEnd }]) => [partition, logEnd] as const)
      // Of all partitions, so that no other member takes those that are its own for new ones.
      if (ends.length > 0) await found(new Map(ends))
      if (signal.aborted) return
    }
    place(startsOf(unplaced(partitions), marks, reset))
    this.#isAsked = true
    this.hasBegun = true
  }
}
