/** The admin client's connection: made with the first request, and again after a failed one. */
import type { Kafka } from 'kafkajs'
import { expect, test } from 'vitest'
import { ManualClock, settled } from '../world/manual-clock-testbed.ts'
import { createAdmin } from './kafka-admin.ts'

/** A Kafka whose requests the test answers, and which counts its connections. */
function bench() {
  const connections: { isClosed: boolean }[] = []
  const asked: PromiseWithResolvers<{ clusterId: string }>[] = []
  const admin = () => {
    const connection = { isClosed: false }
    connections.push(connection)
    return {
      connect: async () => undefined,
      disconnect: async () => void (connection.isClosed = true),
      describeCluster: () => {
        const question = Promise.withResolvers<{ clusterId: string }>()
        asked.push(question)
        return question.promise
      },
    }
  }
  const client = createAdmin({ admin } as unknown as Kafka, new ManualClock())
  const ask = () => client.clusterId(1_000).catch(() => 'failed')
  return { asked, ask, client, connections }
}

test('a question that fails late closes its own connection, and no later one', async () => {
  const { asked, ask, client, connections } = bench()
  const [first, second] = [ask(), ask()]
  await settled()
  asked[0]!.reject(new Error('gone'))
  expect(await first).toBe('failed')
  const third = ask()
  await settled()
  asked[1]!.reject(new Error('gone'))
  expect(await second).toBe('failed')
  const fourth = ask()
  await settled()
  expect(connections).toEqual([{ isClosed: true }, { isClosed: false }])
  for (const question of asked.slice(2)) question.resolve({ clusterId: 'c' })
  expect(await Promise.all([third, fourth])).toEqual(['c', 'c'])
  await client.close(1_000)
  expect(connections).toEqual([{ isClosed: true }, { isClosed: true }])
})

/** An admin client that answers as the test says, and counts what goes on at once. */
function marksBench(answers: { commits: object[]; ends: object[][] }) {
  const seen = { connections: 0, atOnce: 0, most: 0, ends: 0 }
  const roundTrip = async <T>(answer: T): Promise<T> => {
    seen.most = Math.max(seen.most, (seen.atOnce += 1))
    await settled()
    seen.atOnce -= 1
    return answer
  }
  const admin = () => {
    seen.connections += 1
    return {
      connect: async () => undefined,
      disconnect: async () => undefined,
      fetchOffsets: () => roundTrip([{ topic: 't', partitions: answers.commits }]),
      fetchTopicOffsets: () => roundTrip(answers.ends[seen.ends++] ?? []),
    }
  }
  const client = createAdmin({ admin } as unknown as Kafka, new ManualClock())
  const { signal } = new AbortController()
  const marks = (...wanted: number[]) => client.marks('t', 'g', wanted, signal)
  return { marks, seen }
}
const endOf = (partition: number, low: string, high: string) => ({ partition, low, high })

test('commits and ends are requested in parallel, and ends that lag behind again', async () => {
  const commits = [
    { partition: 0, offset: '8' },
    { partition: 1, offset: '-1' },
  ]
  const ends = [[endOf(0, '2', '5')], [endOf(0, '2', '9')], [endOf(0, '2', '9')]]
  const { marks, seen } = marksBench({ commits, ends })
  const log = { logStart: 2n, logEnd: 9n }
  expect(await marks(0)).toEqual({ commits: new Map([[0, 8n]]), logs: new Map([[0, log]]) })
  expect(seen).toMatchObject({ connections: 1, most: 2, ends: 2 })
  await marks(0)
  expect(seen).toMatchObject({ connections: 1, ends: 3 })
})

test('a partition that is not known is asked for on a new connection', async () => {
  const ends = [[endOf(0, '0', '1')], [endOf(0, '0', '1'), endOf(1, '0', '1')]]
  const { marks, seen } = marksBench({ commits: [], ends })
  expect([...(await marks(0, 1)).logs.keys()]).toEqual([0])
  expect([...(await marks(0, 1)).logs.keys()]).toEqual([0, 1])
  await marks(0)
  expect(seen.connections).toBe(2)
})
