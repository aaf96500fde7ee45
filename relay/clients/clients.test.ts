/** What clients may hold together, and who pays when it is too much. */
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Clients } from './clients.ts'
import type { ByteLog } from '../log/byte-log.ts'
import type { Session } from './session.ts'
import { sleep, systemClock } from '../world/clock.ts'
import { ManualClock, settled } from '../world/manual-clock-testbed.ts'

const queuesBytesMax = 1_000
const noExcess = { excessBytes: 0, refusals: 0 }
const bounds = { pinnedBytesMax: 1, queues: noExcess, waitMsMax: 1, onSwept: () => undefined }

function bench(queues: readonly number[], isOver = false) {
  const clock = new ManualClock()
  const log = { pinnedBytes: isOver ? 2 : 0, ordinal: 9, ringRecords: 8 } as unknown as ByteLog
  const outlets: { queuedBytes: number }[] = []
  const queuedBytes = () => outlets.reduce((sum, one) => sum + one.queuedBytes, 0)
  const account = {
    refusals: 0,
    get excessBytes() {
      return queuedBytes() - queuesBytesMax
    },
  }
  const needs = { ...bounds, queues: account, log, clock, soon: (work: () => void) => work() }
  const clients = new Clients(needs)
  const closed: number[] = []
  const abandoned: number[] = []
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
      abandon: () => void abandoned.push(at),
    }
    outlets.push(outlet)
    const reported = { sweep: () => undefined, misses: (count: number) => void missing.push(count) }
    const session = { ...reported, outlet, isOver, close: () => outlet.close() }
    clients.add(session as unknown as Session)
  }
  return { abandoned, account, clients, clock, closed, missing, queuedBytes }
}

test('all queues together stay below their bound, at the cost of the longest', () => {
  const isKept = fc.property(fc.array(fc.nat(600), { maxLength: 20 }), (queues) => {
    const { account, clients, closed, queuedBytes } = bench(queues)
    clients.sweep()
    expect(account.refusals).toBe(closed.length)
    expect(queuedBytes()).toBeLessThanOrEqual(queuesBytesMax)
    const kept = queues.filter((_, at) => !closed.includes(at))
    const paid = closed.map((at) => queues[at]!)
    expect(Math.min(Infinity, ...paid)).toBeGreaterThanOrEqual(Math.max(0, ...kept))
    const last = paid.at(-1)
    if (last !== undefined) expect(queuedBytes() + last).toBeGreaterThan(queuesBytesMax)
  })
  expect(() => fc.assert(isKept)).not.toThrow()
})

test('each sweep reports how many records have left the ring before a client got them', () => {
  const { clock, missing } = bench([0, 0, 0])
  clock.advance(100)
  expect(missing).toEqual([1, 0, -1])
})

test('the bound is looked after on the one timer that all clients share', () => {
  const { clock, closed } = bench([400, 700])
  clock.advance(100)
  expect(closed).toEqual([1])
})

test('a client that is being closed keeps its bytes until its own deadline', () => {
  const { abandoned, clients, closed } = bench([700, 800], true)
  expect(() => clients.sweep()).not.toThrow()
  expect([closed, abandoned]).toEqual([[], []])
})

test('but for what it does not take while all hold too much: the longest go first', () => {
  const { abandoned, clients, closed } = bench([5_000, 700, 8_000, 6_000], true)
  clients.sweep()
  expect([closed, abandoned]).toEqual([[], [2, 3, 0]])
})

test('what a client has sent is read before it is judged by time, however late', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const both = await Promise.all([once(server, 'connection'), once(client, 'connect')])
  const socket = both[0][0] as Socket
  const order: string[] = []
  socket.on('data', () => order.push('read'))
  const log = { pinnedBytes: 0 } as ByteLog
  const soon = (work: () => void) => void setImmediate(work)
  const clients = new Clients({ ...bounds, log, clock: systemClock, soon })
  const outlet = { queuedBytes: 0 }
  clients.add({ sweep: () => order.push('judged'), isOver: true, outlet } as unknown as Session)
  client.write('resume')
  const endMs = systemClock.nowMs() + 150
  while (systemClock.nowMs() < endMs);
  while (order.length < 2) await sleep(systemClock, 5)
  expect(order.slice(0, 2)).toEqual(['read', 'judged'])
  client.destroy()
  server.close()
})

describe('very many clients', () => {
  const count = 5_000
  /** Each of them takes ten microseconds, as a small write does. */
  function many() {
    const clock = new ManualClock()
    const log = { pinnedBytes: 0, ordinal: 9, ringRecords: 8 } as unknown as ByteLog
    const clients = new Clients({ ...bounds, log, clock, soon: (work) => work() })
    let longestMs = 0
    let fromMs = 0
    const take = () => {
      clock.advance(0.01)
      longestMs = Math.max(longestMs, clock.nowMs() - fromMs)
    }
    const seen = { woken: [] as number[], swept: [] as number[] }
    for (let at = 0; at < count; at += 1) {
      const outlet = { wake: () => (take(), seen.woken.push(at)), ordinal: 9, queuedBytes: 0 }
      const sweep = () => (take(), seen.swept.push(at))
      const session = { outlet, isOver: false, sweep, misses: () => undefined }
      clients.add(session as unknown as Session)
    }
    const finish = async (those: 'woken' | 'swept') => {
      while (seen[those].length < count) {
        fromMs = clock.nowMs()
        await settled()
      }
      return longestMs
    }
    return { clients, finish, seen }
  }

  test('are woken in order, and never for long in one turn', async () => {
    const { clients, finish, seen } = many()
    const woken = clients.wakeAll()
    expect(await finish('woken')).toBeLessThan(10)
    await woken
    expect(seen.woken).toEqual(Array.from({ length: count }, (_, at) => at))
  })

  test('are looked at in time, and never for long in one turn', async () => {
    const { clients, finish } = many()
    clients.sweep()
    expect(await finish('swept')).toBeLessThan(10)
  })
})
