/** The queue keeps its order and its bound, for any sequence of offers and takes. */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { openQueue, type Outgoing } from './queue.ts'

const outgoing = (number: number, bytes: number): Outgoing => ({
  number,
  thread: 't',
  sequence: number,
  partition: 0,
  key: Buffer.from('t'),
  value: bytes < 0 ? null : Buffer.alloc(bytes),
  dueMs: 0,
})

test('what goes in comes out in order, and never more than the bound waits', () => {
  const bytesMax = 4_096
  const anyStep = fc.oneof(
    fc.record({ offer: fc.integer({ min: -1, max: 3_000 }) }),
    fc.record({ take: fc.integer({ min: 1, max: 10 }) }),
  )
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 200 }), (steps) => {
      const queue = openQueue(bytesMax)
      const waiting: number[] = []
      const offer = (number: number, bytes: number) => {
        const hasRoom = queue.hasRoom(Math.max(0, bytes))
        expect(queue.offer(outgoing(number, bytes))).toBe(hasRoom)
        if (hasRoom) waiting.push(number)
      }
      const take = (recordsMax: number) => {
        const taken = queue.take(recordsMax, 2_000).map((record) => record.number)
        expect(taken).toEqual(waiting.splice(0, taken.length))
        expect(taken.length > 0 || waiting.length === 0).toBe(true)
      }
      for (const [number, step] of steps.entries()) {
        if ('offer' in step) offer(number, step.offer)
        else take(step.take)
        expect(queue.length).toBe(waiting.length)
        expect(queue.bytes).toBeLessThanOrEqual(bytesMax)
      }
    }),
  )
})

test('a record that is larger than the bound is taken alone, and sent alone', () => {
  const queue = openQueue(1_000)
  expect(queue.offer(outgoing(1, 5_000))).toBe(true)
  expect(queue.offer(outgoing(2, 1))).toBe(false)
  expect(queue.take(10, 100).map(({ number }) => number)).toEqual([1])
  expect(queue.bytes).toBe(0)
  expect(queue.offer(outgoing(2, 1))).toBe(true)
})

test('tombstones fill the queue too', () => {
  const queue = openQueue(10_000)
  let taken = 0
  while (queue.offer(outgoing(taken, -1))) taken += 1
  expect(taken).toBeGreaterThan(10)
  expect(taken).toBeLessThan(1_000)
})
