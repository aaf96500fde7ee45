/** Runs of other versions, judged again: the one before is read, a newer one is refused. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemClock } from '../../relay/world/clock.ts'
import { openJournal } from '../history/journal.ts'
import { story } from '../history/story-testbed.ts'
import { versionLine } from '../history/version.ts'
import { historyFolder, writeRecord } from '../judge/record.ts'
import { judgeAgain } from './judge.ts'
import { recordWith } from '../judge/record-testbed.ts'

const record = recordWith({ journals: ['fleet.ndjson'] })

let folder: string
const journalFile = () => join(folder, historyFolder, 'fleet.ndjson')
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'judge-'))
  mkdirSync(join(folder, historyFolder))
  writeRecord(folder, record)
})
afterEach(() => rmSync(folder, { recursive: true }))

async function judged(): Promise<{ code: number; said: string }> {
  let said = ''
  const write = (text: string) => void (said += text)
  const out = { write, isTerminal: false, hasColours: false, columns: 80 }
  const { signal } = new AbortController()
  const code = await judgeAgain({ clock: systemClock, signal, env: {}, out }, folder, {})
  return { code, said }
}

const whole = () =>
  story()
    .process(0, 'start')
    .opened(0.1, 1)
    .acked(1, 0, 0, 4)
    .delivered(1.1, 1, 0, 0, 4)
    .phase('settle', 10, 20)
    .closed(20.5, 1, 'client').events

/** The same as version 1 wrote it, byte for byte. */
const version1 = [
  '["process",0,"relay",1,"start",null,null]',
  '["opened",100000,1,"readers"]',
  '["acked",1000000,0,"0",990000,[[0,"run",0,0,100],[1,"run",1,1,' +
    '100],[2,"run",2,2,100],[3,"run",3,3,100]]]',
  '["delivered",1100000,1,0,"0",4,[0,4],"live"]',
  '["phase",10000000,"settle","begin"]',
  '["phase",20000000,"settle","end"]',
  '["closed",20500000,1,1000,"","client"]',
  '["end",21000646,{"process":1,"opened":1,"acked":1,"delivered":1,"phase":2,"closed":1},' +
    '1927578083]',
]

test('a run of today is judged', async () => {
  const journal = openJournal(systemClock, journalFile(), systemClock.nowMs() - 21_000)
  for (const event of whole()) journal.write(event)
  journal.close()
  expect(await judged()).toMatchObject({ code: 0 })
})

test('a run of the version before is judged', async () => {
  writeFileSync(journalFile(), version1.map((line) => `${line}\n`).join(''))
  expect(await judged()).toMatchObject({ code: 0 })
})

test('a run of a newer version is refused, with what to do', async () => {
  writeFileSync(journalFile(), `${versionLine.replace('2', '3')}\n`)
  await expect(judged()).rejects.toMatchObject({
    code: 'history-newer',
    what:
      `${folder} cannot be judged: ` +
      'fleet.ndjson must be a history of version 2 or older, and is of version 3',
    todo: 'judge it with the version of chaos that wrote it, or a newer one',
  })
})
