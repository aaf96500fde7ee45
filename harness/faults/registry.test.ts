/** Every fault is one definition: name, spec, effects and chance belong together. */
import { describe, expect, test } from 'vitest'
import { effectsInVersion1 } from '../history/version-1.ts'
import { dice } from '../world/dice.ts'
import type { FaultDefinition } from './fault.ts'
import { effectsOf, faults, sayFault, type FaultSpec } from './registry.ts'

const rows = Object.entries(faults) as unknown as readonly [string, FaultDefinition<FaultSpec>][]
const drawnOf = (name: string, definition: FaultDefinition<FaultSpec>) =>
  Array.from({ length: 20 }, (_, index) => {
    const drawn = definition.draw?.({ dice: dice(`${name}/${index}`), groups: ['a', 'b'] })
    return drawn as FaultSpec
  })

describe.each(rows)('the fault %s', (name, definition) => {
  test('is drawn as its own spec has it, and the same from the same seed', () => {
    const drawn = drawnOf(name, definition)
    for (const spec of drawn) {
      expect(spec.fault).toBe(name)
      expect(definition.spec.parse(spec)).toEqual(spec)
    }
    expect(drawnOf(name, definition)).toEqual(drawn)
  })

  test('says what it does, and does what it did in version 1', () => {
    for (const spec of drawnOf(name, definition)) {
      expect(sayFault(spec)).toMatch(/\w+ \w+/)
      const before = effectsInVersion1({ ...spec })
      if (before !== undefined) expect(before).toEqual(effectsOf(spec))
    }
  })

  test('takes no field that it does not know', () => {
    const [spec] = drawnOf(name, definition)
    expect(() => definition.spec.parse({ ...spec, milliseconds: 5 })).toThrow(/milliseconds/)
  })
})

test('the faults of version 1 are all known', () => {
  const known = rows.flatMap(([name, definition]) => drawnOf(name, definition).slice(0, 1))
  const old = known.filter((spec) => effectsInVersion1({ ...spec }) !== undefined)
  expect(old).toHaveLength(12)
})

test('a fault hits the groups that there are, and no others', () => {
  const groups = rows.flatMap(([name, definition]) =>
    drawnOf(name, definition).map((spec) => effectsOf(spec).group),
  )
  expect(new Set(groups)).toEqual(new Set([undefined, 'a', 'b']))
})
