/** The gate of replays: how many at once, who is next, who is refused, and how fast they go. */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ManualClock, settled } from '../world/manual-clock-testbed.ts'
import { createReplayGate, type GateBounds } from './replay-gate.ts'

const bounds: GateBounds = {
  replaysMax: 2,
  waitMs: 1_000,
  clientBytesPerSecond: 0,
  allBytesPerSecond: 0,
}

async function* chunks(count: number, bytes: number, until?: Promise<void>) {
  for (let made = 0; made < count; made += 1) {
    yield Buffer.alloc(bytes)
    await until
  }
}

function bench(more: Partial<GateBounds> = {}) {
  const clock = new ManualClock()
  const gate = createReplayGate(clock, { ...bounds, ...more })
  const run = (source: AsyncIterable<Buffer>, address = 'here') => {
    const seen = { chunks: 0, isRefused: false, isOver: false }
    const read = async () => {
      const onRefused = () => void (seen.isRefused = true)
      for await (const _ of gate.pass(source, address, onRefused)) seen.chunks += 1
      seen.isOver = true
    }
    void read()
    return seen
  }
  return { clock, gate, run }
}

test('one more than may be under way waits for its turn, in the order of asking', async () => {
  const { gate, run } = bench()
  const ends = [0, 1].map(() => Promise.withResolvers<void>())
  for (const { promise } of ends) run(chunks(1, 1, promise))
  const [third, fourth] = [run(chunks(1, 1)), run(chunks(1, 1, new Promise(() => undefined)))]
  await settled()
  expect([gate.underWay, third.chunks, fourth.chunks]).toEqual([2, 0, 0])
  ends[0]!.resolve()
  await settled()
  expect(third).toEqual({ chunks: 1, isRefused: false, isOver: true })
  expect([gate.underWay, fourth.chunks]).toEqual([2, 1])
})

test('who waits too long is refused without a chunk, and places are not lost by it', async () => {
  const { clock, gate, run } = bench()
  const end = Promise.withResolvers<void>()
  run(chunks(1, 1, end.promise))
  run(chunks(1, 1, end.promise))
  const late = run(chunks(1, 1))
  await clock.pass(1_000)
  await settled()
  expect(late).toEqual({ chunks: 0, isRefused: true, isOver: true })
  end.resolve()
  await settled()
  expect(gate.underWay).toBe(0)
  expect((run(chunks(1, 1)), await settled(), gate.underWay)).toBe(0)
})

test('who would wait behind too many is refused at once', async () => {
  const { run } = bench({ replaysMax: 1 })
  run(chunks(1, 1, new Promise(() => undefined)))
  const waiting = Array.from({ length: 17 }, () => run(chunks(1, 1)))
  await settled()
  expect(waiting.map(({ isRefused }) => isRefused).indexOf(true)).toBe(16)
})

test.each([
  ['one replay', { clientBytesPerSecond: 1_000 }],
  ['all together', { allBytesPerSecond: 1_000 }],
])('%s sends no more bytes a second than allowed', async (_who, bound) => {
  const { clock, run } = bench(bound)
  const replay = run(chunks(10, 1_000))
  await settled()
  // Two seconds' worth at once, and one chunk that runs into debt.
  expect(replay.chunks).toBe(3)
  await clock.pass(4_000, 500)
  expect(replay.chunks).toBe(7)
  await clock.pass(4_000, 500)
  expect(replay.isOver).toBe(true)
})

/** A replay whose every chunk waits until it is let go, as when its client reads slowly. */
function slow(count: number) {
  const gates = Array.from({ length: count }, () => Promise.withResolvers<void>())
  async function* source() {
    for (const { promise } of gates) {
      yield Buffer.alloc(1)
      await promise
    }
  }
  const letGo = async (chunk: number) => {
    gates[chunk]?.resolve()
    await settled()
  }
  return { source: source(), letGo }
}

