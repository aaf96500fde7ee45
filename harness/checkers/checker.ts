/**
 * What a checker is: a pure function from a history to a judgement. A checker that saw too little
 * to judge says `unknown`, with what to do about it; one that throws is made `unknown` by the
 * judge. `not-applicable` is for a target that has no such part at all.
 */
import type { z } from 'zod'
import type { History } from '../history/history.ts'
import type { OptionsOf } from './options.ts'

export type Verdict = 'pass' | 'fail' | 'unknown' | 'not-applicable'

/** The anomaly words of a telemetry stream: Jepsen's Kafka words and the resume contract's. */
export const anomalyKinds = {
  lost: 'An acknowledged record was never delivered, replayed, declared missing or dead-lettered.',
  duplicate: 'A record was delivered to one client more than once.',
  skip: 'A client got a later record although an earlier one of its partition was still owed.',
  nonmonotonic: 'Offsets of one partition went backwards at one client.',
  unseen: 'A record is in Kafka, but the run ended before anyone could be owed it.',
  'gap-hidden': 'Records are missing in a replay or after a lag, and nobody said so.',
  'gap-false': 'Records were declared missing that had been delivered or never existed.',
  'seam-duplicate': 'A record was delivered by the replay and again live.',
  'seam-skip': 'A record fell between the end of the replay and the first live one.',
  'stale-trusted': 'A cursor of another epoch was answered as if it were valid.',
  'malformed-leaked': 'A record that must not reach a client reached one.',
  'malformed-took-neighbour': 'A valid record disappeared together with a malformed one.',
  garbled: 'The bytes that a client got are not the bytes that were produced.',
  unexpected: 'A client got a record that nobody produced.',
  stalled: 'Records waited, no fault kept the consumer from them, and it took none for too long.',
  'closed-without-cause': 'The relay closed a client for no reason that the run gave it.',
  'valid-dead-lettered': 'A record that is not malformed was dead-lettered.',
  'replay-beyond-request': 'A replay held records from before the cursor that was sent.',
  'gap-needless': 'Records were declared missing although nothing could have taken them away.',
  'gap-inexact': 'A gap names a range and a count that differ, or more than what did not come.',
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
  /** One sentence: what was wanted, what was found. */
  readonly why: string
  /** Of an `unknown`: what to do to get an answer, such as "give --set …" or "run longer". */
  readonly fix?: string
  /**
   * The rule that decided, kebab-case, such as `closed-too-late`: a defect must be caught by the
   * rule that its file names, not by any failure.
   */
  readonly rule: string
  /** How many things were put to the test. 0 can never be a pass. */
  readonly exercised: number
  /** What `exercised` counts, as people call it, in the plural; absent where it is 0. */
  readonly counted?: string
  /** The numbers behind the sentence. */
  readonly evidence: Readonly<Record<string, number | string | boolean | null>>
  readonly anomalies?: readonly Anomaly[]
  readonly charts?: readonly Chart[]
  /** When, in the run, the failure was first visible; µs. */
  readonly detectedAt?: number
}

/**
 * What of the harness's own evidence a failure rests on, besides what all failures rest on: where
 * that evidence is in doubt, the failure is no more proven than a pass. `times`: how late or slow
 * something was; `lag-truth`: what the broker said of the target's group.
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
