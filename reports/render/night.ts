/**
 * What a night found, as plain data: `nightly.json`, of which `reports/nightly.schema.json` is
 * printed. All that a trend over many nights needs stands in it, so that nights are small to keep.
 */
import { z } from 'zod'

/** The parts of a night, in the order in which they are played. */
export const partNames = ['kept', 'suite', 'defects', 'loads', 'fuzz', 'random'] as const

const part = z.enum(partNames)
const verdict = z.enum(['pass', 'fail', 'unknown', 'not-applicable'])
const outcome = z.enum([...verdict.options, 'not-run'])
const seconds = z.number()

const entry = z
  .object({
    part,
    name: z.string().describe('Unique in its part: a scenario, a defect, a load, a schedule.'),
    outcome: outcome.describe('Of a defect, pass is: caught, for its reason.'),
    why: z.string().describe('What decided; of what was not run, why it was not.'),
    waited: z
      .int()
      .min(0)
      .describe('In how many nights in a row it was not run, this one included.'),
    reproduce: z.string().describe('The command that repeats it.'),
    seed: z.string().exactOptional(),
    took: seconds.exactOptional(),
    folder: z.string().describe("From the night's folder.").exactOptional(),
    isHistoryKept: z.boolean().describe('Whether it can be judged again.').exactOptional(),
    findings: z.array(z.object({ id: z.string(), verdict })).exactOptional(),
    detectedAfter: seconds
      .describe('Of a defect that was caught: from the first danger to the first sign of it.')
      .exactOptional(),
    p99Ms: z
      .number()
      .describe('Latency from Kafka to client: median of the p99 of each second.')
      .exactOptional(),
    memoryBytes: z
      .number()
      .describe("Most resident memory of the relay's process.")
      .exactOptional(),
  })
  .describe('One thing that was run, or was to be run.')

const nightPart = z.object({
  name: part,
  says: z.string(),
  until: seconds.describe('When its share of the time was over, from the start of the night.'),
  began: seconds,
  took: seconds,
  report: z.string().describe("Its report, from the night's folder.").exactOptional(),
  lacks: z.string().describe('Why nothing of it can be run here.').exactOptional(),
})

export const nightSchema = z.object({
  schemaVersion: z.literal(1).describe('Version of this shape.'),
  startedAt: z.string().describe('ISO 8601.'),
  tookSeconds: seconds,
  budgetSeconds: seconds.describe('The time that was given.'),
  seed: z.string(),
  version: z.string().describe('Commit of the checkout; + for changes that are in none.'),
  machine: z.object({
    cores: z.int(),
    processor: z.string(),
    memoryBytes: z.number(),
    kernel: z.string(),
  }),
  verdict: verdict.describe('The worst of what was run; what was not run is not counted.'),
  isInterrupted: z.boolean(),
  reproduce: z.string().describe('The command that repeats this night.'),
  parts: z.array(nightPart),
  entries: z.array(entry),
})

/** Nothing of a night is changed once it is over. */
type Fixed<T> = T extends object ? { readonly [K in keyof T]: Fixed<T[K]> } : T

export type Night = Fixed<z.infer<typeof nightSchema>>
export type NightEntry = Fixed<z.infer<typeof entry>>
export type NightPart = Fixed<z.infer<typeof nightPart>>
export type PartName = z.infer<typeof part>
export type Outcome = z.infer<typeof outcome>
