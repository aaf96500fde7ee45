/**
 * What a report shows, as plain data. Everything in here was decided before: rendering adds no
 * number and no judgement, so that every format says the same.
 */
export type Verdict = 'pass' | 'fail' | 'unknown' | 'not-applicable'

/** A name and what it is, both ready to be shown. */
export type Fact = readonly [name: string, value: string]

export interface ReportSeries {
  readonly name: string
  /** Seconds since the start of the scenario, ascending. */
  readonly t: readonly number[]
  /** In the chart's unit; null where nothing is known. */
  readonly v: readonly (number | null)[]
}
export interface ReportChart {
  readonly title: string
  /** What the axis counts: `MiB`, `ms`, `records`, … */
  readonly unit: string
  readonly series: readonly ReportSeries[]
  readonly limits: readonly { readonly name: string; readonly v: number }[]
}

/** A time in which something was going on; seconds since the start of the scenario. */
export interface Band {
  readonly name: string
  readonly from: number
  readonly to: number
}

export interface ReportFault extends Band {
  readonly outcome: 'bit' | 'did not bite' | 'failed'
  readonly evidence: readonly Fact[]
}

export interface ReportAnomaly {
  readonly kind: string
  readonly says: string
  readonly count: number
  readonly witness: readonly Readonly<Record<string, unknown>>[]
}

export interface ReportExpectation {
  readonly finding: string
  readonly check: string
  readonly verdict: Verdict
  readonly rule: string
  readonly why: string
  /** Of an `unknown`: what to do to get an answer. */
  readonly fix?: string
  readonly exercised: number
  /** Seconds from the first fault or stimulus to the first sign of the failure. */
  readonly detectedAfter?: number
  /** Seconds since the start of the scenario at which the failure was first visible. */
  readonly seenAt?: number
  readonly evidence: readonly Fact[]
  readonly anomalies: readonly ReportAnomaly[]
}

/** What the target itself says: how it ended, and lines of its log by their time. */
export interface ReportTestimony {
  readonly ends: readonly string[]
  /** Lines that tell of a crash. */
  readonly crash: readonly Fact[]
  /** The last lines before the first sign of a failure. */
  readonly before: readonly Fact[]
}

export interface ReportScenario {
  readonly name: string
  readonly claim: string
  readonly target: string
  /** The mistake that the target makes on purpose. */
  readonly mistake?: string
  readonly verdict: Verdict
  readonly tookSeconds: number
  /** What kept the harness itself from judging; empty in a good run. */
  readonly troubles: readonly string[]
  readonly phases: readonly Band[]
  readonly faults: readonly ReportFault[]
  readonly expectations: readonly ReportExpectation[]
  readonly charts: readonly ReportChart[]
  readonly settings: readonly Fact[]
  /** Settings that were asked for, and of which the target does not say that it has them. */
  readonly unconfirmed: readonly string[]
  readonly testimony: ReportTestimony
}

export interface ReportFinding {
  readonly id: string
  readonly says: string
  readonly audit: string
  readonly scenario: string
  readonly target: string
  readonly verdict: Verdict
  readonly why: string
  /** Of an `unknown`: what to do to get an answer. */
  readonly fix?: string
  readonly exercised: number
}

export interface Report {
  /** Version of this shape, for whoever reads the JSON. */
  readonly schemaVersion: 1
  readonly title: string
  readonly verdict: Verdict
  readonly seed: string
  /** ISO 8601. */
  readonly startedAt: string
  readonly tookSeconds: number
  /** The command that repeats this run. */
  readonly reproduce: string
  /** Of the reproduction of a finding: whether it is one, which wants failures as well. */
  readonly reproduction?: { readonly isReproduced: boolean; readonly says: string }
  readonly findings: readonly ReportFinding[]
  readonly scenarios: readonly ReportScenario[]
  readonly environment: readonly Fact[]
}
