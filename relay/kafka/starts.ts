/**
 * Where reading begins, for each partition that is new to this process: at the group's commit.
 * Without one, at the oldest record; only if the whole group is new does the setting `latest`
 * apply. Records that Kafka has deleted meanwhile are reported.
 */
import { sleep, type Clock } from '../world/clock.ts'
import { Backoff } from '../world/backoff.ts'

/** The state of a topic and a group in Kafka. Unknown partitions are left out. */
export interface TopicMarks {
  /** The next offset to be read, of every partition that the group has committed. */
  readonly commits: ReadonlyMap<number, bigint>
  readonly logs: ReadonlyMap<number, { readonly logStart: bigint; readonly logEnd: bigint }>
}

/** The start of reading of a partition. */
export interface Start {
  readonly partition: number
  readonly offset: bigint
  /** The group's commit, if Kafka has deleted the records from there on. */
  readonly lostFrom: bigint | undefined
}

export type OffsetReset = 'earliest' | 'latest'

/** Nothing was ever read: only then may older records be skipped. */
export const isNew = ({ commits }: TopicMarks): boolean => commits.size === 0

/** The starts of the partitions that are known well enough. Pure. */
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
  // It has no leader now: the next leader shows whether that offset still exists.
  if (log === undefined) return committed === undefined ? undefined : at(committed)
  const { logStart, logEnd } = log
  if (committed === undefined) return at(reset === 'latest' && isNew(marks) ? logEnd : logStart)
  // It was committed in a previous topic.
  if (committed > logEnd) return at(logStart)
  return committed < logStart ? at(logStart, committed) : at(committed)
}

export interface StartsNeeds {
  readonly clock: Clock
  readonly reset: OffsetReset
  /** Asks Kafka for the whole topic, which must include these partitions; bounded in time. */
  readonly ask: (wanted: readonly number[]) => Promise<TopicMarks>
  /** The partitions among these whose start is not known yet. */
  readonly withoutStart: (among: readonly number[]) => number[]
  /** Commits for the whole group, before anything is read. @throws if that fails */
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
  /** Whether Kafka has ever answered with start offsets. */
  hasBegun = false

  constructor(needs: StartsNeeds) {
    this.#needs = needs
  }

  /** Kafka has answered for this assignment: partitions without a start are unknown to it. */
  get isAsked(): boolean {
    return this.#isAsked
  }

  /** Asks for the starts of these partitions until all are found; never throws. */
  assigned(partitions: readonly number[]): void {
    this.stop()
    this.#current = new AbortController()
    this.#isAsked = this.#needs.withoutStart(partitions).length === 0
    this.hasBegun ||= this.#isAsked
    if (!this.#isAsked) void this.#find(partitions, this.#current.signal)
  }

  /** Stops asking. */
  stop(): void {
    this.#current.abort()
  }

  async #find(partitions: readonly number[], signal: AbortSignal): Promise<void> {
    const { clock, onFailed, withoutStart } = this.#needs
    const backoff = new Backoff(retry)
    while (!signal.aborted && withoutStart(partitions).length > 0) {
      try {
        await this.#ask(partitions, signal)
      } catch (error) {
        if (!signal.aborted) onFailed(error)
      }
      if (withoutStart(partitions).length === 0) return
      await sleep(clock, backoff.failed(), signal).catch(() => undefined)
    }
  }

  async #ask(partitions: readonly number[], signal: AbortSignal): Promise<void> {
    const { ask, found, place, reset, withoutStart } = this.#needs
    const marks = await ask(partitions)
    if (signal.aborted) return
    if (reset === 'latest' && isNew(marks)) {
      const ends = Array.from(marks.logs, ([partition, { logEnd }]) => [partition, logEnd] as const)
      // Of all partitions, so that no other member treats its own as new ones.
      if (ends.length > 0) await found(new Map(ends))
      if (signal.aborted) return
    }
    place(startsOf(withoutStart(partitions), marks, reset))
    this.#isAsked = true
    this.hasBegun = true
  }
}
