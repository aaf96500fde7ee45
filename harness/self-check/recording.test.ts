import { mkdtempSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { zstdDecompressSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ManualClock } from '../../relay/world/manual-clock-testbed.ts'
import { isOfKind } from '../history/event.ts'
import { openJournal } from '../history/journal.ts'
import { story } from '../history/story-testbed.ts'
import { formatOf, historyVersion } from '../history/version.ts'
import { isEvent } from '../history/well-formed.ts'
import { historyFolder, writeRecord } from '../judge/record.ts'
import {
  readRecording,
  recordingsFolder,
  recordingsIn,
  recordRun,
  writeRecording,
} from './recording.ts'
import { recordWith } from '../judge/record-testbed.ts'

const record = recordWith({ expectations: [], machine: { cores: 2 } })
const { events } = story().opened(0, 1).acked(1, 0, 0, 3).delivered(1.1, 1, 0, 0, 3)

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'recording-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

describe('a recording', () => {
  it('holds what the journals of a run hold, without their end marks', () => {
    mkdirSync(join(folder, historyFolder))
    writeRecord(folder, record)
    const file = join(folder, historyFolder, 'fleet.ndjson')
    const journal = openJournal(new ManualClock(), file, 0)
    for (const event of events) journal.write(event)
    journal.close()
    const recording = recordRun(folder)
    expect(recording).toEqual({ record: { ...record, machine: {} }, events })
  })

  it('is read as it was written, by the name of its scenario', () => {
    writeRecording(folder, { record, events })
    expect(readRecording(join(folder, 'calm.ndjson.zst'))).toEqual({ record, events })
    expect([...recordingsIn(folder).keys()]).toEqual(['calm'])
  })

  it('of the version before is read as one of today', () => {
    const versions = new Map<number, string>()
    for (const name of recordingsIn(recordingsFolder).keys()) {
      const bytes = readFileSync(join(recordingsFolder, `${name}.ndjson.zst`))
      const [, line = ''] = zstdDecompressSync(bytes).toString().split('\n', 2)
      versions.set(formatOf(name, JSON.parse(line)).version, name)
    }
    expect(new Set(versions.keys())).toEqual(new Set([1, historyVersion]))
    for (const name of versions.values()) {
      const read = recordingsIn(recordingsFolder).get(name)?.()
      expect(new Set(read?.events.map(isEvent))).toEqual(new Set([true]))
      expect(read?.events.some((event) => isOfKind(event, 'phase'))).toBe(true)
    }
  })

  it('is small', () => {
    const sizes = [...recordingsIn(recordingsFolder).keys()].map(
      (name) => statSync(join(recordingsFolder, `${name}.ndjson.zst`)).size,
    )
    expect(Math.max(...sizes)).toBeLessThan(1_200_000)
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(5_000_000)
  })
})
