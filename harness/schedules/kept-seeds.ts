/**
 * What once failed, with the seed that repeats it and what was wrong then: `reports/seeds.json`.
 * It is run first wherever there is time for several, so that what was mended stays mended.
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { repoRoot } from '../world/places.ts'
import { Trouble } from '../world/trouble.ts'

/** Where they are kept, by hand and by `chaos nightly`; a file of the repository. */
export const seedsFile = join(repoRoot, 'reports/seeds.json')
/** So many take some minutes to run; the oldest make room for new ones. */
export const keptSeedsMax = 32

const shared = { seed: z.string().min(1), says: z.string() }
const keptSchedule = z.strictObject({
  ...shared,
  schedule: z.int().min(1),
  parts: z.array(z.int().min(1)).min(1).exactOptional(),
})
const keptScenario = z.strictObject({ ...shared, scenario: z.string().min(1) })
const seedsSchema = z.strictObject({
  schemaVersion: z.literal(1),
  seeds: z.array(z.union([keptSchedule, keptScenario])),
})

/** A random schedule by its seed and number; `parts` where fewer of them were enough. */
export type KeptSchedule = z.infer<typeof keptSchedule>
/** A scenario that failed with this seed. */
export type KeptScenario = z.infer<typeof keptScenario>
export type KeptSeed = KeptSchedule | KeptScenario

/** Reads kept seeds; a file that is not there holds none. @throws Trouble for a damaged file */
export function readKeptSeeds(file: string = seedsFile): readonly KeptSeed[] {
  if (!existsSync(file)) return []
  const parsed = seedsSchema.safeParse(jsonOf(file))
  if (parsed.success) return parsed.data.seeds
  const [issue] = parsed.error.issues
  const where = issue?.path.length ? ` at ${issue.path.join('.')}` : ''
  throw damaged(file, `is not a list of kept seeds${where}: ${issue?.message}`, parsed.error)
}

function jsonOf(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch (cause) {
    throw damaged(file, `cannot be read: ${(cause as Error).message}`, cause)
  }
}

const damaged = (file: string, what: string, cause: unknown) =>
  new Trouble('record-unreadable', `${file} ${what}`, 'mend it, or delete it to keep none', cause)

/** Kept seeds with others, each once by what it repeats. At most `keptSeedsMax`, oldest first. */
export function withSeeds(kept: readonly KeptSeed[], more: readonly KeptSeed[]): KeptSeed[] {
  const byKey = new Map([...more, ...kept].map((one) => [keyOf(one), one]))
  const ordered = [...kept, ...more].map(keyOf)
  const all = [...new Set(ordered)].map((key) => byKey.get(key) as KeptSeed)
  return all.slice(-keptSeedsMax)
}

/** What it repeats, whatever its words. */
const byName = ([one]: [string, unknown], [other]: [string, unknown]) => (one < other ? -1 : 1)
const keyOf = (one: KeptSeed): string =>
  JSON.stringify(Object.entries({ ...one, says: '' }).toSorted(byName))

/** Writes kept seeds at once: a reader sees the file before or after, and never half of it. */
export function writeKeptSeeds(seeds: readonly KeptSeed[], file: string = seedsFile): void {
  const unfinished = `${file}.unfinished`
  writeFileSync(unfinished, `${JSON.stringify({ schemaVersion: 1, seeds }, undefined, 2)}\n`)
  renameSync(unfinished, file)
}
