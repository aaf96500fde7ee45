/** Any single damage to what a run left on disk makes its verdict unknown: no fail, no pass. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { ManualClock } from '../../relay/world/manual-clock-testbed.ts'
import type { HistoryEvent } from '../history/event.ts'
import { readHistory } from '../history/history.ts'
import { openJournal } from '../history/journal.ts'
import { versionLine } from '../history/version.ts'
import { story } from '../history/story-testbed.ts'
import { dice } from '../world/dice.ts'
import { judge } from './judge.ts'
import type { RunRecord } from './record.ts'
import { recordWith } from './record-testbed.ts'

/** Each byte is a judgement of its own: thousands, on a machine that may be busy. */
vi.setConfig({ testTimeout: 120_000 })

const folder = mkdtempSync(join(tmpdir(), 'damage-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** A small run in which all is well, as its three processes wrote it down. */
const whole: Readonly<Record<string, readonly HistoryEvent[]>> = {
  'conductor.ndjson': story()
    .process(0, 'start')
    .phase('steady', 0.5, 2)
    .broken(3, 4, { fault: 'stall', group: 'others' })
    .health(5, { status: 'healthy' })
    .scrape(5, { messages_total: 60 })
    .phase('settle', 10, 20).events,
  'fleet.ndjson': story()
    .opened(0.5, 1)
    .delivered(1.1, 1, 0, 0, 30, { over: 1 })
    .delivered(2.1, 1, 1, 0, 30)
    .seen(1.1, 0, 0, [0, 1, 2], [100, 100, 100])
    .control(3, 1, { type: 'pong', says: 'ö' })
    .closed(20.5, 1, 'client').events,
  'producer.ndjson': story().acked(1, 0, 0, 30).acked(2, 1, 0, 30).events,
}
const names = Object.keys(whole)

const record = (more: Partial<RunRecord> = {}): RunRecord =>
  recordWith({ tookMs: 20_000, journals: names, ...more })

const fileOf = (name: string) => join(folder, name)
const bytesOf = (name: string) => readFileSync(fileOf(name))
const linesOf = (name: string) => bytesOf(name).toString().split('\n').slice(0, -1)
const writeLines = (name: string, lines: readonly string[]) =>
  writeFileSync(fileOf(name), lines.map((line) => `${line}\n`).join(''))

function writeWhole(): void {
  for (const name of readdirSync(folder)) rmSync(fileOf(name))
  for (const [name, events] of Object.entries(whole)) {
    const journal = openJournal(new ManualClock(21_000), fileOf(name), 0)
    for (const event of events) journal.write(event)
    journal.close()
  }
}
beforeEach(writeWhole)

const verdictOf = (given = record()) => judge(readHistory(folder), given)
const ruling = (given = record()) => {
  const { verdict, findings } = verdictOf(given)
  const [{ rule, fix } = {}] = findings
  return [verdict, rule, fix === undefined ? 'nothing to do' : 'what to do'].join(', ')
}
const unknown = /^unknown, history-(?:damaged|cut-off), what to do$/

test('a whole history passes', () => {
  expect(verdictOf()).toMatchObject({ verdict: 'pass', caveats: [] })
  expect(readHistory(folder).end).toBe(20.5e6)
})

describe.each(names)('%s', (name) => {
  test('cut anywhere', () => {
    const bytes = bytesOf(name)
    for (let length = 0; length < bytes.length; length += 1) {
      writeFileSync(fileOf(name), bytes.subarray(0, length))
      expect(ruling(), `${length} of ${bytes.length} bytes`).toMatch(unknown)
    }
  })

  test('any byte changed', () => {
    const bytes = bytesOf(name)
    const die = dice('any byte')
    const versionAt = versionLine.search(/\d+}$/)
    for (let at = 0; at < bytes.length; at += 1) {
      // Another version is refused, whatever else there is: see below.
      if (at === versionAt) continue
      const changed = Buffer.from(bytes)
      changed[at] = (bytes[at] as number) ^ (1 + die.int(255))
      writeFileSync(fileOf(name), changed)
      expect(ruling(), `byte ${at} is ${changed[at]}`).toMatch(unknown)
    }
  })

  test('any line dropped, doubled, swapped with the next, or put behind the end', () => {
    const lines = linesOf(name)
    for (const [at, line] of lines.entries()) {
      writeLines(name, lines.toSpliced(at, 1))
      expect(ruling(), `without line ${at}`).toMatch(unknown)
      writeLines(name, lines.toSpliced(at, 0, line))
      expect(ruling(), `line ${at} twice`).toMatch(unknown)
      writeLines(name, [...lines, line])
      expect(ruling(), `line ${at} behind the end`).toMatch(unknown)
      if (at + 1 === lines.length) continue
      writeLines(name, lines.toSpliced(at, 2, lines[at + 1] as string, line))
      expect(ruling(), `line ${at} after the next`).toMatch(unknown)
    }
  })

  test('of a version that is not known', () => {
    const [, ...rest] = linesOf(name)
    writeLines(name, [versionLine.replace(/\d+}$/, '9}'), ...rest])
    expect(() => readHistory(folder)).toThrow(`${name} must be a history of version 2 or older`)
  })

  test('gone', () => {
    rmSync(fileOf(name))
    expect(ruling(), 'gone').toMatch(unknown)
  })
})

test('a record that does not say which journals it had', () => {
  const { journals: _, ...old } = record()
  expect(ruling(old), 'no list').toMatch(unknown)
})

test('a journal that the record does not know', () => {
  writeFileSync(fileOf('other.ndjson'), bytesOf('fleet.ndjson'))
  expect(ruling(), 'one too many').toMatch(unknown)
})
