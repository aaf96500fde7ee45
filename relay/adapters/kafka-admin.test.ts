/** The admin client's connection: made with the first question, and anew after one that failed. */
import type { Kafka } from 'kafkajs'
import { expect, test } from 'vitest'
import { ManualClock, settled } from '../world/manual-clock.ts'
import { createAdmin } from './kafka-admin.ts'

/** A Kafka whose questions the test answers, and which tells of its connections. */
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
