/**
 * Recordings: the record of a healthy run and everything that was seen in it, in one small file.
 * They are what the harness checks itself with: damage is done to them, and must be found.
 *
 * A file is zstd over lines of JSON: the run's record first, then the version of the history's
 * format, then one event a line, as the journals hold them. The journals' own end marks are left
 * out, for a recording is no journal.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import type { HistoryEvent } from '../history/event.ts'
import { eachEvent } from '../history/journal-lines.ts'
import { journalFiles } from '../history/lines.ts'
import { formatOf, versionLine, versionSaid } from '../history/version.ts'
import { historyFolder, readRecord, runRecordSchema, type RunRecord } from '../judge/record.ts'
import { repoRoot } from '../world/places.ts'

/** Where the recordings of this version are. */
export const recordingsFolder = join(repoRoot, 'reports/baselines/healthy')
const ending = '.ndjson.zst'
/** Level and window at which a run of five megabytes takes a tenth of that. */
const level = 19
const windowLog = 25

export interface Recording {
  readonly record: RunRecord
  readonly events: readonly HistoryEvent[]
}

/** Recordings of a folder by the names of their scenarios; read when asked for. */
export function recordingsIn(folder: string): ReadonlyMap<string, () => Recording> {
  const names = existsSync(folder) ? readdirSync(folder).sort() : []
  return new Map(
    names
      .filter((name) => name.endsWith(ending))
      .map((name) => [name.slice(0, -ending.length), () => readRecording(join(folder, name))]),
  )
}

/** @throws if the file is not a recording, or one of a newer version */
export function readRecording(file: string): Recording {
  const text = zstdDecompressSync(readFileSync(file)).toString()
  const [head = '', ...lines] = text.trimEnd().split('\n')
  const record = runRecordSchema.parse(JSON.parse(head))
  return { record, events: eventsOf(basename(file), lines) }
}

function eventsOf(name: string, lines: readonly string[]): HistoryEvent[] {
  const values = lines.map((line): unknown => JSON.parse(line))
  const [first, ...others] = values
  const format = formatOf(name, first)
  return (versionSaid(first) === undefined ? values : others).map((value) => {
    const event = format.eventOf(value)
    if (event !== undefined) return event
    throw new Error(`${name} must hold events only, and has ${JSON.stringify(value)}`)
  })
}

/** Takes a played run's folder for a recording. */
export function recordRun(runFolder: string): Recording {
  const events: HistoryEvent[] = []
  const faults = { truncated: 0, tooLong: 0 }
  for (const file of journalFiles(join(runFolder, historyFolder))) {
    eachEvent(file, faults, (event, line) => {
      if (event === undefined) throw new Error(`line ${line} of ${file} is no event`)
      events.push(event)
    })
  }
  if (faults.truncated + faults.tooLong > 0) throw new Error(`${runFolder} has a damaged journal`)
  // On what it was played says nothing about what was seen.
  const record = { ...readRecord(runFolder), machine: {} }
  return { record, events }
}

/** Writes a recording; returns its size in bytes. */
export function writeRecording(folder: string, { record, events }: Recording): number {
  mkdirSync(folder, { recursive: true })
  const told = events.map((event) => JSON.stringify(event))
  const lines = [JSON.stringify(record), versionLine, ...told]
  const text = `${lines.join('\n')}\n`.replaceAll(repoRoot, '.')
  const { ZSTD_c_compressionLevel, ZSTD_c_windowLog, ZSTD_c_enableLongDistanceMatching } = constants
  const bytes = zstdCompressSync(text, {
    params: {
      [ZSTD_c_compressionLevel]: level,
      [ZSTD_c_windowLog]: windowLog,
      [ZSTD_c_enableLongDistanceMatching]: 1,
    },
  })
  writeFileSync(join(folder, `${record.scenario.name}${ending}`), bytes)
  return bytes.length
}
