/** When clients are woken: at once when quiet, never more often than the interval when busy. */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { ByteLog } from '../log/byte-log.ts'
import { ManualClock, settled } from '../world/manual-clock-testbed.ts'
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
    wakeAll: () => void flushes.push({ atMs: clock.nowMs(), ordinal: log.ordinal }),
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
  broadcast.flushSoon()
  broadcast.append(1, 0n, Buffer.alloc(1))
  broadcast.flushSoon()
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
        broadcast.flushSoon()
        runSoon()
      }
      clock.advance(2 * flushIntervalMs)
      const apart = flushes.slice(1).map(({ atMs }, index) => atMs - flushes[index]!.atMs)
      expect(apart.every((gapMs) => gapMs >= flushIntervalMs)).toBe(true)
      for (const [index, atMs] of appendedMs.entries()) {
        const flushed = flushes.find(({ ordinal }) => ordinal > index)!
        expect(flushed.atMs - atMs).toBeLessThanOrEqual(2 * flushIntervalMs)
      }
      expect(flushes.at(-1)!.ordinal).toBe(log.ordinal)
    }),
  )
})

/** How long after a flush of a number of records the next one comes. */
function restOf(records: number): number {
  const { broadcast, clock, flushes, runSoon } = bench()
  for (let at = 0; at < records; at += 1) broadcast.append(0, BigInt(at), Buffer.alloc(1))
  broadcast.flushSoon()
  runSoon()
  broadcast.flushSoon()
  for (let waited = 0; ; waited += 0.5) {
    if (flushes.length === 2) return waited
    clock.advance(0.5)
  }
}

test('waits longer the more a flush carries, up to twice the interval', () => {
  expect([0, 12, 24, 1_000].map(restOf)).toEqual([4, 6, 8, 8])
})

test('has rested when what was appended is out and the next flush could be at once', async () => {
  const { broadcast, clock, flushes, runSoon } = bench()
  broadcast.flushSoon()
  let hasRested = false
  void broadcast.rested().then(() => (hasRested = true))
  await settled()
  expect(hasRested).toBe(false)
  runSoon()
  await settled()
  clock.advance(flushIntervalMs - 1)
  await settled()
  expect(hasRested).toBe(false)
  clock.advance(1)
  await settled()
  expect(hasRested).toBe(true)
  broadcast.flushSoon()
  runSoon()
  expect(flushes).toHaveLength(2)
})

test('`rested` also waits for a flush to thousands of clients', async () => {
  const woken = Promise.withResolvers<void>()
  const clock = new ManualClock(1_000)
  const log = new ByteLog({ bytesMax: 1 << 20, recordsMax: 1_000 })
  const due: (() => void)[] = []
  const wakeAll = () => woken.promise
  const broadcast = new Broadcast({
    log, clock, flushIntervalMs: 0, wakeAll, soon: (work) => due.push(work),
  })
  broadcast.append(0, 0n, Buffer.alloc(1))
  broadcast.flushSoon()
  const rested: string[] = []
  void broadcast.rested().then(() => rested.push('before'))
  due[0]?.()
  void broadcast.rested().then(() => rested.push('during'))
  await settled()
  expect(rested).toEqual([])
  woken.resolve()
  await settled()
  expect(rested).toEqual(['before', 'during'])
})
