/** A random schedule that failed is made smaller; the result is printed and in the report. */
import { expect, test } from 'vitest'
import { systemClock as clock } from '../../relay/world/clock.ts'
import type { SuiteResult } from '../conductor/suite.ts'
import type { SuiteItem } from '../conductor/suite-order.ts'
import type { RunVerdict } from '../judge/judge.ts'
import { shrinking } from './shrink.ts'

/** A verdict in which one finding failed by a rule. */
const failed = (finding: string, rule: string) =>
  ({
    verdict: 'fail',
    expectations: [
      { finding: 'stream', judgement: { verdict: 'pass', rule: 'whole' } },
      { finding, judgement: { verdict: 'fail', rule } },
    ],
  }) as unknown as RunVerdict
const passed = { verdict: 'pass', expectations: [] } as unknown as RunVerdict
const itemOf = (parts: readonly number[]) =>
  ({ reproduce: `repeat ${parts.join(',')}` }) as unknown as SuiteItem

/** Shrinks a schedule of three parts whose runs come to `verdicts`; the run is always the same. */
async function shrunk(
  verdictOf: (parts: string) => RunVerdict | Error,
  { whole = failed('own-14', 'delivered-late'), limitMs = 60_000, parts = [1, 2, 3] } = {},
) {
  const lines: string[] = []
  const { signal } = new AbortController()
  const say = (some: readonly number[]) => some.map((one) => `no. ${one}`).join('; ')
  const after = shrinking({
    clock,
    signal,
    limitMs,
    shrinkable: () => ({ parts, itemOf, say }),
    line: (text) => lines.push(text.trim()),
  })
  const result = { item: itemOf(parts), verdict: whole, record: { tookMs: 0 } }
  const { smaller } = await after(result as unknown as SuiteResult, async (item) => {
    const verdict = verdictOf(item.reproduce.replace('repeat ', ''))
    if (verdict instanceof Error) throw verdict
    return verdict
  })
  return { smaller, lines }
}

test('what fails alike is named, with the command that repeats it', async () => {
  const late = failed('own-14', 'delivered-late')
  const { smaller, lines } = await shrunk((parts) => (parts === '2' ? late : passed))
  expect(smaller).toEqual({
    says: 'Of 3 parts these fail alike: no. 2 (4 runs).',
    reproduce: 'repeat 2',
  })
  expect(lines).toEqual([
    'looking for fewer parts that fail alike (own-14, delivered-late), about 60 s at most',
    'parts 1: does not fail alike',
    'parts 2: fails alike',
    'parts 2: fails alike',
    'parts 2: fails alike',
    'Of 3 parts these fail alike: no. 2 (4 runs).',
    'repeat: repeat 2',
  ])
})

test('what fails for something else, or cannot be run, does not fail alike', async () => {
  const others = { 1: failed('own-14', 'miscounted'), 2: failed('stream', 'delivered-late') }
  const { smaller } = await shrunk((parts) =>
    parts === '3' ? new Error('no servers') : (others[parts as '1'] ?? passed),
  )
  expect(smaller?.says).toMatch(/^No fewer of its 3 parts failed alike in 3 of 5 runs/)
  expect(smaller?.reproduce).toBeUndefined()
})

test('a search without time says so, and none is made where nothing is to be found', async () => {
  const never = () => new Error('must not be run')
  expect((await shrunk(never, { limitMs: 0 })).smaller).toBeUndefined()
  expect((await shrunk(never, { parts: [4] })).smaller).toBeUndefined()
  expect((await shrunk(never, { whole: passed })).smaller).toBeUndefined()
  const { smaller } = await shrunk(never, { limitMs: -1 })
  expect(smaller?.says).toContain('no fewer of its 3 parts failed alike in 3 of 5 runs (0 runs).')
})
