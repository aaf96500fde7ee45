/**
 * What is patched in kafkajs: one partition without a leader, or one leader that is gone, takes
 * nothing else along; whoever does not take our records gets messages; and another version of it is
 * looked at before it is used.
 */
import { createRequire } from 'node:module'
import type { ConsumerRunConfig, KafkaMessage } from 'kafkajs'
import { expect, test } from 'vitest'
import { batch, marker } from './batches/batches-testbed.ts'
import { parseSettings } from '../tables/settings-parse.ts'
import { StandIn } from './broker-testbed.ts'
import { createKafka } from './kafka-client.ts'
import { useGivenOffsets, inside, patchedVersion, patchQuestions } from './kafkajs-patches.ts'

const nothing = () => undefined
const quiet = { debug: nothing, info: nothing, warn: nothing, error: nothing }

test('kafkajs is the version that its private files were read in', () => {
  const { version } = createRequire(import.meta.url)('kafkajs/package.json') as { version: string }
  const says =
    `kafkajs is ${version}, and kafkajs-patches.ts was written for ${patchedVersion}. Read in ` +
    'the new version what `inside` names: the request queue, the fetch and metadata requests, ' +
    'the runner, the cluster, the offset manager. Where it does by itself what the header lists, ' +
    'drop ours; then run the stack tests of the relay and set `patchedVersion`.'
  if (version !== patchedVersion) throw new Error(says)
  for (const [name, find] of Object.entries(inside)) {
    expect([name, typeof find()]).toEqual([name, expect.stringMatching(/function|object/)])
  }
})

const definition = inside.metadata() as unknown as {
  protocol(choice: { version: number }): (question: object) => {
    readonly response: { parse(answer: object): Promise<object> }
  }
}
interface Cluster {
  fetchTopicsOffset(wanted: readonly object[]): Promise<unknown>
}
const { prototype } = inside.cluster() as unknown as { readonly prototype: Cluster }
patchQuestions()
patchQuestions()

const partition = (partitionId: number, leader: number, partitionErrorCode = 0) => {
  return { partitionId, leader, partitionErrorCode }
}
const answerOf = (...partitionMetadata: object[]) => {
  return { topicMetadata: [{ topicErrorCode: 0, topic: 't', partitionMetadata }] }
}

test.each([0, 6, 10])('version %d of the metadata is taken as it is', async (version) => {
  const { response } = definition.protocol({ version })({ topics: ['t'] })
  const answer = answerOf(partition(0, 1), partition(1, -1, 5), partition(2, 1, 9))
  expect(await response.parse(answer)).toEqual(answer)
  await expect(response.parse(answerOf(partition(0, 1, 29)))).rejects.toMatchObject({
    type: 'TOPIC_AUTHORIZATION_FAILED',
  })
  const unknown = { topicMetadata: [{ topicErrorCode: 3, topic: 't', partitionMetadata: [] }] }
  await expect(response.parse(unknown)).rejects.toMatchObject({
    type: 'UNKNOWN_TOPIC_OR_PARTITION',
  })
})

/** A cluster with a leader for each partition; those that are named do not answer. */
function clusterOf(leaders: readonly number[], ...gone: readonly number[]) {
  const asked: number[] = []
  const seen = { refreshes: 0 }
  const cluster = Object.assign(Object.create(prototype) as Cluster, {
    defaultOffset: () => -1,
    refreshMetadata: async () => void (seen.refreshes += 1),
    findTopicPartitionMetadata: () => leaders.map((leader, one) => partition(one, leader)),
    async findBroker({ nodeId }: { nodeId: string }) {
      asked.push(Number(nodeId))
      if (gone.includes(Number(nodeId))) throw new Error('gone')
      return {
        async listOffsets({ topics }: { topics: readonly { partitions: object[] }[] }) {
          const partitions = topics[0]!.partitions.map((one) => ({ ...one, offset: '7' }))
          return { responses: [{ topic: 't', partitions }] }
        },
      }
    },
  })
  const ask = (...numbers: number[]) =>
    cluster.fetchTopicsOffset([
      { topic: 't', partitions: numbers.map((number) => ({ partition: number })) },
    ])
  return { ask, asked, seen }
}
const found = (...numbers: number[]) => [
  { topic: 't', partitions: numbers.map((one) => ({ partition: one, offset: '7' })) },
]

