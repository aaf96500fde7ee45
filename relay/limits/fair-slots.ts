/**
 * Slots that addresses share fairly. The address that holds fewest goes first, so that an address
 * with many requests delays only itself; among equals, the order of requests applies.
 *
 * Waiting requests are grouped by how many slots their address holds: finding the next one costs as
 * many steps as there are groups, not addresses.
 */

/** A waiting request; called when it has its slot. */
export type Turn = () => void

export class FairSlots {
  readonly #slotsMax: number
  /** Only addresses that hold a slot. */
  readonly #heldBy = new Map<string, number>()
  /** By number of slots that the address holds, then by address. No level or address is empty. */
  readonly #waiting = new Map<number, Map<string, Set<Turn>>>()
  taken = 0
  waitingCount = 0

  constructor(slotsMax: number) {
    this.#slotsMax = slotsMax
  }

  /** Takes a slot if one is free. */
  take(address: string): boolean {
    if (this.taken >= this.#slotsMax) return false
    this.taken += 1
    this.#holds(address, 1)
    return true
  }

  /** Waits for a slot to be released. */
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

  /** Releases a slot. It is handed to the next waiting request, so that no other overtakes it. */
  leave(address: string): void {
    this.taken -= 1
    this.#holds(address, -1)
    const next = this.#next()
    if (next === undefined) return
    this.cancel(...next)
    this.take(next[0])
    next[1]()
  }

  /** Whether a waiting address would, with this slot, still hold fewer than this one without it. */
  mustYield(address: string): boolean {
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

  /** Changes the count of an address; its waiting requests move to the new level. */
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
