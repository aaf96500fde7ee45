/**
 * A map that never holds more than its cap: the least recently set or touched entry is dropped
 * first. Every map of the client is one, so that no sender can make it grow without limit.
 *
 * By hand, because it is used for every record and is served to browsers: `lru-cache` takes 1.2 to
 * 1.9 times as long for a read and a write, and is 19 kB where this is 2 kB. The relay, which has a
 * few maps instead of two for each run, uses lru-cache (relay/stages/sequences.ts).
 *
 * The order is a linked list. The order of a built-in Map would do, but finding its oldest entry
 * costs a walk over all deleted ones, and an iterator that is kept to save the walk keeps every
 * table in memory that the map has outgrown.
 */
interface Entry<K, V> {
  readonly key: K
  value: V
  older: Entry<K, V>
  newer: Entry<K, V>
}

export class CappedMap<K, V> {
  readonly #entries = new Map<K, Entry<K, V>>()
  readonly #max: number
  readonly #onDrop: ((key: K, value: V) => void) | undefined
  #oldest: Entry<K, V> | undefined

  /** @param max at least 1 · `onDrop` is called with each dropped entry */
  constructor(max: number, onDrop?: (key: K, value: V) => void) {
    if (!(max >= 1)) throw new RangeError(`a cap must be at least 1, got ${max}`)
    this.#max = max
    this.#onDrop = onDrop
  }

  get size(): number {
    return this.#entries.size
  }

  get(key: K): V | undefined {
    return this.#entries.get(key)?.value
  }

  /** Like `get`, and makes the entry the most recent. */
  touch(key: K): V | undefined {
    const entry = this.#entries.get(key)
    if (!entry) return undefined
    this.#unlink(entry)
    this.#append(entry)
    return entry.value
  }

  has(key: K): boolean {
    return this.#entries.has(key)
  }

  /** Sets the entry as the most recent one, and drops the oldest if there are too many. */
  set(key: K, value: V): void {
    const known = this.#entries.get(key)
    if (known) {
      known.value = value
      this.#unlink(known)
      this.#append(known)
      return
    }
    const entry = { key, value } as Entry<K, V>
    this.#entries.set(key, entry)
    this.#append(entry)
    if (this.#entries.size > this.#max) this.dropOldest()
  }

  delete(key: K): boolean {
    const entry = this.#entries.get(key)
    if (!entry) return false
    this.#unlink(entry)
    return this.#entries.delete(key)
  }

  /** Drops the least recent entry; false when there is none. */
  dropOldest(): boolean {
    const entry = this.#oldest
    if (!entry) return false
    this.delete(entry.key)
    this.#onDrop?.(entry.key, entry.value)
    return true
  }

  clear(): void {
    this.#entries.clear()
    this.#oldest = undefined
  }

  /** All entries, oldest first; the map must not be changed meanwhile. */
  *entries(): Generator<readonly [K, V]> {
    for (let left = this.size, entry = this.#oldest; left > 0 && entry; left -= 1) {
      yield [entry.key, entry.value]
      entry = entry.newer
    }
  }

  *keys(): Generator<K> {
    for (const [key] of this.entries()) yield key
  }

  *values(): Generator<V> {
    for (const [, value] of this.entries()) yield value
  }

  /** Inserts an entry after the newest, which in this ring is the one before the oldest. */
  #append(entry: Entry<K, V>): void {
    const oldest = (this.#oldest ??= entry)
    if (oldest === entry) {
      entry.older = entry
      entry.newer = entry
      return
    }
    entry.older = oldest.older
    entry.newer = oldest
    oldest.older.newer = entry
    oldest.older = entry
  }

  #unlink(entry: Entry<K, V>): void {
    const { older, newer } = entry
    if (newer === entry) this.#oldest = undefined
    else if (this.#oldest === entry) this.#oldest = newer
    older.newer = newer
    newer.older = older
  }
}
