/** Inputs that once failed, each in a file of its own: they are tried before anything else. */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Step } from './steps.ts'

export interface Vector {
  readonly file: string
  readonly steps: readonly Step[]
}
interface Kept {
  /** What was wrong when it was found. */
  readonly found: string
  readonly steps: readonly Step[]
}

/** The folder of those that stand in the repository. */
export const vectorFolder = join(import.meta.dirname, 'vectors')

/** In the order of their names, so that two runs begin alike. */
export function readVectors(folder: string): readonly Vector[] {
  if (!existsSync(folder)) return []
  const files = readdirSync(folder).filter((name) => name.endsWith('.json')).sort()
  return files.map((file) => {
    const { steps } = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Kept
    return { file, steps }
  })
}

/** Keeps a failing input; the same one twice is one. @returns its path */
export function keepVector(folder: string, kept: Kept): string {
  mkdirSync(folder, { recursive: true })
  const digest = createHash('sha256').update(JSON.stringify(kept.steps)).digest('hex')
  const kinds = [...new Set(kept.steps.map(({ does }) => does))].join('-')
  const file = join(folder, `${kinds}-${digest.slice(0, 8)}.json`)
  writeFileSync(file, `${JSON.stringify(kept, undefined, 2)}\n`)
  return file
}
