/**
 * How many sockets one address may hold. A slot is a function that releases itself: there is no
 * other way to release one, and calling it twice releases once, so a count can neither leak nor go
 * below zero. The table holds only addresses that have a slot now.
 */
import type { ConnectionLimiter } from './seam.ts'

/** @param perAddressMax slots of one address */
export function createConnectionLimiter(perAddressMax: number): ConnectionLimiter {
  const takenBy = new Map<string, number>()
  let taken = 0
  const release = (address: string) => {
    const left = takenBy.get(address)! - 1
    taken -= 1
    if (left === 0) takenBy.delete(address)
    else takenBy.set(address, left)
  }
  return {
    take(address) {
      const held = takenBy.get(address) ?? 0
      if (held >= perAddressMax) return undefined
      takenBy.set(address, held + 1)
      taken += 1
      let isHeld = true
      return () => {
        if (isHeld) release(address)
        isHeld = false
      }
    },
    get taken() {
      return taken
    },
  }
}
