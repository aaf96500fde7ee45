/**
 * The producer's own rules, with a broker that answers when the test says so: open model, bounded
 * queue, dense sequences, and an account of every record.
 */
import { expect, test } from 'vitest'
import { ManualClock } from '../../relay/world/manual-clock-testbed.ts'
import { memoryJournal } from '../history/memory-journal-testbed.ts'
import type { ProducedRecord } from '../history/event.ts'
import { openProducer, tickMs } from './producer.ts'
import type { Outgoing } from './queue.ts'
import { UnackedError, type Sink } from './sink.ts'

const load = { recordsPerSecond: 2_000, payloadBytes: 1_024, threads: 8 }
const options = { seed: 'rules', partitions: 3, payloadBytesMax: 65_536 }

/** A broker that stores immediately, refuses, or does not answer. */
function broker() {
  const ends = new Map<number, bigint>()
  const stored: Outgoing[] = []
  let mood: 'stores' | 'refuses' | 'hangs' = 'stores'
  let wake: (() => void) | undefined
  const answer = async (records: readonly Outgoing[]) => {
    if (mood === 'hangs') await new Promise<void>((resolve) => (wake = resolve))
    if (mood === 'refuses') throw new UnackedError(false, new Error('refused'))
    const bases = new Map<number, bigint>()
    for (const record of records) {
      const end = ends.get(record.partition) ?? 0n
      if (!bases.has(record.partition)) bases.set(record.partition, end)
      ends.set(record.partition, end + 1n)
      stored.push(record)
    }
    return bases
  }
  const sink: Sink = { send: answer, close: async () => undefined }
  const set = (next: typeof mood) => {
    mood = next
    wake?.()
  }
  return { sink, stored, set }
}

function stage() {
  const clock = new ManualClock()
  const journal = memoryJournal()
  const at = broker()
  return { clock, journal, ...at, producer: openProducer(clock, journal, at.sink, options) }
}

const isDense = (sequences: readonly number[]) => {
  // A batch stands for three sequences and is numbered by its last.
  const steps = sequences.map((sequence, at) => sequence - (sequences[at - 1] ?? 0))
  return steps.every((step) => step === 1 || step === 3)
}
const sequencesOf = (records: readonly Outgoing[]) =>
  [...Map.groupBy(records, ({ thread }) => thread).values()].map((own) =>
    own.map(({ sequence }) => sequence),
  )

test('a broker that hangs does not slow the model; what finds no room is dropped', async () => {
  const { clock, journal, producer, stored, set } = stage()
  producer.load(load)
  await clock.pass(1_000, tickMs)
  expect(producer.status()).toMatchObject({ due: 2_000, dropped: 0 })
  set('hangs')
  await clock.pass(30_000, tickMs)
  const hung = producer.status()
  expect(hung.due).toBe(62_000)
  expect(hung.dropped).toBeGreaterThan(20_000)
  set('stores')
  await clock.pass(1_000, tickMs)
  producer.load({ ...load, recordsPerSecond: 0 })
  const { due, acked, failed, dropped } = await producer.drain()
  expect(acked + failed + dropped).toBe(due)
  expect(failed).toBe(0)
  expect(stored).toHaveLength(acked)
  const told = journal.of('dropped').reduce((sum, { count }) => sum + count, 0)
  expect(told).toBe(dropped)
})

test('sequences stay dense over drops, and each thread keeps to its partition', async () => {
  const { clock, producer, stored, set } = stage()
  producer.load({ ...load, recordsPerSecond: 5_000 })
  await clock.pass(500, tickMs)
  set('hangs')
  await clock.pass(10_000, tickMs)
  set('stores')
  await clock.pass(500, tickMs)
  const { dropped } = await producer.drain()
  expect(dropped).toBeGreaterThan(0)
  expect(sequencesOf(stored).filter((sequences) => !isDense(sequences))).toEqual([])
  for (const own of Map.groupBy(stored, ({ thread }) => thread).values()) {
    expect(new Set(own.map(({ partition }) => partition)).size).toBe(1)
  }
})

test('what failed is recorded as failed, and nothing is recorded twice', async () => {
  const { clock, journal, producer, set } = stage()
  producer.load(load)
  await clock.pass(200, tickMs)
  set('refuses')
  await clock.pass(500, tickMs)
  set('stores')
  await clock.pass(200, tickMs)
  const done = producer.drain()
  await clock.pass(500, tickMs)
  const { acked, failed, due } = await done
  const records = [
    ...journal.of('acked').flatMap((event) => event[5]),
    ...journal.of('unacked').flatMap((event) => event[5]),
  ].map(([number]: ProducedRecord) => number)
  expect(failed).toBeGreaterThan(0)
  expect(acked + failed).toBe(due)
  expect(records.toSorted((a, b) => a - b)).toEqual(Array.from({ length: due }, (_, at) => at))
})

test('malformed records come between valid ones of their partition, and are marked', async () => {
  const { clock, journal, producer } = stage()
  producer.load(load)
  const sent = producer.malformed(['garbage', 'tombstone', 'duplicate'], 4, 1_000)
  await clock.pass(1_500, tickMs)
  await sent
  const marked = journal.of('acked').flatMap((event) => event[5]).filter((record) => record[5])
  const counts = Object.groupBy(marked, (record) => record[5] ?? '')
  expect(Object.values(counts).map((records) => records?.length)).toEqual([4, 4, 4])
  expect(counts['tombstone']?.every((record) => record[4] === -1)).toBe(true)
  const mixed = journal.of('acked').filter((event) => {
    const names = event[5].map((record) => record[5])
    return names.some(Boolean) && !names.every(Boolean)
  })
  expect(mixed.length).toBeGreaterThan(5)
})

test('a burst is exactly as many as were asked for', async () => {
  const { clock, producer, stored } = stage()
  const done = producer.burst(3_000, load)
  await clock.pass(500, tickMs)
  expect(await done).toMatchObject({ acked: 3_000, due: 3_000 })
  expect(sequencesOf(stored).filter((sequences) => !isDense(sequences))).toEqual([])
})
