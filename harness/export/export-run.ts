/** Exports a recorded run: from its folder to a file, or to whoever takes the text. */
import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { Trouble } from '../world/trouble.ts'
import { UsageError } from '../world/exit-codes.ts'
import { readRun, type ReadRun } from './read-run.ts'
import { openMetricsOf, variantOf, type ExportAs, type Written } from './write.ts'

export interface Exported extends Written {
  readonly bytes: number
  readonly scenario: string
  readonly variant: string
  /** From the beginning of the first phase to the end. */
  readonly endMs: number
  /** What keeps the run from being whole, one sentence each. */
  readonly doubts: readonly string[]
}

/** The name of a run, unique among all that are kept: its suite's folder, and its own. */
export const runNameOf = (folder: string): string =>
  `${basename(dirname(folder))}/${basename(folder)}`

/**
 * Writes a run as OpenMetrics text, piece by piece.
 *
 * @throws Trouble if there is no run in the folder that this version can read
 */
export function exportRun(folder: string, as: ExportAs, take: (piece: string) => void): Exported {
  const run = readable(folder)
  const written: Written = { samples: 0, series: 0 }
  let bytes = 0
  for (const piece of openMetricsOf(run, as, written)) {
    bytes += Buffer.byteLength(piece)
    take(piece)
  }
  const { beginMs, endMs, record } = run
  const [scenario, variant] = [record.scenario.name, variantOf(record)]
  return { ...written, bytes, scenario, variant, endMs: endMs - beginMs, doubts: doubtsOf(run) }
}

/**
 * The same into a new file; none is left if it fails.
 *
 * @throws UsageError if the file exists, or cannot be made
 */
export function exportToFile(folder: string, as: ExportAs, file: string): Exported {
  const fd = created(file)
  let isDone = false
  try {
    const exported = exportRun(folder, as, (piece) => {
      const bytes = Buffer.from(piece)
      for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at)
    })
    isDone = true
    return exported
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'ENOSPC' ? noRoom(file, error) : error
  } finally {
    closeSync(fd)
    if (!isDone) rmSync(file, { force: true })
  }
}

function created(file: string): number {
  try {
    return openSync(file, 'wx')
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') {
      throw new UsageError(`--out must be a new file, and ${file} exists: name another one`)
    }
    throw new UsageError(`--out cannot be written: ${message}`)
  }
}

const noRoom = (file: string, cause: unknown): Trouble =>
  new Trouble('disk-full', `no room for ${file}`, 'make room there, or name another file', cause)

function readable(folder: string): ReadRun {
  try {
    return readRun(folder)
  } catch (error) {
    const because = (says: string) => `${folder} cannot be exported: ${says}`
    if (error instanceof Trouble) {
      throw new Trouble(error.code, because(error.what), 'export it with a newer version', error)
    }
    throw new Trouble('record-unreadable', because((error as Error).message), 'run again', error)
  }
}

function doubtsOf({ record, journals, unreadable }: ReadRun): string[] {
  const { cutShort, isComplete } = record
  const damaged = journals.filter(({ end }) => end !== 'whole').map(({ name }) => name)
  const known = new Set(journals.map(({ name }) => name))
  const missing = record.journals?.filter((name) => !known.has(name)) ?? []
  return [
    ...(cutShort !== undefined ? [`the run was cut short: ${cutShort}`] : []),
    ...(isComplete || cutShort !== undefined ? [] : ['the run did not go through all its phases']),
    ...(damaged.length > 0 ? [`journals were cut off or altered: ${damaged.join(', ')}`] : []),
    ...(missing.length > 0 ? [`journals are missing: ${missing.join(', ')}`] : []),
    ...(unreadable > 0 ? [`lines that could not be read: ${unreadable}`] : []),
  ]
}
