/**
 * What a report shows, as plain data. Everything here is decided before: rendering adds no number
 * and no judgement, so that every format says the same. `report.schema.json` is printed from it,
 * for readers of `report.json` and `--json`.
 */
import { z } from 'zod'

const verdict = z.enum(['pass', 'fail', 'unknown', 'not-applicable'])
const seconds = z.number().describe('Seconds since the start of the scenario.')
const fact = z
  .tuple([z.string(), z.string()])
  .describe('A name and its value, both ready to be shown.')

const series = z.object({
  name: z.string(),
  t: z.array(seconds).describe('Ascending.'),
  v: z.array(z.number().nullable()).describe("In the chart's unit; null where nothing is known."),
})
const chart = z.object({
  title: z.string(),
  unit: z.string().describe('What the axis counts: MiB, ms, records, …'),
  series: z.array(series),
  limits: z.array(z.object({ name: z.string(), v: z.number() })),
})

const band = z.object({ name: z.string(), from: seconds, to: seconds })
const fault = band.extend({
  outcome: z.enum(['active', 'had no effect', 'failed']),
  evidence: z.array(fact).describe('Its options, and the measurement of its effect.'),
})

const anomaly = z.object({
  kind: z.string(),
  says: z.string(),
  count: z.number(),
  witness: z
    .array(z.record(z.string(), z.unknown()))
    .describe('The fewest events that prove one of them; times in microseconds of the run.'),
  shown: z.array(z.array(fact)).describe('The witness, ready to be shown.'),
})

const fix = z.string().describe('Of an unknown: how to get a verdict.').exactOptional()
const exercised = z.number().describe('How many observations were judged.')
const observations = z.string().describe('The same by kind: "32 scrapes, 4 polls".')

const expectation = z.object({
  finding: z.string(),
  check: z.string(),
  verdict,
  rule: z.string().describe('The rule of the check that decided.'),
  why: z.string(),
  fix,
  exercised,
  observations,
  detectedAfter: z
    .number()
    .describe('Seconds from the first fault or stimulus to the first sign of the failure.')
    .exactOptional(),
  seenAt: seconds.describe('When the failure was first visible.').exactOptional(),
  evidence: z.array(fact),
  anomalies: z.array(anomaly),
  charts: z.array(z.number()).describe('Which charts of the scenario matter for it.'),
})

const testimony = z
  .object({
    ends: z.array(z.string()).describe('How its processes exited.'),
    crash: z.array(fact).describe('Log lines of a crash, by time.'),
    before: z.array(fact).describe('The last lines before the first sign of a failure.'),
  })
  .describe('Evidence from the target itself.')

const scenario = z.object({
  name: z.string(),
  claim: z.string(),
  target: z.string(),
  mistake: z.string().describe('What the defect of the target does wrong.').exactOptional(),
  verdict,
  tookSeconds: z.number(),
  folder: z
    .string()
    .describe('Folder of its record, history and logs, beside this report.')
    .exactOptional(),
  smaller: z
    .object({
      says: z.string(),
      reproduce: z.string().describe('The command that repeats it.').exactOptional(),
    })
    .describe('Of a random schedule that failed: what the search for less of it found.')
    .exactOptional(),
  troubles: z
    .array(z.string())
    .describe('What kept the harness from judging; empty in a good run.'),
  phases: z.array(band),
  faults: z.array(fault),
  expectations: z.array(expectation),
  charts: z.array(chart),
  settings: z.array(fact),
  unconfirmed: z
    .array(z.string())
    .describe('Settings that were asked for, and that the target does not report.'),
  testimony,
})

const finding = z
  .object({
    id: z.string(),
    says: z.string().describe('What would be wrong.'),
    audit: z.string(),
    scenario: z.string().describe('The scenario that decided.'),
    scenarioCount: z.number().describe('How many scenarios it was judged in.'),
    target: z.string(),
    verdict,
    why: z.string(),
    fix,
    exercised,
    observations,
  })
  .describe('A finding has one verdict for each target: the worst of its scenarios.')

/** The report; the types below are derived from it. */
export const reportSchema = z.object({
  schemaVersion: z.literal(1).describe('Version of this shape.'),
  title: z.string(),
  verdict,
  seed: z.string(),
  startedAt: z.string().describe('ISO 8601.'),
  tookSeconds: z.number(),
  reproduce: z.string().describe('The command that repeats this run.'),
  reproduction: z
    .object({ isReproduced: z.boolean(), says: z.string() })
    .describe('Of `chaos reproduce`: whether the finding was reproduced, which includes failures.')
    .exactOptional(),
  findings: z.array(finding).describe('Failures first, then unknowns, then passes.'),
  scenarios: z.array(scenario).describe('In the order in which they were run.'),
  environment: z.array(fact),
})

/** Nothing of a report is changed once it is made. */
type Fixed<T> = T extends object ? { readonly [K in keyof T]: Fixed<T[K]> } : T

export type Report = Fixed<z.infer<typeof reportSchema>>
export type Verdict = z.infer<typeof verdict>
export type Fact = Fixed<z.infer<typeof fact>>
export type Band = Fixed<z.infer<typeof band>>
export type ReportChart = Fixed<z.infer<typeof chart>>
export type ReportFault = Fixed<z.infer<typeof fault>>
export type ReportAnomaly = Fixed<z.infer<typeof anomaly>>
export type ReportExpectation = Fixed<z.infer<typeof expectation>>
export type ReportTestimony = Fixed<z.infer<typeof testimony>>
export type ReportScenario = Fixed<z.infer<typeof scenario>>
export type ReportFinding = Fixed<z.infer<typeof finding>>
