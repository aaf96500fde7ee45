/** How rules of the stream are tested: a history in, verdict, rule and counted anomalies out. */
import { describe, expect, test } from 'vitest'
import { story, type Story } from '../../history/story-testbed.ts'
import type { Judgement } from '../checker.ts'
import { stream } from '../stream.ts'
import type { StreamOptions } from './options.ts'
import { describeCase } from '../checker-testbed.ts'

/** Verdict, rule, and every anomaly with its count, such as `lost 10`. */
export function found(given: Story, options: StreamOptions = {}): string[] {
  const { verdict, rule, anomalies = [] } = stream.judge(given.history(), options)
  return [verdict, rule, ...anomalies.map(({ kind, count }) => `${kind} ${count}`)]
}

/** A case as it stands in the file, with the witnesses of its anomalies. */
export function describeStreamCase(what: string, judged: Judgement): string {
  const seen = (judged.anomalies ?? []).map(
    ({ kind, count, witness }) => `  ${kind} ${count}: ${JSON.stringify(witness)}\n`,
  )
  return `${describeCase({ ...judged, what }, judged)}${seen.join('')}`
}

export type Row = readonly [
  what: string,
  given: Story,
  expected: string | readonly string[],
  options?: StreamOptions,
]

/** A pass has `pass` as its expectation, everything else its verdict, rule and anomalies. */
export function judges(name: string, rows: readonly Row[]): void {
  describe(`stream: ${name}`, () => {
    test('says of each case what its file says', async () => {
      const told = rows.map(([what, given, , options = {}]) => {
        const judged = stream.judge(given.history(), options)
        return describeStreamCase(what, judged)
      })
      const file = `../expected-verdicts/stream-${name.replaceAll(/\W+/g, '-')}.txt`
      await expect(told.join('\n')).toMatchFileSnapshot(file)
    })
    test.each(rows.map((row) => ({ row, what: row[0] })))('$what', ({ row }) => {
      const [, given, expected, options] = row
      expect(found(given, options)).toEqual(expected === 'pass' ? ['pass', 'whole'] : expected)
    })
  })
}

/** Hundred records of partition 0 at 1 s; client 1 is there before; settled at 20 s, over then. */
export const calm = (): Story =>
  story().opened(0.5, 1).acked(1, 0, 0, 100).phase('settle', 10, 20).closed(20.5, 1, 'client')

/** Client 2, of a group of its own, beside client 1, which got everything. */
export const other = (): Story =>
  calm().delivered(1.1, 1, 0, 0, 100).opened(0.5, 2, 'others').closed(20.6, 2, 'client')

/** A fault between `begin` and `end`. */
export const broken = (
  given: Story,
  [begin, end]: readonly [number, number],
  fault: string,
  hop = 'clients',
  group = 'readers',
): Story => given.broken(begin, end, { fault, hop, ...(hop === 'clients' && { group }) })
