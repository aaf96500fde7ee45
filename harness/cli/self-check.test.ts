import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../relay/world/clock.ts'
import { isOfKind, type HistoryEvent } from '../history/event.ts'
import { openJournal } from '../history/journal.ts'
import { story } from '../history/story-testbed.ts'
import { historyFolder, writeRecord } from '../judge/record.ts'
import { writeRecording } from '../self-check/recording.ts'
import { selfCheck, type SelfCheckOptions } from './self-check.ts'
import { recordWith } from '../judge/record-testbed.ts'

const record = recordWith()

/** Thirty seconds in which two clients get a hundred records of one partition. */
const healthy = (): readonly HistoryEvent[] => {
  const told = story().process(0, 'start').phase('steady', 0, 1).phase('settle', 21, 22)
  for (const client of [1, 2]) told.opened(0.1, client)
  for (let second = 1; second <= 20; second += 1) {
    told.acked(second, 0, (second - 1) * 5, 5)
    for (const client of [1, 2]) told.delivered(second + 0.1, client, 0, (second - 1) * 5, 5)
  }
  for (const client of [1, 2]) told.closed(23, client, 'client')
  return told.health(5, { status: 'healthy' }).process(24, 'exit').events
}

let folder: string
let said: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'self-check-'))
  said = ''
})
afterEach(() => rmSync(folder, { recursive: true }))

const check = (options: SelfCheckOptions = {}) => {
  const write = (text: string) => void (said += text)
    const out = { write, isTerminal: false, hasColours: false, columns: 80 }
  const signal = new AbortController().signal
  return selfCheck({ clock: systemClock, signal, env: {}, out }, folder, options)
}

describe('chaos self-check', () => {
  it('says of each damage what found it, and at what rate', async () => {
    writeRecording(folder, { record, events: healthy() })
    await check()
    expect(said).toMatch(/a record is lost +1 of +1 +lost/)
    expect(said).toMatch(/a byte is altered at one client +1 of +1 +garbled/)
    expect(said).toMatch(/\d+ of \d+ damages found by name \(\d+\.\d %\): \d+ kinds, 1 recordings/)
  })

  it('fails where a recording is not healthy to begin with', async () => {
    const events = healthy().filter((event) => !isOfKind(event, 'delivered') || event[2] !== 1)
    writeRecording(folder, { record, events })
    expect(await check()).toBe(1)
    expect(said).toContain('NOT HEALTHY calm: stream is fail')
  })

  it('wants recordings', () => {
    expect(() => check()).toThrow('.ndjson.zst')
  })

  it('takes the passed runs of a suite for recordings, and leaves out the others', async () => {
    const suite = join(folder, 'suite')
    const play = (name: string, events: readonly HistoryEvent[]) => {
      const run = join(suite, name)
      mkdirSync(join(run, historyFolder), { recursive: true })
      writeRecord(run, { ...record, scenario: { name, claim: '' } })
      const journal = openJournal(systemClock, join(run, historyFolder, 'all.ndjson'), 0)
      for (const event of events) journal.write(event)
      journal.close()
    }
    play('calm', healthy())
    play('broken', healthy().slice(0, 8))
    expect(await check({ record: suite })).toBe(1)
    expect(said).toContain('broken: left out')
    expect(readdirSync(folder)).toEqual(['calm.ndjson.zst', 'suite'])
  })

  it('gives all cells as JSON', async () => {
    writeRecording(folder, { record, events: healthy() })
    await check({ json: true })
    const { cells } = JSON.parse(said) as { cells: { damage: string; is: string }[] }
    expect(cells.find(({ damage }) => damage === 'two records are swapped')?.is).toBe('found')
  })
})
