/** Slots against a model: none is lost, none is given twice. */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { createConnectionLimiter } from './connection-limiter.ts'

const perAddressMax = 3
const addresses = ['10.0.0.1', '10.0.0.2', '::1'] as const

test('holds the limit per address, and gives back every slot exactly once', () => {
  const step = fc.record({
    takes: fc.boolean(),
    address: fc.constantFrom(...addresses),
    pick: fc.nat(20),
  })
  const isKept = fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const limiter = createConnectionLimiter(perAddressMax)
      const held = new Map<string, Set<() => void>>(addresses.map((one) => [one, new Set()]))
      const released: (() => void)[] = []
      for (const { takes, address, pick } of steps) {
        const own = held.get(address)!
        if (takes) {
          const release = limiter.take(address)
          if ((release !== undefined) !== own.size < perAddressMax) return false
          if (release) own.add(release)
        } else {
          // Now and then one that was given back before is given back again.
          const release = pick % 3 === 0 ? released[pick % released.length] : [...own][0]
          release?.()
          if (release !== undefined && own.delete(release)) released.push(release)
        }
        const taken = [...held.values()].reduce((sum, one) => sum + one.size, 0)
        if (limiter.taken !== taken) return false
      }
      return true
    })
  expect(() => fc.assert(isKept)).not.toThrow()
})