test('each leader is asked, and no broker for a partition without a leader', async () => {
  const { ask, asked, seen } = clusterOf([1, -1, 2, 1])
  expect(await ask(0, 1, 2, 3)).toEqual(found(0, 3, 2))
  expect([asked, seen.refreshes]).toEqual([[1, 2], 0])
  expect(await ask(1)).toEqual(found())
})

test('a leader that is gone is left out and looked for; all of them are an error', async () => {
  const { ask, seen } = clusterOf([1, 2], 2)
  expect(await ask(0, 1)).toEqual(found(0))
  expect(seen.refreshes).toBe(1)
  await expect(ask(1)).rejects.toThrow('gone')
})

test('after deleted records the oldest one follows, and nothing is committed', async () => {
  useGivenOffsets()
  const Offsets = inside.offsets() as unknown as new (needs: object) => {
    resolveOffsets(): Promise<void>
    setDefaultOffset(lost: object): Promise<void>
    nextOffset(topic: string, partition: number): { toString(): string }
  }
  const coordinator = new Proxy({}, {
    get: () => {
      throw new Error('the group was asked')
    },
  })
  const wanted: unknown[] = []
  const cluster = {
    committedOffsets: () => ({}),
    fetchTopicsOffset: async (asked: unknown) => {
      wanted.push(asked)
      return [{ topic: 't', partitions: [{ partition: 1, offset: '9007199254740993' }] }]
    },
  }
  const needs = { cluster, coordinator, memberAssignment: { t: [0, 1] }, topicConfigurations: {} }
  const offsets = new Offsets({ ...needs, groupId: 'g', autoCommit: false })
  await offsets.resolveOffsets()
  expect(wanted).toEqual([])
  await offsets.setDefaultOffset({ topic: 't', partition: 1 })
  expect(wanted).toEqual([[{ topic: 't', partitions: [{ partition: 1 }], fromBeginning: true }]])
  expect(String(offsets.nextOffset('t', 1))).toBe('9007199254740993')
})

/** After the records of a transaction comes a marker, which no consumer gets. */
test.each(['messages', 'batches'] as const)(
  'a consumer that knows nothing of our records gets %s, and gets on',
  async (what) => {
    const plan = { values: [Buffer.from('a'), null], codec: 4, producerId: 1n }
    const pieces = [
      { last: 1n, bytes: batch(0n, { ...plan, isTransactional: true }) },
      { last: 2n, bytes: marker(2n, 1n, 'commit') },
      { last: 3n, bytes: batch(3n, { values: [Buffer.from('b')], codec: 0 }) },
    ]
    const asked: bigint[] = []
    const broker = new StandIn({ pieces, asked, perFetch: 2 })
    const parsed = parseSettings({ KAFKA_BROKERS: await broker.start() })
    if (!parsed.ok) throw new Error(parsed.problems.join('; '))
    const consumer = createKafka(parsed.settings, 'test', quiet).consumer({ groupId: 'g' })
    const got: unknown[] = []
    const isRead = Promise.withResolvers<void>()
    const take = ({ key, offset, timestamp, value }: KafkaMessage) => {
      got.push([offset, String(key), value === null ? null : String(value), timestamp])
      if (offset === '3') isRead.resolve()
    }
    const takes: ConsumerRunConfig =
      what === 'messages'
        ? { eachMessage: async ({ message }) => take(message) }
        : { eachBatch: async (payload) => payload.batch.messages.forEach(take) }
    try {
      await consumer.connect()
      await consumer.subscribe({ topic: broker.topic, fromBeginning: true })
      await consumer.run({ autoCommit: false, ...takes })
      await isRead.promise
      expect(got).toEqual([
        ['0', 'key', 'a', '1700000000000'],
        ['1', 'key', null, '1700000000001'],
        ['3', 'key', 'b', '1700000000000'],
      ])
      // A consumer of batches continues after the whole batch, hidden records included.
      expect(asked.slice(0, 2)).toEqual([0n, what === 'messages' ? 2n : 3n])
    } finally {
      await consumer.disconnect()
      await broker.stop()
    }
  },
)
