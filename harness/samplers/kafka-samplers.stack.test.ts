/** The samplers that ask Kafka, on a real broker: what judges others must itself be true. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { systemClock } from '../../relay/world/clock.ts'
import { memoryJournal } from '../history/memory-journal-testbed.ts'
import { kafkaClient, type Consumer } from '../stack/kafka.ts'
import { startNativeStack } from '../stack/native.ts'
import type { Stack } from '../stack/stack.ts'
import { openTopics, type Topics } from '../stack/topics.ts'
import { openWorld, type World } from '../world/world.ts'
import { startDeadLetterSampler } from './dead-letters.ts'
import { startLagTruthSampler } from './lag-truth.ts'

const state = mkdtempSync(join(tmpdir(), 'samplers-'))
let world: World
let stack: Stack
let topics: Topics

beforeAll(async () => {
  world = await openWorld(systemClock, state)
  stack = await startNativeStack({ world, report: () => undefined })
  topics = await openTopics(systemClock, stack.kafkaDirect)
})

afterAll(async () => {
  await topics?.close()
  await stack?.stop()
  await world?.close()
  rmSync(state, { recursive: true, force: true })
})

const letter = (offset: number) => JSON.stringify({ error_type: 'empty', kafka_offset: offset })
const anyone = () => true
const until = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 30_000 })

async function produce(topic: string, partition: number, values: readonly string[]): Promise<void> {
  const producer = kafkaClient('test', stack.kafkaDirect).producer()
  await producer.connect()
  await producer.send({ topic, messages: values.map((value) => ({ value, partition })) })
  await producer.disconnect()
}

/** A member of the group that commits everything it gets. */
async function joinGroup(name: string, topic: string, groupId: string): Promise<Consumer> {
  const consumer = kafkaClient(name, stack.kafkaDirect).consumer({
    groupId,
    heartbeatInterval: 300,
    rebalanceTimeout: 5_000,
    maxWaitTimeInMs: 100,
  })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await consumer.run({ eachMessage: async () => undefined })
  return consumer
}

it('lag and what the target holds are recorded by partition, across a rebalance', async () => {
  const topic = 'lag'
  await topics.create(topic, 3)
  await produce(topic, 0, ['a', 'b'])
  const journal = memoryJournal()
  const sampler = startLagTruthSampler(
    { clock: systemClock, journal },
    {
      brokers: stack.kafkaDirect,
      topic,
      groupId: 'relay',
      isTarget: ({ clientId }) => clientId === 'chaos-target',
      everyMs: 100,
    },
  )
  await until(() => expect(journal.of('lagtruth').length).toBeGreaterThan(0))
  expect(journal.of('lagtruth')[0]![4]).toEqual({
    0: ['0', '2', '-1', false],
    1: ['0', '0', '-1', false],
    2: ['0', '0', '-1', false],
  })
  const target = await joinGroup('target', topic, 'relay')
  await until(async () => expect(await sampler.owned()).toEqual([0, 1, 2]))
  await until(() => expect(journal.of('lagtruth').at(-1)![4]['0']).toEqual(['0', '2', '2', true]))
  expect(journal.of('lagtruth').at(-1)![3]).toBe('Stable')
  const rival = await joinGroup('rival', topic, 'relay')
  await until(async () => expect((await sampler.owned())?.length).toBeLessThan(3))
  await rival.disconnect()
  await until(async () => expect(await sampler.owned()).toEqual([0, 1, 2]))
  await target.disconnect()
  await sampler.stop()
  expect(journal.of('trouble')).toEqual([])
  expect(journal.of('lagtruth').at(-1)![4]['0']).toEqual(['0', '2', '2', false])
})

it('dead letters are read to the end, and the group is gone afterwards', async () => {
  const topic = 'letters-dlq'
  await topics.create(topic, 1)
  await produce(topic, 0, [letter(1), 'nonsense'])
  const journal = memoryJournal()
  const options = { brokers: stack.kafkaDirect, topic, groupId: 'letters' }
  const sampler = startDeadLetterSampler({ clock: systemClock, journal }, options)
  await until(() => expect(journal.of('deadletter')).toHaveLength(2))
  await produce(topic, 0, Array.from({ length: 500 }, (_, at) => letter(at)))
  await sampler.stop()
  expect(journal.of('trouble')).toEqual([])
  expect(journal.of('deadletter')).toHaveLength(502)
  expect(journal.of('deadletter')[0]!.fields).toEqual({
    error_type: 'empty',
    kafka_offset: 1,
    dlq_partition: 0,
    dlq_offset: '0',
  })
  expect(journal.of('deadletter')[1]!.fields['unreadable']).toBe('nonsense')
  const admin = kafkaClient('test', stack.kafkaDirect).admin()
  await admin.connect()
  const { groups } = await admin.listGroups()
  await admin.disconnect()
  expect(groups.map(({ groupId }) => groupId)).not.toContain('letters')
})

it('a broker that is gone is trouble, and stopping is still bounded', async () => {
  const journal = memoryJournal()
  const at = { clock: systemClock, journal }
  const brokers = ['127.0.0.1:1']
  const lag = startLagTruthSampler(at, { brokers, topic: 't', groupId: 'g', isTarget: anyone })
  const letters = startDeadLetterSampler(at, { brokers, topic: 't', groupId: 'g' })
  await until(() => expect(journal.of('trouble').length).toBeGreaterThan(1))
  expect(await lag.owned()).toBeUndefined()
  await Promise.all([lag.stop(), letters.stop()])
  expect(journal.of('lagtruth')).toEqual([])
}, 60_000)
