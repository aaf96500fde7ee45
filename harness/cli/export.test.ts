/** `chaos export`: what it refuses, and in which words. */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemClock } from '../../relay/world/clock.ts'
import { eventful, runOnDisk } from '../export/run-folder-testbed.ts'
import { historyVersion, versionLine } from '../history/version.ts'
import { historyFolder, recordFile } from '../judge/record.ts'
import { exportAs, type ExportOptions } from './export.ts'
import { startTimeOf } from './start-time.ts'

let run: string
beforeEach(() => {
  run = runOnDisk(eventful())
})
afterEach(() => rmSync(dirname(run), { recursive: true }))

async function exported(folder: string, options: ExportOptions = { openmetrics: true }) {
  let said = ''
  const write = (text: string) => void (said += text)
  const out = { write, isTerminal: false, hasColours: false, columns: 80 }
  const { signal } = new AbortController()
  const code = await exportAs({ clock: systemClock, signal, env: {}, out }, folder, options)
  return { code, said }
}
/** The error of an export, as it is printed. */
const refusal = (folder: string, options?: ExportOptions) =>
  Promise.resolve()
    .then(() => exported(folder, options))
    .then(() => 'nothing', (error: unknown) => String(error))

test('writes the text to standard output, and nothing else', async () => {
  const { code, said } = await exported(run)
  expect(code).toBe(0)
  expect(said).toMatch(/^# TYPE .*# EOF\n$/s)
  expect(said).toContain(' 1767225600.000\n')
})

test('takes the only run of a suite, and begins when it is told', async () => {
  const file = join(dirname(run), 'run.om')
  const options = { openmetrics: true, out: file, startTime: '2026-03-01' }
  const { said } = await exported(dirname(run), options)
  const words = /run\.om: \d+ samples of \d+ series, 0\.0 MB, as run "export-\w+\/01-calm"\n$/
  expect(said).toMatch(words)
  expect(readFileSync(file, 'utf8')).toContain(` ${Date.UTC(2026, 2, 1) / 1_000}.000\n`)
})

test('refuses a run that is none, one that goes on, and one of several', async () => {
  expect(await refusal(join(run, 'logs'))).toMatch(/^UsageError: a run's folder holds run\.json/)
  renameSync(join(run, recordFile), join(run, 'kept.json'))
  expect(await refusal(run)).toMatch(/^Trouble: .* the run goes on, or was killed/)
  expect(await refusal(dirname(run))).toMatch(/^Trouble: .* the run goes on, or was killed/)
  renameSync(join(run, 'kept.json'), join(run, recordFile))
  const other = join(dirname(run), '02-other')
  mkdirSync(other)
  writeFileSync(join(other, recordFile), '{}')
  const both = /holds 2 runs; name one of them:\n.*01-calm\n.*02-other$/
  expect(await refusal(dirname(run))).toMatch(both)
  expect(await refusal(other)).toMatch(/cannot be exported: .* is not a record of this version/)
})

test('refuses a history of a newer version, and leaves no file', async () => {
  const journal = join(run, historyFolder, 'all.ndjson')
  const newer = versionLine.replace(String(historyVersion), '99')
  writeFileSync(journal, readFileSync(journal, 'utf8').replace(versionLine, newer))
  const out = join(run, 'run.om')
  const said = await refusal(run, { openmetrics: true, out })
  expect(said).toMatch(/cannot be exported: .* is of version 99\n {2}fix: .*newer/)
  expect(existsSync(out)).toBe(false)
})

test('refuses what it is not told well', async () => {
  expect(await refusal(run, {})).toMatch(/^UsageError: name the format: --openmetrics$/)
  const into = (out: string) => refusal(run, { openmetrics: true, out })
  expect(await into(join(run, recordFile))).toMatch(/^UsageError: .* exists: name another/)
  expect(await into(join(run, 'no/file'))).toMatch(/cannot be written/)
})

test('reads times as they are typed', () => {
  expect(startTimeOf('2026-01-01T00:00:00Z')).toBe(Date.UTC(2026, 0, 1))
  expect(startTimeOf('2026-01-01T01:00+01:00')).toBe(Date.UTC(2026, 0, 1))
  expect(startTimeOf('1767225600')).toBe(Date.UTC(2026, 0, 1))
  for (const wrong of ['', 'now', '12', '2026-13-01', '2026-01-01T00:00:00', '-5', '1e9']) {
    expect(() => startTimeOf(wrong)).toThrow(/--start-time takes a time such as/)
  }
})
