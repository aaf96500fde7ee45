/** Slots: never more than there are, in order, and one that is given back wakes one who waits. */
import { expect, test } from 'vitest'
import { settled } from './manual-clock-testbed.ts'
import { Slots } from './slots.ts'
import { workOf } from './work-testbed.ts'

const never = new AbortController().signal

test('are given in the order of asking, and never more than there are', async () => {
  const slots = new Slots(2)
  const seen: number[] = []
  for (let asked = 0; asked < 5; asked += 1) void slots.enter(never).then(() => seen.push(asked))
  await settled()
  expect(seen).toEqual([0, 1])
  slots.leave()
  // A new caller does not overtake.
  void slots.enter(never).then(() => seen.push(5))
  await settled()
  expect(seen).toEqual([0, 1, 2])
  for (let left = 0; left < 3; left += 1) slots.leave()
  await settled()
  expect(seen).toEqual([0, 1, 2, 3, 4, 5])
})

test('that are no longer wanted are left out, or handed on', async () => {
  const slots = new Slots(1)
  await slots.enter(never)
  const [gone, late] = [new AbortController(), new AbortController()]
  const waiting = slots.enter(gone.signal)
  gone.abort(new Error('gone'))
  await expect(waiting).rejects.toThrow('gone')
  const handed = slots.enter(late.signal)
  slots.leave()
  late.abort(new Error('late'))
  await handed.then(() => slots.leave(), () => undefined)
  await slots.enter(never)
  await expect(slots.enter(gone.signal)).rejects.toThrow('gone')
})

test('given to many, one after the other, cost each of them the same', async () => {
  const cost = (count: number) => {
    const slots = new Slots(1)
    const one = () => slots.enter(never).then(() => slots.leave())
    return workOf(() => Promise.all(Array.from({ length: count }, one)))
  }
  await cost(10)
  expect(await cost(2_000)).toBeLessThan(5 * (await cost(500)))
})
