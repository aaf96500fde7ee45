/**
 * Positions: which cursor belongs to which record, and how far each partition is done. A position
 * is committed only after its record was applied or accounted for, and never moves back, so that
 * a resume from it skips no record.
 */
import { CappedMap } from './capped-map.ts'

/** The position of a record in Kafka. */
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

/** Offsets by partition from a store; entries that are not offsets are left out. */
export function readOffsets(map: unknown): readonly Position[] {
  if (typeof map !== 'object' || map === null || Array.isArray(map)) return []
  return Object.entries(map)
    .filter(([partition, offset]) => /^\d{1,10}$/.test(partition) && isOffsetText(offset))
    .map(([partition, offset]) => ({ partition: Number(partition), offset: BigInt(offset) }))
    .filter(isPosition)
}

/** Decimal digits as text; a JSON number may have been rounded. */
function isOffsetText(value: unknown): value is string {
  return typeof value === 'string' && /^\d{1,19}$/.test(value)
}

/** How far each partition is done, and the positions of the last reset. */
export class Cursors {
  readonly #done: CappedMap<number, bigint>
  /** The last offset that arrived over the current connection, whatever was done before. */
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

  /** Whether the record was processed before, so that its content may be known already. */
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

  /** The relay cannot use this position: its replay begins again, below it. */
  distrust({ partition, offset }: Position): void {
    if (this.#done.get(partition) === offset) this.#done.delete(partition)
  }

  /** Partitions without a record yet begin here: older records were not requested. */
  startAt(positions: ReadonlyMap<number, bigint>): void {
    for (const [partition, offset] of positions) {
      if (!this.#done.has(partition)) this.#done.set(partition, offset)
    }
  }

  /** A new connection: nothing has arrived over it yet. */
  connected(): void {
    this.#arrived.clear()
  }

  /** Earlier offsets are no longer valid, for example after the topic was recreated. */
  newEpoch(): void {
    this.#done.clear()
    for (const [partition, offset] of this.#arrived.entries()) this.#done.set(partition, offset)
    this.#resetAt.clear()
  }

  /** Starts again at these positions; records at or before them are ignored. */
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
