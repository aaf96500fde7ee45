import { mkdtempSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { story } from '../history/story-testbed.ts'
import { historyFolder, writeRecord, type RunRecord } from '../judge/record.ts'
import {
  readRecording,
  recordingsFolder,
  recordingsIn,
  recordRun,
  writeRecording,
} from './recording.ts'

const record: RunRecord = {
  schemaVersion: 1,
  scenario: { name: 'calm', claim: 'nothing happens' },
  seed: '1',
  target: { kind: 'reference', says: 'the reference relay' },
  phases: [],
  expectations: [],
  settings: {},
  effective: {},
  versions: {},
  machine: { cores: 2 },
  startedAt: '2026-01-01T00:00:00Z',
  tookMs: 1,
  isComplete: true,
  reproduce: '',
}
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
    const lines = [...events, ['end', 9, { opened: 1 }, 7]].map((line) => JSON.stringify(line))
    writeFileSync(join(folder, historyFolder, 'fleet.ndjson'), `${lines.join('\n')}\n`)
    const recording = recordRun(folder)
    expect(recording).toEqual({ record: { ...record, machine: {} }, events })
  })

  it('is read as it was written, by the name of its scenario', () => {
    writeRecording(folder, { record, events })
    expect(readRecording(join(folder, 'calm.ndjson.zst'))).toEqual({ record, events })
    expect([...recordingsIn(folder).keys()]).toEqual(['calm'])
  })

  it('is small', () => {
    const sizes = [...recordingsIn(recordingsFolder).keys()].map(
      (name) => statSync(join(recordingsFolder, `${name}.ndjson.zst`)).size,
    )
    expect(Math.max(...sizes)).toBeLessThan(1_200_000)
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(5_000_000)
  })
})
