import { expect, test } from 'vitest'
import { ManualClock } from '../../relay/world/manual-clock-testbed.ts'
import { memoryJournal } from './memory-journal-testbed.ts'
import { watchStandstill, watchStrain } from './strain.ts'

/** Lets time pass while no timer runs, as a blocked event loop does. */
class BlockedClock extends ManualClock {
  #blockedMs = 0
  override nowMs(): number {
    return super.nowMs() + this.#blockedMs
  }
  block(ms: number): void {
    this.#blockedMs += ms
  }
}

test('a process that stands still says for how long, and one that does not says so', () => {
  const clock = new BlockedClock()
  const journal = memoryJournal()
  const watch = watchStrain(clock, journal, 'conductor', () => 7)
  clock.advance(1_000)
  clock.block(3_000)
  clock.advance(1_000)
  watch.cancel()
  clock.advance(5_000)
  expect(journal.of('strain').map(([, , ...told]) => told)).toEqual([
    ['conductor', 0, 0, 7],
    ['conductor', 3_000, 0, 7],
  ])
})

test('pauses are recorded separately, and once', () => {
  const clock = new BlockedClock()
  const stood = watchStandstill(clock)
  for (const ms of [200, 700, 100]) {
    clock.block(ms)
    clock.advance(50)
  }
  expect(stood.since()).toEqual({ longestMs: 700, totalMs: 1_000 })
  expect(stood.since()).toEqual({ longestMs: 0, totalMs: 0 })
  stood.cancel()
})
