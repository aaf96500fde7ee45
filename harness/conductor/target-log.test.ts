/** The log of a target is bounded, says what it left out, and always has room for a crash. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ManualClock } from '../../relay/world/manual-clock-testbed.ts'
import { readHistory } from '../history/history.ts'
import { openTargetLog } from './target-log.ts'

let folder: string
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'target-log-'))))
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const panic = "thread 'consumer' panicked at src/main.rs:236:5:"
function logged(work: (take: (line: string) => void, clock: ManualClock) => void): string[] {
  const clock = new ManualClock()
  const log = openTargetLog(clock, join(folder, 'target-log.ndjson'), clock.nowMs())
  work((line) => log.take(line), clock)
  log.close()
  log.take('too late')
  return readHistory(folder).events('log').map(({ line }) => line)
}

test('lines are kept as they come, with their time', () => {
  expect(logged((take) => ['a', '', 'b'].forEach(take))).toEqual(['a', '', 'b'])
})

test('more than can be read are left out, and that is said', () => {
  const lines = logged((take, clock) => {
    for (let i = 0; i < 150; i += 1) take(`line ${i}`)
    take(panic)
    clock.advance(1_000)
    take('later')
  })
  expect(lines).toHaveLength(103)
  expect(lines.slice(99)).toEqual([
    'line 99',
    panic,
    expect.stringMatching(/^… 50 lines were left out/),
    'later',
  ])
})

test('a log without an end has one here, but a crash behind it is reported', () => {
  const lines = logged((take, clock) => {
    for (let i = 0; i < 4_000; i += 1) {
      take('x'.repeat(5_000))
      clock.advance(100)
    }
    take(panic)
  })
  const chars = lines.reduce((sum, line) => sum + line.length, 0)
  expect(chars).toBeLessThan(2.1 * 1_024 * 1_024)
  expect(lines.at(-2)).toBe(panic)
  expect(lines.at(-1)).toMatch(/lines were left out/)
})
