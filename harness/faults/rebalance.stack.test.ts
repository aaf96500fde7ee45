/**
 * Rivals in foreign groups, on a real broker: with any assignment protocol a rival takes some
 * partitions and gives them back. If it is refused, the broker's error is reported.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { systemClock as clock } from '../../relay/world/clock.ts'
import { memoryJournal } from '../history/memory-journal-testbed.ts'
import { startLagTruthSampler, type LagTruthSampler } from '../samplers/lag-truth.ts'
import { kafkaClient, type Consumer } from '../stack/kafka.ts'
import { startNativeStack } from '../stack/native.ts'
import type { Stack } from '../stack/stack.ts'
import { openTopics, type Topics } from '../stack/topics.ts'
import { openWorld, type World } from '../world/world.ts'
import type { FaultContext, GroupContext } from './fault.ts'
import { rebalance, rivalClientId } from './rebalance.ts'
import { rivalAssigner } from './rival-assigners.ts'

const state = mkdtempSync(join(tmpdir(), 'rivals-'))
let world: World
let stack: Stack
let topics: Topics
let topic: string
let count = 0
let sampler: LagTruthSampler
const members: Consumer[] = []

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

beforeEach(async () => {
  topic = `rivals-${count++}`
  await topics.create(topic, 4)
  sampler = startLagTruthSampler(
    { clock, journal: memoryJournal() },
    {
      brokers: stack.kafkaDirect,
      topic,
      groupId: topic,
      isTarget: ({ clientId }) => !clientId.startsWith(rivalClientId),
    },
  )
})
afterEach(async () => {
  await Promise.all(members.splice(0).map((one) => one.disconnect()))
  await sampler.stop()
})

/** A member of the group as a foreign relay would be. */
async function joinGroup(protocol: string, name = 'target'): Promise<void> {
  const member = kafkaClient(name, stack.kafkaDirect).consumer({
    groupId: topic,
    heartbeatInterval: 300,
    rebalanceTimeout: 5_000,
    maxWaitTimeInMs: 100,
    partitionAssigners: [rivalAssigner(protocol)],
  })
  members.push(member)
  await member.connect()
  await member.subscribe({ topic, fromBeginning: true })
  await member.run({ eachMessage: async () => undefined })
}

function stageOf(more: Partial<GroupContext> = {}): FaultContext {
  const group: GroupContext = {
    brokers: stack.kafkaDirect,
    topic,
    groupId: topic,
    partitions: 4,
    settleLimitMs: 10_000,
    facts: () => sampler.group(),
    ownedByTarget: () => sampler.owned(),
    ...more,
  }
  const { signal } = new AbortController()
  return { clock, signal, relay: undefined, group } as unknown as FaultContext
}

/** Rivals take partitions, and give them back. */
async function moves(rivals: number, more: Partial<GroupContext> = {}) {
  const injected = await rebalance.inject({ fault: 'rebalance', rivals }, stageOf(more))
  const measured = await injected.measure().catch(async (error: unknown) => {
    await injected.heal()
    throw error
  })
  return { ...measured, healed: await injected.heal() }
}

test.each(['range', 'roundrobin', 'RoundRobinAssigner', 'cooperative-sticky', 'of-somebody'])(
  'in a group that uses %s',
  async (protocol) => {
    await joinGroup(protocol)
    const { isActive, evidence, healed } = await moves(1)
    expect({ isActive, evidence }).toMatchObject({
      isActive: true,
      evidence: { protocol, partitionsBefore: 4, partitionsNow: 2 },
    })
    expect(healed['partitionsNow']).toBe(4)
  },
  60_000,
)

test('in a group of several members of the target', async () => {
  await joinGroup('range')
  await joinGroup('range', 'target-too')
  expect(await moves(1)).toMatchObject({ isActive: true, healed: { partitionsNow: 4 } })
}, 60_000)

test('in a group that still rebalances, of which the broker names no protocol yet', async () => {
  await joinGroup('range')
  let asked = 0
  const facts = async () => {
    const group = await sampler.group()
    asked += 1
    return asked > 3 ? group : group && { ...group, state: 'CompletingRebalance', protocol: '' }
  }
  expect(await moves(1, { facts })).toMatchObject({ isActive: true, healed: { partitionsNow: 4 } })
  expect(asked).toBeGreaterThan(3)
}, 60_000)

test('a refusal is told in the words of the broker, with the names', async () => {
  await joinGroup('range')
  const facts = async () => {
    const group = await sampler.group()
    return group && { ...group, protocol: 'roundrobin' }
  }
  await expect(
    rebalance.inject({ fault: 'rebalance', rivals: 1 }, stageOf({ facts })),
  ).rejects.toThrow(/refused: INCONSISTENT_GROUP_PROTOCOL; it offered "roundrobin", and the group/)
}, 60_000)

test('a group without members cannot be rebalanced, and the fault says so', async () => {
  await expect(
    rebalance.inject({ fault: 'rebalance', rivals: 1 }, stageOf({ settleLimitMs: 500 })),
  ).rejects.toThrow(/must hold partitions before a rival can take them; its partitions are unknown/)
}, 60_000)
