/**
 * What a checker is: a pure function from a history to a judgement. A checker that saw too little
 * to judge returns `unknown` with a fix; the judge turns one that throws into `unknown`.
 * `not-applicable` is for a target that does not have the judged part.
 */
import type { z } from 'zod'
import type { History } from '../history/history.ts'
import type { OptionsOf } from './options.ts'

export type Verdict = 'pass' | 'fail' | 'unknown' | 'not-applicable'

/** The anomalies of a telemetry stream: those of Jepsen's Kafka tests, and those of resumes. */
export const anomalyKinds = {
  lost: 'An acknowledged record was never delivered, replayed, declared missing or dead-lettered.',
  duplicate: 'A record was delivered to one client more than once.',
  skip: 'A client got a later record of a partition while an earlier one was still owed.',
  nonmonotonic: 'Offsets of one partition went backwards at one client.',
  unseen: 'A record is in Kafka, but the run ended before a client could be owed it.',
  'gap-hidden': 'Records are missing in a replay or after a lag, without a declared gap.',
  'gap-false': 'Records were declared missing that had been delivered or never existed.',
  'seam-duplicate': 'A record was delivered by the replay and again live.',
  'seam-skip': 'A record between the end of the replay and the first live one was lost.',
  'stale-trusted': 'A cursor of another epoch was answered as if it were valid.',
  'malformed-leaked': 'A record that must not reach a client reached one.',
  'malformed-took-neighbour': 'A valid record disappeared together with a malformed one.',
  garbled: 'The bytes that a client got are not the bytes that were produced.',
  unexpected: 'A client got a record that was never produced.',
  stalled: 'Records waited for too long although no fault kept the consumer from reading them.',
  'closed-without-cause': 'The relay closed a client without a cause in this run.',
  'valid-dead-lettered': 'A record that is not malformed was dead-lettered.',
  'replay-beyond-request': 'A replay held records from before the cursor that was sent.',
  'gap-needless': 'Records were declared missing although nothing can have removed them.',
  'gap-inexact': 'The range and the count of a gap differ, or it names more than was missing.',
} as const
export type AnomalyKind = keyof typeof anomalyKinds

/** One anomaly with its smallest witness: the fewest events that prove it. */
export interface Anomaly {
  readonly kind: AnomalyKind
  readonly says: string
  /** How many of this kind; the witness shows one of them. */
  readonly count: number
  readonly witness: readonly Readonly<Record<string, unknown>>[]
}

/** A value against time, for the report; t in microseconds since the start of the run. */
export interface Series {
  readonly name: string
  readonly unit: 'bytes' | 'ms' | 's' | 'count' | 'records' | 'records/s'
  readonly t: readonly number[]
  readonly v: readonly (number | null)[]
}

/** A chart a checker wants shown: its series, and its limits as lines. */
export interface Chart {
  readonly title: string
  readonly series: readonly Series[]
  readonly limits?: readonly { readonly name: string; readonly v: number }[]
}

export interface Judgement {
  readonly verdict: Verdict
  /** One sentence: what was expected, what was found. */
  readonly why: string
  /** Of an `unknown`: how to get a verdict, such as "give --set …" or "run longer". */
  readonly fix?: string
  /**
   * The rule that decided, kebab-case, such as `closed-too-late`: a defect must be detected by the
   * rule that its file names, not by just any failure.
   */
  readonly rule: string
  /** How many observations were judged. 0 can never be a pass. */
  readonly exercised: number
  /** What `exercised` counts, in words and in the plural; absent if it is 0. */
  readonly counted?: string
  /** The numbers behind the sentence. */
  readonly evidence: Readonly<Record<string, number | string | boolean | null>>
  readonly anomalies?: readonly Anomaly[]
  readonly charts?: readonly Chart[]
  /** When, in the run, the failure was first visible; µs. */
  readonly detectedAt?: number
}

/**
 * The part of the harness's own evidence that a failure additionally depends on: if that evidence
 * is in doubt, the failure is not proven either. `times`: how late or slow something was;
 * `lag-truth`: what the broker reported about the target's group.
 */
export type Ground = 'times' | 'lag-truth'

/** One kind of expectation. `options` is JSON, so a stored run can be judged again years later. */
export interface Checker<O> {
  readonly says: string
  readonly options: z.ZodType
  readonly restsOn?: readonly Ground[]
  judge(history: History, options: O): Judgement
}

/** Types a checker by the schema of its options, the only place where they are declared. */
export function checker<S extends z.ZodType>(
  spec: Checker<OptionsOf<S>> & { readonly options: S },
): Checker<OptionsOf<S>> & { readonly options: S } {
  return spec
}
