/** A queue with random access, whose ends are cheap: an array that forgets its front lazily. */
export class Deque<T> {
  #items: (T | undefined)[] = []
  #head = 0

  get length(): number {
    return this.#items.length - this.#head
  }

  push(item: T): void {
    this.#items.push(item)
  }

  /** Takes the first one out; undefined when there is none. */
  shift(): T | undefined {
    if (this.length === 0) return undefined
    const item = this.#items[this.#head]
    this.#items[this.#head++] = undefined
    if (this.#head > 64 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head)
      this.#head = 0
    }
    return item
  }

  /** @param index from 0, or from the end when negative; outside, the answer is undefined */
  at(index: number): T | undefined {
    const place = index < 0 ? this.#items.length + index : this.#head + index
    return place < this.#head ? undefined : this.#items[place]
  }

  /** The first index whose item passes, where items that pass follow all that do not. */
  findFirst(passes: (item: T) => boolean): number {
    let [low, high] = [0, this.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (passes(this.at(middle)!)) high = middle
      else low = middle + 1
    }
    return low
  }
}
