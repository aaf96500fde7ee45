/**
 * The limits that a run was judged by, as far as they are one number for the whole run: they are
 * lines in a chart of what they limit.
 */
import { ceilingOf } from '../checkers/memory-bounded.ts'
import type { Expectation } from '../checkers/registry.ts'
import type { RunRecord } from '../judge/record.ts'

export interface RuleLimit {
  readonly rule: string
  readonly finding: string
  readonly unit: 'seconds' | 'bytes' | 'records'
  readonly value: number
}

/** The relay's highest RSS in a phase; undefined where it was not measured. */
export type PeakIn = (phase: string) => number | undefined

/** Of two limits of one rule and one finding the stricter one. */
export function limitsOf({ expectations }: RunRecord, peakIn: PeakIn): RuleLimit[] {
  const strictest = new Map<string, RuleLimit>()
  for (const { finding, expectation } of expectations) {
    const limit = limitOf(expectation, peakIn)
    if (limit === undefined) continue
    const key = JSON.stringify([finding, expectation.check])
    const known = strictest.get(key)
    if (known !== undefined && known.value <= limit.value) continue
    strictest.set(key, { rule: expectation.check, finding, ...limit })
  }
  return [...strictest.values()]
}

type Limit = Pick<RuleLimit, 'unit' | 'value'>

function limitOf(expectation: Expectation, peakIn: PeakIn): Limit | undefined {
  if (expectation.check === 'memory-bounded') {
    const base = peakIn(expectation.calm)
    return base === undefined ? undefined : { unit: 'bytes', value: ceilingOf(base, expectation) }
  }
  if (expectation.check === 'lag-truth') {
    const { toleranceRecords: value } = expectation
    return value === undefined ? undefined : { unit: 'records', value }
  }
  const ms = 'limitMs' in expectation ? expectation.limitMs : undefined
  return ms === undefined ? undefined : { unit: 'seconds', value: ms / 1_000 }
}
