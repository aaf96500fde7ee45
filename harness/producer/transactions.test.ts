/** What is recorded of transactions: each record once, as aborted or as acknowledged. */
import { expect, test } from 'vitest'
import { ManualClock } from '../../relay/world/manual-clock-testbed.ts'
import { memoryJournal } from '../history/memory-journal-testbed.ts'
import { openQueue } from './queue.ts'
import { openPump } from './pump.ts'
import type { TransactionalSink } from './sink.ts'
import { openTransactions } from './transactions.ts'

test('of each pair one is aborted, of every other pair both, and all is recorded', async () => {
  const clock = new ManualClock()
  const journal = memoryJournal()
  const sink = { send: async () => new Map(), close: async () => undefined }
  const pump = openPump(clock, journal, openQueue(1_000), sink)
  const ended: string[] = []
  let end = 0n
  const transactional: TransactionalSink = {
    begin: async (name) => ({
      send: async () => end++,
      abort: async () => void ended.push(`${name} aborts ${end++}`),
      commit: async () => void ended.push(`${name} commits ${end++}`),
    }),
    close: async () => undefined,
  }
  const play = openTransactions(clock, journal, pump, { seed: 's', partitions: 2 })
  const progress = { isOver: false }
  const playing = play(transactional, 2, 1_000).then(() => (progress.isOver = true))
  while (!progress.isOver) await clock.pass(10)
  await playing
  expect(ended).toEqual(['b aborts 3', 'a aborts 5', 'b aborts 9', 'a commits 11'])
  const told = journal.of('aborted').map(({ partition, offset }) => `${partition}/${offset}`)
  expect(told).toEqual(['0/1', '0/0', '0/2', '0/4', '1/7'])
  const acked = journal.of('acked').map(([, , partition, offset]) => `${partition}/${offset}`)
  expect(acked).toEqual(['1/6', '1/8', '1/10'])
  expect([pump.counts.acked, pump.counts.ends.get(1)]).toEqual([3, 11n])
})
