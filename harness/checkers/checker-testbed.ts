/**
 * How a checker is tested: a table of short histories, each with its verdict and its rule. The
 * exact sentence and evidence of each are in `expected-verdicts/<name>.txt`: after changing a
 * sentence, read there whether it is still true in each case.
 */
import { describe, expect, test } from 'vitest'
import type { Story } from '../history/story-testbed.ts'
import type { Checker, Judgement, Verdict } from './checker.ts'

export interface Case<O> {
  readonly what: string
  readonly given: Story
  readonly options?: Partial<O>
  readonly verdict: Verdict
  readonly rule: string
}

/** Rows of a table: what the case is, and its history; options where they differ. */
export type Row<O> = readonly [what: string, given: Story, options?: Partial<O>]

export const passes = <O>(rule: string, ...rows: readonly Row<O>[]): Case<O>[] =>
  casesOf('pass', rule, rows)
export const fails = <O>(rule: string, ...rows: readonly Row<O>[]): Case<O>[] =>
  casesOf('fail', rule, rows)
export const cannotTell = <O>(rule: string, ...rows: readonly Row<O>[]): Case<O>[] =>
  casesOf('unknown', rule, rows)

export const doesNotApply = <O>(rule: string, ...rows: readonly Row<O>[]): Case<O>[] =>
  casesOf('not-applicable', rule, rows)

function casesOf<O>(verdict: Verdict, rule: string, rows: readonly Row<O>[]): Case<O>[] {
  return rows.map(([what, given, options = {}]) => ({ what, given, options, verdict, rule }))
}

/** Judges every case with `options` and what the case changes of them. */
export function judgeCases<O extends object>(
  name: string,
  checker: Checker<O>,
  options: O,
  cases: readonly Case<O>[],
): void {
  const judgeOne = ({ given, options: more }: Case<O>): Judgement =>
    checker.judge(given.history(), { ...options, ...more })
  describe(`checker ${name}`, () => {
    test('its options are data', () => {
      expect(checker.options.parse(JSON.parse(JSON.stringify(options)))).toEqual(options)
      expect(checker.options.safeParse({ ...options, nonsense: 1 }).success).toBe(false)
    })
    test('says of each case what its file says', async () => {
      const lines = cases.map((one) => describeCase(one, judgeOne(one)))
      const file = `expected-verdicts/${name.replaceAll(/\W+/g, '-')}.txt`
      await expect(lines.join('\n')).toMatchFileSnapshot(file)
    })
    test.each([...cases])('$what: $verdict by $rule', (one) => {
      const { verdict, rule } = one
      const judged = judgeOne(one)
      expect([judged.verdict, judged.rule]).toEqual([verdict, rule])
      expect(judged.why).toMatch(/\.$/)
      expect(judged.detectedAt !== undefined).toBe(verdict === 'fail')
      expect(judged.exercised > 0 || verdict !== 'pass').toBe(true)
    })
  })
}

/** A case as written to the file. */
export function describeCase(
  { what, verdict, rule }: Pick<Case<never>, 'what' | 'verdict' | 'rule'>,
  { why, fix, evidence }: Judgement,
): string {
  const facts = Object.entries(evidence).map(([key, value]) => `  ${key}: ${JSON.stringify(value)}`)
  const todo = fix === undefined ? [] : [`  fix: ${fix}`]
  return [`${what} -> ${verdict}, ${rule}`, `  ${why}`, ...todo, ...facts, ''].join('\n')
}
