/** What counts as late while Redis is in trouble, and what does not. */
import { expect, test } from 'vitest'
import { judgeDelays } from './judge-delays.ts'
import type { Seen } from './sitting.ts'

const acked = [500, 1_500, 2_500]
const truth = {
  at: (_: number, offset: bigint) => ({ crc: 0, ackedMs: acked[Number(offset)] ?? Infinity }),
}
const record = (offset: bigint, atMs: number): Seen => {
  return { is: 'record', partition: 7, offset, crc: 0, atMs }
}
const judge = (...seen: Seen[]) => judgeDelays(seen, truth, [{ fromMs: 1_000, toMs: 2_000 }], 100)

test('a record of the trouble that came late is named, one that came in time is not', () => {
  expect(judge(record(1n, 1_600))).toEqual([])
  expect(judge(record(1n, 1_601))).toEqual(['with Redis in trouble 7/1 came after 101 ms'])
})

test('what was produced before and after the trouble may be late', () => {
  expect(judge(record(0n, 9_000), record(2n, 9_000))).toEqual([])
})

test('what a replay shows once more was in time when it came first', () => {
  const closed: Seen = { is: 'closed', code: undefined, atMs: 5_000 }
  expect(judge(record(1n, 1_520), closed, record(1n, 9_000))).toEqual([])
  expect(judge(closed, record(1n, 9_000))).toHaveLength(1)
})
