/**
 * A map that never holds more than its cap: the entry that was set or touched longest ago goes
 * first. Every map of the client is one, so that no sender can make it grow without end.
 */
export class CappedMap<K, V> {
  readonly #entries = new Map<K, V>()
  readonly #max: number
  readonly #onDrop: ((key: K, value: V) => void) | undefined

  /** @param max at least 1 · `onDrop` is told what was given up */
  constructor(max: number, onDrop?: (key: K, value: V) => void) {
    if (!(max >= 1)) throw new RangeError(`a cap must be at least 1, got ${max}`)
    this.#max = max
    this.#onDrop = onDrop
  }

  get size(): number {
    return this.#entries.size
  }

  get(key: K): V | undefined {
    return this.#entries.get(key)
  }

  /** As `get`, and makes the entry the most recent. */
  touch(key: K): V | undefined {
    const value = this.#entries.get(key)
    if (value !== undefined) {
      this.#entries.delete(key)
      this.#entries.set(key, value)
    }
    return value
  }

  has(key: K): boolean {
    return this.#entries.has(key)
  }

  /** Sets the entry as the most recent one, and drops the oldest if there are too many. */
  set(key: K, value: V): void {
    this.#entries.delete(key)
    this.#entries.set(key, value)
    if (this.#entries.size > this.#max) this.dropOldest()
  }

  delete(key: K): boolean {
    return this.#entries.delete(key)
  }

  /** Gives up the least recent entry; false when there is none. */
  dropOldest(): boolean {
    const oldest = this.#entries.entries().next()
    if (oldest.done) return false
    const [key, value] = oldest.value
    this.#entries.delete(key)
    this.#onDrop?.(key, value)
    return true
  }

  clear(): void {
    this.#entries.clear()
  }

  keys(): MapIterator<K> {
    return this.#entries.keys()
  }

  values(): MapIterator<V> {
    return this.#entries.values()
  }

  entries(): MapIterator<[K, V]> {
    return this.#entries.entries()
  }
}
