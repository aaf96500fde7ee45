/** The counts of sequences against a model that looks at one event at a time, as DashFlow does. */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { Ledger } from '../limits/ledger.ts'
import { createMetrics, type Metrics } from '../metrics/metrics.ts'
import { parseSettings } from '../tables/settings-parse.ts'
import { Sequences, type Numbered } from './sequences.ts'

const u64Max = 18_446_744_073_709_551_615n

/** Tracks threads within this many bytes. */
function of(metrics: Metrics, bytesMax = 1_048_576) {
  const parsed = parseSettings({ KAFKA_THREAD_NAMES_BYTES: String(bytesMax) })
  if (!parsed.ok) throw new Error(parsed.problems.join('; '))
  const share = new Ledger(parsed.settings).share('thread_names')
  return { share, sequences: new Sequences(metrics, share) }
}

function judged(bytesMax?: number) {
  const metrics = createMetrics(false)
  const { sequences } = of(metrics, bytesMax)
  const counts = () => ({
    gaps: metrics.sequenceGaps.total,
    duplicates: metrics.sequenceDuplicates.total,
    reorders: metrics.sequenceReorders.total,
  })
  const take = (sequence: bigint, partition = 0) =>
    sequences.take(partition, [{ thread: 'a', sequence }])
  return { metrics, sequences, counts, take }
}

test('the first of a thread is its baseline, wherever it stands', () => {
  const { counts, take } = judged()
  for (const sequence of [7n, 8n, 9n]) take(sequence)
  take(500n, 1)
  expect(counts()).toEqual({ gaps: 0, duplicates: 0, reorders: 0 })
})

test('counts a gap with its size, a duplicate and a step back', async () => {
  const { counts, take, metrics } = judged()
  for (const sequence of [1n, 4n, 4n, 2n, 5n]) take(sequence)
  expect(counts()).toEqual({ gaps: 1, duplicates: 1, reorders: 1 })
  const scrape = await metrics.scrape.text()
  expect(scrape).toContain('dashstream_sequence_gap_size_bucket{le="2"} 1')
  expect(scrape).toContain('dashstream_sequence_gap_size_sum 2')
})

test('names of threads have a limit in bytes, and the least recently used go first', () => {
  const metrics = createMetrics(false)
  const { sequences, share } = of(metrics, 100_000)
  const name = (at: number) => `${at}`.padEnd(200, 'x')
  for (let at = 0; at < 40_000; at += 1) {
    sequences.take(at % 8, [{ thread: name(at), sequence: 1n }])
    expect(share.usedBytes).toBeLessThanOrEqual(100_000)
  }
  expect(share.usedBytes).toBeGreaterThan(90_000)
  sequences.take(39_999 % 8, [{ thread: name(39_999), sequence: 9n }])
  sequences.take(0, [{ thread: name(0), sequence: 9n }])
  expect(metrics.sequenceGaps.total).toBe(1)
  sequences.forgetAll()
  expect(share.usedBytes).toBe(0)
})

test('knows the largest number there is', () => {
  const { counts, take } = judged()
  for (const sequence of [u64Max - 1n, u64Max, u64Max]) take(sequence)
  expect(counts()).toEqual({ gaps: 0, duplicates: 1, reorders: 0 })
})

test('starts again after a reset', () => {
  const { counts, sequences, take } = judged()
  take(5n, 0)
  take(5n, 1)
  sequences.forgetAll()
  take(1n, 0)
  take(1n, 1)
  expect(counts()).toEqual({ gaps: 0, duplicates: 0, reorders: 0 })
})

test('remembers a bounded number of threads, and judges no forgotten one', () => {
  const { counts, sequences } = judged(16_777_216)
  const threads = Array.from({ length: 10_001 }, (_, at) => ({ thread: `t${at}`, sequence: 5n }))
  sequences.take(0, threads)
  sequences.take(0, [{ thread: 't0', sequence: 1n }])
  expect(counts().reorders).toBe(0)
  sequences.take(0, [{ thread: 't9000', sequence: 1n }])
  expect(counts().reorders).toBe(1)
})

test('drops no thread that is used again and again', () => {
  const { counts, sequences, take } = judged()
  for (let at = 0; at < 30_000; at += 1) {
    sequences.take(0, [{ thread: `t${at}`, sequence: 5n }])
    // Every other one is missing.
    if (at % 1_000 === 0) take(BigInt(at / 500 + 1))
  }
  expect(counts()).toEqual({ gaps: 29, duplicates: 0, reorders: 0 })
})

const span = fc
  .tuple(fc.bigInt({ min: 1n, max: 12n }), fc.bigInt({ min: 0n, max: 3n }))
  .map(([first, more]) => ({ first, last: first + more }))
const run: fc.Arbitrary<Numbered> = fc.record({
  thread: fc.constantFrom('a', 'b'),
  sequence: fc.constant(0n),
  spans: fc.array(span, { minLength: 1, maxLength: 3 }),
})

test('counts spans as if their events came one by one', () => {
  fc.assert(
    fc.property(fc.array(run, { maxLength: 20 }), (runs) => {
      const { counts, sequences } = judged()
      const model = { gaps: 0, duplicates: 0, reorders: 0 }
      const next = new Map<string, bigint>()
      for (const { thread, spans } of runs) {
        for (const { first, last } of spans!) {
          for (let one = first; one <= last; one += 1n) {
            const expected = next.get(thread) ?? one
            if (one > expected) model.gaps += 1
            if (one === expected - 1n) model.duplicates += 1
            if (one < expected - 1n) model.reorders += 1
            if (one >= expected) next.set(thread, one + 1n)
          }
        }
      }
      sequences.take(0, runs)
      expect(counts()).toEqual(model)
    }),
  )
})
