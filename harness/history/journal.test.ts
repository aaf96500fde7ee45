/** A journal on a disk that is full: it says so, and what it has written stays whole lines. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { ManualClock } from '../../relay/world/manual-clock-testbed.ts'
import { openJournal } from './journal.ts'

test('events are on disk after a flush, in their order, and closing keeps the rest', () => {
  const folder = mkdtempSync(join(tmpdir(), 'journal-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const clock = new ManualClock(50)
  const file = join(folder, 'a.ndjson')
  const journal = openJournal(clock, file, 0)
  journal.write({ kind: 'trouble', t: journal.now(), where: 'a', what: 'é'.repeat(200_000) })
  clock.advance(250)
  journal.write({ kind: 'trouble', t: journal.now(), where: 'b', what: 'x' })
  expect(readFileSync(file, 'utf8').split('\n')).toHaveLength(3)
  journal.close()
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
  expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
    { kind: 'version', t: 0, version: 2 },
    { kind: 'trouble', t: 50_000, where: 'a' },
    { kind: 'trouble', t: 300_000, where: 'b' },
    { kind: 'end', t: 300_000, counts: { version: 1, trouble: 2 } },
  ])
  journal.write({ kind: 'trouble', t: journal.now(), where: 'c', what: 'too late' })
  journal.close()
  expect(readFileSync(file, 'utf8').split('\n')).toHaveLength(5)
  expect(journal.failure).toBeUndefined()
})

test('a full disk never throws, is reported, and ends the writing', () => {
  const journal = openJournal(new ManualClock(), '/dev/full', 0)
  journal.write({ kind: 'trouble', t: 0, where: 'a', what: 'b' })
  expect(journal.failure).toBeUndefined()
  journal.flush()
  const first = journal.failure
  expect(first?.message).toMatch(/ENOSPC/)
  journal.write({ kind: 'trouble', t: 0, where: 'c', what: 'd' })
  journal.close()
  expect(journal.failure).toBe(first)
})
