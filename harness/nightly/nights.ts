/** The nights that are on disk: where they are, and what stands in them. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { nightSchema, type Night } from '../../reports/render/night.ts'
import { repoRoot } from '../world/places.ts'

/** Where nights are kept that were given no folder. */
export const nightsFolder = join(repoRoot, 'reports/nightly')
export const nightFile = 'nightly.json'

/** A night and its folder; or why its file cannot be read. */
export type ReadNight =
  | { readonly folder: string; readonly night: Night }
  | { readonly folder: string; readonly trouble: string }

/** Reads the nights of these folders: each is one, or holds some. By time, the oldest first. */
export function readNights(folders: readonly string[]): ReadNight[] {
  const all = [...new Set(folders.flatMap(nightFoldersIn))].map(readNight)
  return all.toSorted((a, b) => timeOf(a).localeCompare(timeOf(b)))
}

/** One that cannot be read comes first: it is no night. */
const timeOf = (one: ReadNight): string => ('night' in one ? one.night.startedAt : '')

function nightFoldersIn(folder: string): string[] {
  if (existsSync(join(folder, nightFile))) return [folder]
  const inside = existsSync(folder) ? readdirSync(folder).sort() : []
  return inside.map((name) => join(folder, name)).filter((one) => existsSync(join(one, nightFile)))
}

function readNight(folder: string): ReadNight {
  const file = join(folder, nightFile)
  try {
    const parsed = nightSchema.safeParse(JSON.parse(readFileSync(file, 'utf8')))
    if (parsed.success) return { folder, night: parsed.data }
    const [first] = z.prettifyError(parsed.error).split('\n')
    return { folder, trouble: `${file} is not a night of this version: ${first}` }
  } catch (error) {
    const { message } = error as Error
    return { folder, trouble: `${file} cannot be read (${message}): was the night cut short?` }
  }
}

/** The night before the one that will be in `folder`: the newest beside it. */
export function nightBefore(folder: string): ReadNight | undefined {
  const beside = readNights([dirname(folder)]).filter((one) => one.folder !== folder)
  return beside.findLast((one) => 'night' in one) ?? beside[0]
}
