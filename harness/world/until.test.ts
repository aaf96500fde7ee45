import { describe, expect, test } from 'vitest'
import { ManualClock, settled } from '../../relay/world/manual-clock-testbed.ts'
import { until } from './until.ts'

/** Lets time pass in steps of 10 ms until the work is done. */
async function within<T>(clock: ManualClock, work: Promise<T>): Promise<T> {
  const done = { is: false }
  const end = () => void (done.is = true)
  work.then(end, end)
  for (await settled(); !done.is; await settled()) clock.advance(10)
  return work
}

describe('until', () => {
  test('asks once even without any time, and immediately', async () => {
    const outcome = await until({ clock: new ManualClock() }, 0, 10, () => 'no', () => false)
    expect(outcome).toEqual({ holds: false, answer: 'no', tookMs: 0 })
  })

  test('asks again until the answer holds, and says how long that took', async () => {
    const clock = new ManualClock()
    let asked = 0
    const count = async () => (asked += 1)
    const outcome = within(clock, until({ clock }, 1_000, 20, count, (answer) => answer === 4))
    await expect(outcome).resolves.toEqual({ holds: true, answer: 4, tookMs: 60 })
  })

  test('ends with the last answer when the time is over', async () => {
    const clock = new ManualClock()
    const outcome = await within(clock, until({ clock }, 50, 20, () => false))
    expect(outcome).toEqual({ holds: false, answer: false, tookMs: 60 })
  })

  test('rejects when it is aborted between two questions', async () => {
    const clock = new ManualClock()
    const over = new AbortController()
    const waiting = until({ clock, signal: over.signal }, 1_000, 20, () => false)
    await settled()
    over.abort(new Error('over'))
    await expect(within(clock, waiting)).rejects.toThrow('over')
  })

  test('rejects when a question fails', async () => {
    const ask = () => Promise.reject(new Error('gone'))
    await expect(until({ clock: new ManualClock() }, 1_000, 20, ask)).rejects.toThrow('gone')
  })
})
