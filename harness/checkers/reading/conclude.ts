/**
 * How a checker decides: a proven violation comes first, then a doubt, then whether anything was
 * tested at all. Every checker ends here, so all decide alike.
 */
import type { Micros } from '../../history/event.ts'
import type { Judgement } from '../checker.ts'

/** A proven violation. Earlier entries of a list weigh more. */
export interface Violation {
  readonly rule: string
  /** One sentence: what was expected, what was found. */
  readonly says: string
  /** When it was first visible. */
  readonly at: Micros
}

/** Why the history is not conclusive. */
export interface Doubt {
  readonly rule: string
  readonly says: string
  /** How to get a verdict, such as "give --set …" or "run longer". */
  readonly fix?: string
}

export interface Findings extends Pick<Judgement, 'evidence' | 'exercised'> {
  /** What `exercised` counts, in words. */
  readonly counted: string
  readonly violations: readonly Violation[]
  readonly doubts?: readonly (Doubt | undefined)[]
  /** The sentence and the rule of a pass. */
  readonly holds: Doubt
  readonly anomalies?: Judgement['anomalies']
  readonly charts?: Judgement['charts']
}

/** The judgement that follows from what a checker found. */
export function conclude(found: Findings): Judgement {
  const { evidence, exercised, counted, anomalies, charts, violations, holds } = found
  const shown = {
    exercised,
    counted,
    ...(anomalies !== undefined && anomalies.length > 0 && { anomalies }),
    ...(charts !== undefined && { charts }),
  }
  const [worst] = violations
  if (worst !== undefined) {
    return {
      verdict: 'fail',
      rule: worst.rule,
      why: worst.says,
      ...shown,
      evidence: { ...evidence, violations: tally(violations) },
      detectedAt: violations.reduce((at, violation) => Math.min(at, violation.at), worst.at),
    }
  }
  const doubt = found.doubts?.find((candidate) => candidate !== undefined)
  if (doubt !== undefined) {
    const { rule, says: why, fix } = doubt
    return { verdict: 'unknown', rule, why, ...(fix && { fix }), evidence, ...shown }
  }
  if (exercised === 0) {
    const why = 'Nothing was tested.'
    return { verdict: 'unknown', rule: 'nothing-exercised', why, evidence, ...shown }
  }
  return { verdict: 'pass', rule: holds.rule, why: holds.says, evidence, ...shown }
}

/** `unknown`, because what the checker needs is missing; `fix` says what to do. */
export const cannotTell = (rule: string, says: string, fix?: string): Judgement => ({
  verdict: 'unknown',
  rule,
  why: says,
  ...(fix !== undefined && { fix }),
  exercised: 0,
  evidence: {},
})

/** The target does not have the judged part. */
export const notApplicable = (rule: string, says: string): Judgement => ({
  verdict: 'not-applicable',
  rule,
  why: says,
  exercised: 0,
  evidence: {},
})

function tally(violations: readonly Violation[]): string {
  const counts = new Map<string, number>()
  for (const { rule } of violations) counts.set(rule, (counts.get(rule) ?? 0) + 1)
  return [...counts].map(([rule, times]) => `${rule} x${times}`).join(', ')
}

/** Microseconds as seconds for a sentence. */
export const seconds = (micros: Micros): string => `${(micros / 1e6).toFixed(1)} s`

/** Bytes as MiB for a sentence. */
export const mebibytes = (bytes: number): string => `${(bytes / 1_048_576).toFixed(1)} MiB`

/** A number with its noun, for a sentence: "1 client", "3 clients". */
export const many = (count: number, one: string, more = `${one}s`): string =>
  `${count} ${count === 1 ? one : more}`

/** Words as a sentence: a capital first, a full stop last. */
export const sentence = (words: string): string =>
  `${words.slice(0, 1).toUpperCase()}${words.slice(1)}.`
