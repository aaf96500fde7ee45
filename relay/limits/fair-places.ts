/**
 * Places that addresses share. Whoever holds fewer goes first, so that one that asks for many waits
 * behind itself and not before the others; among equals it is the order of asking.
 *
 * Those that wait are grouped by how many places their address holds: to find the next one costs
 * as many looks as there are such numbers, and not as there are addresses.
 */

/** Who waits; called when it has its place. */
export type Turn = () => void

export class FairPlaces {
  readonly #placesMax: number
  /** Only addresses that hold a place. */
  readonly #heldBy = new Map<string, number>()
  /** By places that the address holds, then by address. No level and no address is empty. */
  readonly #waiting = new Map<number, Map<string, Set<Turn>>>()
  taken = 0
  waitingCount = 0

  constructor(placesMax: number) {
    this.#placesMax = placesMax
  }

  /** Takes a place if there is one. */
  take(address: string): boolean {
    if (this.taken >= this.#placesMax) return false
    this.taken += 1
    this.#holds(address, 1)
    return true
  }

  /** Waits for a place that somebody else gives back. */
  wait(address: string, turn: Turn): void {
    this.waitingCount += 1
    const level = this.#level(this.#held(address))
    const turns = level.get(address)
    if (turns === undefined) level.set(address, new Set([turn]))
    else turns.add(turn)
  }

  /** @returns whether it was still waiting */
  cancel(address: string, turn: Turn): boolean {
    const held = this.#held(address)
    const turns = this.#waiting.get(held)?.get(address)
    if (turns?.delete(turn) !== true) return false
    this.waitingCount -= 1
    if (turns.size === 0) this.#forget(held, address)
    return true
  }

  /** Gives a place back. One that somebody waits for is handed over, so that nobody overtakes. */
  leave(address: string): void {
    this.taken -= 1
    this.#holds(address, -1)
    const next = this.#next()
    if (next === undefined) return
    this.cancel(...next)
    this.take(next[0])
    next[1]()
  }

  /** Whether one waits who would still hold fewer with this place than this address without it. */
  isOwed(address: string): boolean {
    return this.waitingCount > 0 && this.#leastHeld() + 1 < this.#held(address)
  }

  #next(): [address: string, turn: Turn] | undefined {
    const [first] = this.#waiting.get(this.#leastHeld()) ?? []
    const [turn] = first?.[1] ?? []
    return first === undefined || turn === undefined ? undefined : [first[0], turn]
  }

  #leastHeld(): number {
    return Math.min(...this.#waiting.keys())
  }

  #held(address: string): number {
    return this.#heldBy.get(address) ?? 0
  }

  /** Its waiters move along. */
  #holds(address: string, more: 1 | -1): void {
    const before = this.#held(address)
    const turns = this.#waiting.get(before)?.get(address)
    if (turns !== undefined) {
      this.#forget(before, address)
      this.#level(before + more).set(address, turns)
    }
    if (before + more === 0) this.#heldBy.delete(address)
    else this.#heldBy.set(address, before + more)
  }

  #level(held: number): Map<string, Set<Turn>> {
    const level = this.#waiting.get(held) ?? new Map<string, Set<Turn>>()
    this.#waiting.set(held, level)
    return level
  }

  #forget(held: number, address: string): void {
    const level = this.#waiting.get(held)
    level?.delete(address)
    if (level?.size === 0) this.#waiting.delete(held)
  }
}
