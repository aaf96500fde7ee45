/**
 * What a group has committed, as one assignment knows it. While a partition was away, another
 * member may have gone further than we have, and a commit of ours must not take that back: whoever
 * came next would get those records twice.
 */
export class Commits {
  readonly #ask: () => Promise<ReadonlyMap<number, bigint>>
  #known: Map<number, bigint> | undefined

  /** @param ask what the group has committed by now; asked again only when that failed */
  constructor(ask: () => Promise<ReadonlyMap<number, bigint>>) {
    this.#ask = ask
  }

  /**
   * Those of the offsets that are ahead of the group's.
   *
   * @throws when the group could not be asked
   */
  async ahead(offsets: ReadonlyMap<number, bigint>): Promise<Map<number, bigint>> {
    if (offsets.size === 0) return new Map()
    const known = (this.#known ??= new Map(await this.#ask()))
    const isAhead = ([partition, offset]: readonly [number, bigint]) =>
      offset > (known.get(partition) ?? -1n)
    return new Map(Array.from(offsets).filter(isAhead))
  }

  /** The group took these. */
  taken(offsets: ReadonlyMap<number, bigint>): void {
    for (const [partition, offset] of offsets) this.#known?.set(partition, offset)
  }
}
