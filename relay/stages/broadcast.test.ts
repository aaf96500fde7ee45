/** When clients are woken: at once when quiet, never more often than the interval when busy. */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { ByteLog } from '../log/byte-log.ts'
import { ManualClock, settled } from '../world/manual-clock.ts'
import { Broadcast } from './broadcast.ts'

const flushIntervalMs = 4

function bench() {
  const clock = new ManualClock(1_000)
  const log = new ByteLog({ bytesMax: 1 << 20, recordsMax: 1_000 })
  const flushes: { atMs: number; ordinal: number }[] = []
  const due: (() => void)[] = []
  const broadcast = new Broadcast({
    log,
    clock,
    flushIntervalMs,
    wakeAll: () => flushes.push({ atMs: clock.nowMs(), ordinal: log.ordinal }),
    soon: (work) => due.push(work),
  })
  const runSoon = () => {
    for (const work of due.splice(0)) work()
  }
  return { clock, log, flushes, broadcast, runSoon }
}

test('a quiet relay flushes after the turn, with all that the turn brought', () => {
  const { broadcast, flushes, runSoon } = bench()
  broadcast.append(0, 0n, Buffer.alloc(1))
  void broadcast.flushSoon()
  broadcast.append(1, 0n, Buffer.alloc(1))
  void broadcast.flushSoon()
  expect(flushes).toEqual([])
  runSoon()
  expect(flushes).toEqual([{ atMs: 1_000, ordinal: 2 }])
})

const gapsMs = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 80 })

test('under load flushes are an interval apart, none is late, and nothing is left behind', () => {
  fc.assert(
    fc.property(gapsMs, (gaps) => {
      const { broadcast, clock, flushes, log, runSoon } = bench()
      const appendedMs: number[] = []
      for (const [index, gapMs] of gaps.entries()) {
        clock.advance(gapMs)
        broadcast.append(0, BigInt(index), Buffer.alloc(1))
        appendedMs.push(clock.nowMs())
        void broadcast.flushSoon()
        runSoon()
      }
      clock.advance(flushIntervalMs)
      const apart = flushes.slice(1).map(({ atMs }, index) => atMs - flushes[index]!.atMs)
      expect(apart.every((gapMs) => gapMs >= flushIntervalMs)).toBe(true)
      for (const [index, atMs] of appendedMs.entries()) {
        const flushed = flushes.find(({ ordinal }) => ordinal > index)!
        expect(flushed.atMs - atMs).toBeLessThanOrEqual(flushIntervalMs)
      }
      expect(flushes.at(-1)!.ordinal).toBe(log.ordinal)
    }),
  )
})

test('settles with the flush it asked for', async () => {
  const { broadcast, clock, flushes, runSoon } = bench()
  void broadcast.flushSoon()
  runSoon()
  let isFlushed = false
  void broadcast.flushSoon().then(() => (isFlushed = true))
  clock.advance(flushIntervalMs - 1)
  await settled()
  expect(isFlushed).toBe(false)
  clock.advance(1)
  await settled()
  expect(isFlushed).toBe(true)
  expect(flushes).toHaveLength(2)
})