describe('addresses share the places', () => {
  test('who holds fewer goes first, however many came before', async () => {
    const { run } = bench({ replaysMax: 2 })
    const many = [slow(1), slow(1)]
    for (const { source } of many) run(source, 'many')
    const before = [1, 2, 3].map(() => run(chunks(1, 1, new Promise(() => undefined)), 'many'))
    const one = run(chunks(1, 1, new Promise(() => undefined)), 'one')
    await settled()
    await many[0]!.letGo(0)
    expect([one.chunks, ...before.map(({ chunks: seen }) => seen)]).toEqual([1, 0, 0, 0])
    await many[1]!.letGo(0)
    expect([one.chunks, ...before.map(({ chunks: seen }) => seen)]).toEqual([1, 1, 0, 0])
  })

  test('seven addresses keep no other out, and get all their replays in the end', async () => {
    const { clock, gate, run } = bench({ replaysMax: 64, waitMs: 10_000 })
    const held = Array.from({ length: 70 }, (_, at) => {
      const { source, letGo } = slow(3)
      return { letGo, seen: run(source, `a${at % 7}`) }
    })
    await settled()
    const newcomer = run(chunks(2, 1), 'new')
    await clock.pass(1_000)
    expect([gate.underWay, newcomer.chunks]).toEqual([64, 0])
    await held[0]!.letGo(0)
    expect(newcomer).toEqual({ chunks: 2, isRefused: false, isOver: true })
    for (let chunk = 0; chunk < 3; chunk += 1) {
      for (const { letGo } of held) await letGo(chunk)
    }
    expect(held.filter(({ seen }) => seen.chunks !== 3 || seen.isRefused)).toEqual([])
    expect(gate.underWay).toBe(0)
  })

  test('a replay that is the only one of its address keeps its place', async () => {
    const { run } = bench({ replaysMax: 1 })
    const first = slow(2)
    const [seen, other] = [run(first.source, 'a'), run(chunks(1, 1), 'b')]
    await settled()
    await first.letGo(0)
    expect([seen.chunks, other.chunks]).toEqual([2, 0])
    await first.letGo(1)
    expect(other.isOver).toBe(true)
  })

  test('who gave its place away and gets none in time comes back later', async () => {
    const { clock, gate, run } = bench({ replaysMax: 2 })
    const two = [slow(3), slow(3)]
    const seen = two.map(({ source }) => run(source, 'a'))
    await settled()
    run(chunks(1, 1, new Promise(() => undefined)), 'b')
    await settled()
    await two[0]!.letGo(0)
    expect(seen[0]).toMatchObject({ chunks: 2, isRefused: false })
    await clock.pass(1_000)
    expect(seen[0]).toEqual({ chunks: 2, isRefused: true, isOver: true })
    expect([seen[1]!.chunks, gate.underWay]).toEqual([1, 2])
  })

  test('never more at once than the limit, and none is lost, in any order', async () => {
    const order = fc.array(
      fc.record({ address: fc.integer({ min: 0, max: 4 }), count: fc.integer({ min: 1, max: 5 }) }),
      { minLength: 1, maxLength: 40 },
    )
    await fc.assert(
      fc.asyncProperty(order, fc.integer({ min: 1, max: 6 }), async (asked, replaysMax) => {
        const { gate, run } = bench({ replaysMax })
        let most = 0
        async function* source(count: number) {
          for (let made = 0; made < count; made += 1) {
            most = Math.max(most, gate.underWay)
            yield Buffer.alloc(1)
            await Promise.resolve()
          }
        }
        const all = asked.map(({ address, count }) => run(source(count), `a${address}`))
        const isBusy = () => all.some(({ isOver }) => !isOver)
        for (let turn = 0; turn < 300 && isBusy(); turn += 1) await settled()
        const wanted = all.map(({ isRefused }, at) => (isRefused ? 0 : asked[at]!.count))
        expect(all.map((one) => one.chunks)).toEqual(wanted)
        expect(most).toBeLessThanOrEqual(replaysMax)
        expect([gate.underWay, all.every(({ isOver }) => isOver)]).toEqual([0, true])
      }),
      { numRuns: 50 },
    )
  })
})
