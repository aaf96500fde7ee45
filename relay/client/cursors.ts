/**
 * Positions: which cursor belongs to which record, and how far each partition is done. A position
 * is committed only after its record was applied or accounted for, and never moves back, so that
 * a resume from it can neither skip a record nor lie about one.
 */
import { CappedMap } from './capped-map.ts'

/** Where a record stands in Kafka. */
export interface Position {
  readonly partition: number
  readonly offset: bigint
}

const partitionMax = 2 ** 31 - 1
const offsetMax = 2n ** 63n - 1n

/** Whether Kafka can have such a position. */
export function isPosition({ partition, offset }: Position): boolean {
  const isPartition = Number.isInteger(partition) && partition >= 0 && partition <= partitionMax
  return isPartition && offset >= 0n && offset <= offsetMax
}

/** Offsets by partition as they come from a store; what is not an offset is left out. */
export function readOffsets(map: unknown): readonly Position[] {
  if (typeof map !== 'object' || map === null || Array.isArray(map)) return []
  return Object.entries(map)
    .filter(([partition, offset]) => /^\d{1,10}$/.test(partition) && isOffsetText(offset))
    .map(([partition, offset]) => ({ partition: Number(partition), offset: BigInt(offset) }))
    .filter(isPosition)
}

/** Decimal digits; a number may have been rounded on its way. */
function isOffsetText(value: unknown): value is string {
  return typeof value === 'string' && /^\d{1,19}$/.test(value)
}

/** How far each partition is done, and what lies before the last reset. */
export class Cursors {
  readonly #done: CappedMap<number, bigint>
  /** The last offset that came over the present connection, whatever was done before. */
  readonly #arrived: CappedMap<number, bigint>
  readonly #resetAt: CappedMap<number, bigint>

  constructor(partitionsMax: number) {
    this.#done = new CappedMap(partitionsMax)
    this.#arrived = new CappedMap(partitionsMax)
    this.#resetAt = new CappedMap(partitionsMax)
  }

  /** The last offset of the partition that is done; `undefined` when there is none. */
  done(partition: number): bigint | undefined {
    return this.#done.get(partition)
  }

  /** Whether the record was passed before, so that what it brings may be known already. */
  isRepeat({ partition, offset }: Position): boolean {
    const done = this.#done.get(partition)
    return done !== undefined && offset <= done
  }

  /** Whether the record was written before the cursors were reset. */
  isBeforeReset({ partition, offset }: Position): boolean {
    const reset = this.#resetAt.get(partition)
    return reset !== undefined && offset <= reset
  }

  /** Commits: everything up to `offset` is accounted for. Lower offsets change nothing. */
  commit(position: Position): void {
    this.#arrived.set(position.partition, position.offset)
    if (this.isRepeat(position)) this.#done.touch(position.partition)
    else this.#done.set(position.partition, position.offset)
  }

  /** The relay cannot use this position: its replay begins anew, below it. */
  distrust({ partition, offset }: Position): void {
    if (this.#done.get(partition) === offset) this.#done.delete(partition)
  }

  /** Partitions that nothing came from yet begin here: what is older was never asked for. */
  startAt(positions: ReadonlyMap<number, bigint>): void {
    for (const [partition, offset] of positions) {
      if (!this.#done.has(partition)) this.#done.set(partition, offset)
    }
  }

  /** A new connection: nothing has come over it yet. */
  connected(): void {
    this.#arrived.clear()
  }

  /** Offsets of before mean nothing any more, as after a topic was made anew. */
  newEpoch(): void {
    this.#done.clear()
    for (const [partition, offset] of this.#arrived.entries()) this.#done.set(partition, offset)
    this.#resetAt.clear()
  }

  /** Starts over at these positions; nothing at or before them counts any more. */
  reset(positions: ReadonlyMap<number, bigint>): void {
    for (const map of [this.#done, this.#arrived, this.#resetAt]) map.clear()
    for (const [partition, offset] of positions) {
      this.#done.set(partition, offset)
      this.#resetAt.set(partition, offset)
    }
  }

  /** The positions to resume from and to store. */
  offsets(): ReadonlyMap<number, bigint> {
    return new Map(this.#done.entries())
  }
}
