/** The gate of replays: how many at once, who is next, who is refused, and how fast they go. */
import { expect, test } from 'vitest'
import { ManualClock, settled } from '../world/manual-clock.ts'
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
  const run = (source: AsyncIterable<Buffer>) => {
    const seen = { chunks: 0, isRefused: false, isOver: false }
    const read = async () => {
      for await (const _ of gate.pass(source, () => void (seen.isRefused = true))) seen.chunks += 1
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
