/** The one structure that keeps the client's memory bounded, against the simplest model of it. */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { CappedMap } from './capped-map.ts'

type Step = readonly ['set' | 'touch' | 'get' | 'delete' | 'drop' | 'clear', number]
const steps = fc.array(
  fc.tuple(
    fc.constantFrom<Step[0]>('set', 'set', 'set', 'set', 'touch', 'get', 'delete', 'drop', 'clear'),
    fc.nat(9),
  ),
  { maxLength: 200 },
)

test('holds the most recent entries, whatever is done to it', () => {
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 6 }), (plan, max) => {
      const dropped: number[] = []
      const map = new CappedMap<number, number>(max, (key) => dropped.push(key))
      const model: number[] = []
      const droppedByModel: number[] = []
      for (const [step, key] of plan) {
        applyTo(map, step, key)
        droppedByModel.push(...applyToModel(model, step, key, max))
        expect([...map.keys()]).toEqual(model)
      }
      expect(dropped).toEqual(droppedByModel)
    }),
    { numRuns: 300 },
  )
})

test('costs the same per entry whether it drops ten or a million', () => {
  const map = new CappedMap<number, number>(50_000)
  for (let key = 0; key < 1_000_000; key += 1) map.set(key, key)
  expect([map.size, map.has(949_999), map.has(950_000)]).toEqual([50_000, false, true])
})

test('refuses a cap that can hold nothing', () => {
  expect(() => new CappedMap(0)).toThrow(RangeError)
})

function applyTo(map: CappedMap<number, number>, step: Step[0], key: number): void {
  if (step === 'set') map.set(key, key)
  if (step === 'touch') map.touch(key)
  if (step === 'get') map.get(key)
  if (step === 'delete') map.delete(key)
  if (step === 'drop') map.dropOldest()
  if (step === 'clear') map.clear()
}

/** The same on a list, oldest first; the dropped entries. */
function applyToModel(list: number[], step: Step[0], key: number, max: number): number[] {
  const at = list.indexOf(key)
  if (step === 'clear') list.splice(0)
  if (step === 'drop') return list.splice(0, 1)
  if (at >= 0 && (step === 'set' || step === 'touch' || step === 'delete')) list.splice(at, 1)
  if (step === 'set' || (step === 'touch' && at >= 0)) list.push(key)
  return list.length > max ? list.splice(0, 1) : []
}
