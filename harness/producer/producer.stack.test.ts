/** The producer's process on a real broker: what its journal says is what the topic holds. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { sleep, systemClock as clock } from '../../relay/world/clock.ts'
import { withDeadline } from '../../relay/world/deadline.ts'
import { isOfKind, type EventKind, type EventOf, type HistoryEvent } from '../history/event.ts'
import { kafkaClient } from '../stack/kafka.ts'
import { startNativeStack } from '../stack/native.ts'
import type { Stack } from '../stack/stack.ts'
import { openTopics, type Topics } from '../stack/topics.ts'
import { allMalformedKinds } from '../records/malformed.ts'
import { openWorld, type World } from '../world/world.ts'
import { startProducer, type RemoteProducer } from './remote.ts'
import { partitionOf } from './threads.ts'

const state = mkdtempSync(join(tmpdir(), 'producer-'))
const load = { recordsPerSecond: 500, payloadBytes: 512, threads: 8 }
const partitions = 3
/** What an order of the tests may take. */
const limitMs = 60_000
let world: World
let stack: Stack
let topics: Topics

beforeAll(async () => {
  world = await openWorld(clock, state)
  stack = await startNativeStack({ world, report: () => undefined })
  topics = await openTopics(clock, stack.kafkaDirect)
})

afterAll(async () => {
  await topics?.close()
  await stack?.stop()
  await world?.close()
  rmSync(state, { recursive: true, force: true })
})

/** A producer on a topic of its own, and its journal as far as it is written. */
async function producerOn(topic: string) {
  await topics.create(topic, partitions)
  const journalFile = join(state, `${topic}.ndjson`)
  const producer = await startProducer(world, {
    journalFile,
    logFile: join(state, `${topic}.log`),
    originMs: clock.nowMs(),
    seed: topic,
    brokers: stack.kafkaDirect,
    topic,
    partitions,
    payloadBytesMax: 131_072,
  })
  const events = <K extends EventKind>(kind: K) =>
    readFileSync(journalFile, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as HistoryEvent)
      .filter((event) => isOfKind(event, kind))
  return { producer, events }
}

interface Stored {
  readonly at: string
  readonly thread: string
  readonly crc: number
  readonly bytes: number
}

/** The first `count` records of a topic, as a consumer gets them. */
async function readTopic(topic: string, count: number): Promise<Stored[]> {
  const consumer = kafkaClient('test', stack.kafkaDirect).consumer({ groupId: `read-${topic}` })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  const stored: Stored[] = []
  await withDeadline(clock, 60_000, `reading ${count} records`, async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    await consumer.run({
      async eachMessage({ partition, message: { offset, key, value } }) {
        stored.push({
          at: `${partition}/${offset}`,
          thread: key?.toString() ?? '',
          crc: value === null ? 0 : crc32(value),
          bytes: value?.length ?? -1,
        })
        if (stored.length >= count) resolve()
      },
    })
    await promise
  })
  await consumer.disconnect()
  return stored
}

const byPlace = (a: Stored, b: Stored) => (a.at < b.at ? -1 : 1)

/** What the journal says the topic holds. */
const toldBy = (acked: readonly EventOf<'acked'>[]): Stored[] =>
  acked.flatMap(([, , partition, baseOffset, , records]) =>
    records.map(([, thread, , crc, bytes], index) => {
      const at = `${partition}/${BigInt(baseOffset) + BigInt(index)}`
      return { at, thread, crc, bytes }
    }),
  )

async function untilAcked(producer: RemoteProducer, count: number): Promise<void> {
  await withDeadline(clock, 30_000, `${count} acknowledged records`, async (signal) => {
    while ((await producer.status()).acked < count) await sleep(clock, 50, signal)
  })
}

it('every record is at its journaled offset with its journaled bytes', async () => {
  const { producer, events } = await producerOn('account')
  await producer.load(load)
  await untilAcked(producer, 200)
  await producer.perform(
    { do: 'malformed', kinds: allMalformedKinds, each: 1, overMs: 1_000 },
    limitMs,
  )
  await producer.perform({ do: 'burst', count: 2_000, load }, limitMs)
  const { acked, due, failed, dropped, ends } = await producer.finish()
  expect([failed, dropped]).toEqual([0, 0])
  expect(acked).toBe(due)
  const told = toldBy(events('acked'))
  expect(told).toHaveLength(acked)
  const stored = await readTopic('account', acked)
  expect(stored.sort(byPlace)).toEqual(told.sort(byPlace))
  const kafkaEnds = await topics.ends('account')
  expect(Object.fromEntries(kafkaEnds.map(({ partition, end }) => [partition, end]))).toEqual(ends)
  const names = events('acked').flatMap((event) => event[5].flatMap((record) => record[5] ?? []))
  expect([...new Set(names)].sort()).toEqual(allMalformedKinds.toSorted())
})

it('every thread is in the partition that librdkafka would choose', async () => {
  const { producer, events } = await producerOn('partitions')
  await producer.perform({ do: 'burst', count: 500, load }, limitMs)
  await producer.finish()
  const used = new Set<number>()
  for (const [, , partition, , , records] of events('acked')) {
    used.add(partition)
    const chosen = records.map(([, thread]) => partitionOf(thread, partitions))
    expect(new Set(chosen)).toEqual(new Set([partition]))
  }
  expect(used.size).toBeGreaterThan(1)
})

it('a producer whose topic is not there says so, and its process goes', async () => {
  const { producer, events } = await producerOn('gone')
  await topics.remove(['gone'])
  await producer.perform({ do: 'burst', count: 10, load }, limitMs)
  const { failed, acked } = await producer.finish()
  expect([failed, acked]).toEqual([10, 0])
  expect(events('unacked').length).toBeGreaterThan(0)
  expect(await producer.ended).toEqual({ code: 0, signal: null })
})

it('a killed producer is reported as gone, to waiting and to later callers', async () => {
  const { producer } = await producerOn('killed')
  const waiting = producer.perform(
    { do: 'malformed', kinds: ['garbage'], each: 10, overMs: 10_000 },
    limitMs,
  )
  const [, outcome] = await Promise.all([producer.kill(), waiting.catch((error: Error) => error)])
  expect(outcome).toMatchObject({ code: 'CHILD_GONE' })
  await expect(producer.status()).rejects.toMatchObject({ code: 'CHILD_GONE' })
})
