/**
 * The record of a run: everything that is needed to judge it again and to repeat it, besides its
 * history. Stored as `run.json` beside the history; plain data, no functions, no secrets.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { expectationSchema } from '../checkers/registry.ts'
import { recordedTargetSchema } from '../targets/registry.ts'

/** The name of the record's file in a run's folder. */
export const recordFile = 'run.json'
export const historyFolder = 'history'

const facts = z.record(z.string(), z.unknown())

const load = z.looseObject({ recordsPerSecond: z.number(), payloadBytes: z.number() })

/** A phase as planned with this target: times in ms, load as due. */
const phase = z.looseObject({
  name: z.string(),
  ms: z.number(),
  load,
  faults: z.array(z.looseObject({ fault: z.string() })),
  stimuli: z.array(z.looseObject({ stimulus: z.string() })),
})

export const runRecordSchema = z.strictObject({
  schemaVersion: z.literal(1),
  scenario: z.strictObject({ name: z.string(), claim: z.string() }),
  seed: z.string(),
  target: recordedTargetSchema,
  phases: z.array(phase),
  /** In the order in which the scenario names them; `stream` is among them. */
  expectations: z.array(z.strictObject({ finding: z.string(), expectation: expectationSchema })),
  /** The settings asked for, and those that the target reports (`/version`). */
  settings: facts,
  effective: facts,
  /**
   * What the run's times were derived from, each with its source: reported by the target, given by
   * the user or known of this relay, asked for, or the default.
   */
  timing: z
    .record(
      z.string(),
      z.strictObject({
        value: z.number().exactOptional(),
        source: z.enum(['reported', 'given', 'asked', 'contract']).exactOptional(),
      }),
    )
    .exactOptional(),
  /** Versions of everything that took part, by name. */
  versions: z.record(z.string(), z.string()),
  machine: facts,
  /** ISO 8601. */
  startedAt: z.string(),
  tookMs: z.number(),
  /** Whether the run went through all its phases. */
  isComplete: z.boolean(),
  /** Why it was ended early; then not even a failure is proven. */
  cutShort: z.string().exactOptional(),
  /** Names of the files of its history; a record that does not say them is of an older version. */
  journals: z.array(z.string()).exactOptional(),
  /** The command that repeats the run. */
  reproduce: z.string(),
})

export type RunRecord = z.infer<typeof runRecordSchema>

/** Writes the record into a run's folder. */
export function writeRecord(folder: string, record: RunRecord): void {
  writeFileSync(join(folder, recordFile), `${JSON.stringify(record, null, 2)}\n`)
}

/** Reads a run's record. @throws Error that says what is wrong with the file, and where */
export function readRecord(folder: string): RunRecord {
  const file = join(folder, recordFile)
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    throw new Error(`a run's folder holds ${recordFile}; found none in ${folder}`, { cause })
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new Error(`${file} must be JSON, and is not: was the run cut short?`, { cause })
  }
  const parsed = runRecordSchema.safeParse(value)
  if (parsed.success) return parsed.data
  throw new Error(`${file} is not a record of this version: ${z.prettifyError(parsed.error)}`)
}
