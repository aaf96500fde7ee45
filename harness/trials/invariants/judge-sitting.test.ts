/** What a connection may be sent in which order, by when it asked. */
import { expect, test } from 'vitest'
import { judgeSitting } from './judge-sitting.ts'
import type { Seen, Sitting } from './sitting.ts'
import type { Truth } from './truth.ts'

const truth = {
  at: (_: number, offset: bigint) => (offset < 9n ? { crc: 0, ackedMs: 0 } : undefined),
  ends: () => new Map([[7, 9n]]),
} as unknown as Truth
const record = (offset: bigint): Seen => ({ is: 'record', partition: 7, offset, crc: 0, atMs: 0 })
const records = (...offsets: bigint[]) => offsets.map(record)
const complete = { is: 'complete', mode: 'cursor', isCapped: false, atMs: 0 } as const
const answer: Seen = { ...complete, last: new Map() }

function judge(isLate: boolean, after: bigint, ...seen: Seen[]): string[] {
  const cursors = new Map([[7, after]])
  const afterMs = isLate ? 101 : 100
  const asked: Seen = { is: 'asked', from: 'cursor', cursors, afterMs, atMs: 0 }
  const sitting = { viewer: 'a viewer', seen: [asked, ...seen] } as Partial<Sitting> as Sitting
  return judgeSitting(sitting, truth, { answerMs: 1, askMs: 100 }, true)
}

test('who asks in time gets what follows its cursor, once and in order', () => {
  expect(judge(false, 4n, ...records(5n, 6n), answer, ...records(7n, 8n))).toEqual([])
  const live = records(6n, 7n)
  expect(judge(false, 4n, ...live, ...records(5n, 6n, 7n), answer, ...records(8n))).toEqual([
    'a viewer: 7/5 was left out before 6',
    'a viewer: 7/5 came after 7/7',
  ])
})

test('who asks late may be live already, and gets everything in order from the answer on', () => {
  const late = [...records(6n, 7n), ...records(5n, 6n, 7n), answer]
  expect(judge(true, 4n, ...late, ...records(8n))).toEqual([])
  expect(judge(true, 4n, ...late)).toEqual(['a viewer: 7/8 never came'])
  expect(judge(true, 4n, ...late, ...records(7n, 8n))).toEqual(['a viewer: 7/7 came after 7/7'])
  expect(judge(true, 4n, ...records(6n), answer)).toContain('a viewer: 7/7 never came')
})
