/** What clients may hold together, and who pays when it is too much. */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { Clients } from './clients.ts'
import type { ByteLog } from './log/byte-log.ts'
import type { Session } from './session.ts'
import { ManualClock } from './world/manual-clock.ts'

const queuesBytesMax = 1_000

function bench(queues: readonly number[], isOver = false) {
  const clock = new ManualClock()
  const log = { pinnedBytes: isOver ? 2 : 0, ordinal: 9, ringRecords: 8 } as unknown as ByteLog
  const clients = new Clients({ log, clock, pinnedBytesMax: 1, queuesBytesMax, waitMsMax: 1 })
  const closed: number[] = []
  const missing: number[] = []
  for (const [at, bytes] of queues.entries()) {
    const outlet = {
      queuedBytes: bytes,
      ordinal: at,
      isPinning: isOver,
      close() {
        closed.push(at)
        if (isOver) throw new Error('a client is ended only once')
        outlet.queuedBytes = 0
      },
    }
    const told = { sweep: () => undefined, misses: (count: number) => void missing.push(count) }
    const session = { ...told, outlet, isOver, close: () => outlet.close() }
    clients.add(session as unknown as Session)
  }
  return { clients, clock, closed, missing }
}

test('all queues together stay below their bound, at the cost of the longest', () => {
  const isKept = fc.property(fc.array(fc.nat(600), { maxLength: 20 }), (queues) => {
    const { clients, closed } = bench(queues)
    clients.sweep()
    expect(clients.queuedBytes).toBeLessThanOrEqual(queuesBytesMax)
    const kept = queues.filter((_, at) => !closed.includes(at))
    const paid = closed.map((at) => queues[at]!)
    expect(Math.min(Infinity, ...paid)).toBeGreaterThanOrEqual(Math.max(0, ...kept))
    const last = paid.at(-1)
    if (last !== undefined) expect(clients.queuedBytes + last).toBeGreaterThan(queuesBytesMax)
  })
  expect(() => fc.assert(isKept)).not.toThrow()
})

test('each sweep tells how many records have left the ring before a client got them', () => {
  const { clock, missing } = bench([0, 0, 0])
  clock.advance(100)
  expect(missing).toEqual([1, 0, -1])
})

test('the bound is looked after on the one timer that all clients share', () => {
  const { clock, closed } = bench([400, 700])
  clock.advance(100)
  expect(closed).toEqual([1])
})

test('whoever is being ended keeps what it holds until its own deadline', () => {
  const { clients, closed } = bench([700, 800], true)
  expect(() => clients.sweep()).not.toThrow()
  expect(closed).toEqual([])
})
