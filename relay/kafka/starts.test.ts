/** Where reading begins, and that no partition waits for one that is unknown to Kafka. */
import { describe, expect, test } from 'vitest'
import { type Start, Starts, startsOf, type TopicMarks } from './starts.ts'
import { ManualClock } from '../world/manual-clock-testbed.ts'

const marksOf = (
  commits: Record<number, bigint>,
  logs: Record<number, readonly [bigint, bigint]>,
): TopicMarks => ({
  commits: new Map(Object.entries(commits).map(([one, offset]) => [Number(one), offset])),
  logs: new Map(
    Object.entries(logs).map(([one, [logStart, logEnd]]) => [Number(one), { logStart, logEnd }]),
  ),
})
const start = (partition: number, offset: bigint, lostFrom?: bigint): Start => {
  return { partition, offset, lostFrom }
}

describe('reading begins', () => {
  test('at the newest record only where the group has read nothing of the topic', () => {
    const fresh = marksOf({}, { 0: [2n, 9n], 1: [0n, 4n] })
    expect(startsOf([0, 1], fresh, 'latest')).toEqual([start(0, 9n), start(1, 4n)])
    expect(startsOf([0, 1], fresh, 'earliest')).toEqual([start(0, 2n), start(1, 0n)])
    const known = marksOf({ 0: 5n }, { 0: [2n, 9n], 1: [0n, 4n] })
    expect(startsOf([0, 1], known, 'latest')).toEqual([start(0, 5n), start(1, 0n)])
  })

  test('at the oldest one where Kafka deleted the committed position, and reports that', () => {
    const marks = marksOf({ 0: 5n }, { 0: [10n, 15n] })
    for (const reset of ['latest', 'earliest'] as const) {
      expect(startsOf([0], marks, reset)).toEqual([start(0, 10n, 5n)])
    }
  })

  test('at the oldest one of a log that is shorter than what was committed', () => {
    expect(startsOf([0], marksOf({ 0: 50n }, { 0: [3n, 9n] }), 'latest')).toEqual([start(0, 3n)])
  })

  test('without a leader at the committed offset, or unknown', () => {
    expect(startsOf([0, 1], marksOf({ 0: 5n }, {}), 'earliest')).toEqual([start(0, 5n)])
  })
})

function bench(reset: 'earliest' | 'latest' = 'earliest') {
  const clock = new ManualClock()
  const placed = new Map<number, bigint>()
  const seen = { asked: 0, failures: 0, founded: [] as [number, bigint][] }
  const kafka: { marks: TopicMarks | undefined; refuses: boolean } = {
    marks: undefined,
    refuses: false,
  }
  const starts = new Starts({
    clock,
    reset,
    async ask() {
      seen.asked += 1
      if (kafka.marks === undefined) throw new Error('no answer')
      return kafka.marks
    },
    withoutStart: (among) => among.filter((one) => !placed.has(one)),
    async found(offsets) {
      if (kafka.refuses) throw new Error('not in the group')
      seen.founded.push(...offsets)
    },
    place: (found) => found.forEach(({ partition, offset }) => placed.set(partition, offset)),
    onFailed: () => (seen.failures += 1),
  })
  return { clock, kafka, placed, seen, starts }
}

test('asks until Kafka answers, then only for what is still unknown', async () => {
  const { clock, kafka, placed, seen, starts } = bench()
  starts.assigned([0, 1])
  await clock.pass(2_000, 50)
  expect([starts.isAsked, starts.hasBegun, placed.size]).toEqual([false, false, 0])
  expect(seen.failures).toBe(seen.asked)
  kafka.marks = marksOf({ 0: 7n }, { 0: [0n, 9n] })
  await clock.pass(5_000, 50)
  expect([starts.isAsked, starts.hasBegun, ...placed]).toEqual([true, true, [0, 7n]])
  kafka.marks = marksOf({ 0: 7n }, { 0: [0n, 9n], 1: [2n, 3n] })
  await clock.pass(6_000, 50)
  expect([...placed]).toEqual([[0, 7n], [1, 2n]])
  const { asked } = seen
  await clock.pass(60_000, 1_000)
  expect([seen.asked, clock.pending]).toEqual([asked, 0])
})

test('a new group gets committed starts before it reads, for all partitions', async () => {
  const { clock, kafka, placed, seen, starts } = bench('latest')
  kafka.marks = marksOf({}, { 0: [0n, 9n], 1: [0n, 4n] })
  kafka.refuses = true
  starts.assigned([0])
  await clock.pass(1_000, 50)
  expect([placed.size, seen.failures > 0]).toEqual([0, true])
  kafka.refuses = false
  await clock.pass(6_000, 50)
  expect([[...placed], seen.founded]).toEqual([[[0, 9n]], [[0, 9n], [1, 4n]]])
})

test('an assignment that is over is not asked for any more', async () => {
  const { clock, kafka, placed, starts } = bench()
  starts.assigned([0])
  starts.stop()
  kafka.marks = marksOf({}, { 0: [0n, 9n] })
  await clock.pass(60_000, 500)
  expect([placed.size, clock.pending]).toEqual([0, 0])
  placed.set(0, 3n)
  starts.assigned([0])
  expect(starts.isAsked).toBe(true)
})
