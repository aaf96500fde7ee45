/**
 * A rival in the relay's consumer group takes partitions away from it. The rival reads nothing and
 * commits nothing: whatever it held comes back to the relay unread, so that nothing may be lost.
 */
import { withDeadline } from '../../relay/world/deadline.ts'
import { kafkaClient, type Consumer } from '../stack/kafka.ts'
import { until, type FaultKind, type FaultStage, type GroupStage } from './fault.ts'

/** Client ids of rivals begin with this, so that everyone can tell them from the target. */
export const rivalClientId = 'chaos-rival'

const joinLimitMs = 20_000
const leaveLimitMs = 15_000

export const rebalance: FaultKind<'rebalance'> = {
  says: (spec) =>
    spec.rivals === 1
      ? 'a rival joins the consumer group and takes partitions'
      : `${spec.rivals} rivals join the consumer group and take partitions`,
  async inject(spec, stage) {
    const before = await stage.group.ownedByTarget()
    const rivals: Consumer[] = []
    for (let index = 0; index < spec.rivals; index += 1) {
      rivals.push(await join(stage, index))
    }
    return {
      bites: () => proveMoved(stage, before?.length),
      heal: () => leave(stage, rivals),
    }
  },
}

async function join(stage: FaultStage, index: number): Promise<Consumer> {
  const { brokers, groupId, topic } = stage.group
  const consumer = kafkaClient(`rival-${index}`, brokers).consumer({
    groupId,
    sessionTimeout: 10_000,
    rebalanceTimeout: 10_000,
    heartbeatInterval: 500,
    maxWaitTimeInMs: 100,
  })
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
    const partitions = payload.memberAssignment[topic] ?? []
    consumer.pause([{ topic, partitions }])
  })
  await withDeadline(stage.clock, joinLimitMs, `rival ${index} joining ${groupId}`, async () => {
    await consumer.connect()
    await consumer.subscribe({ topic, fromBeginning: true })
    const joined = new Promise<void>((resolve) => {
      consumer.on(consumer.events.GROUP_JOIN, () => resolve())
    })
    await consumer.run({ autoCommit: false, eachBatch: () => Promise.resolve() })
    await joined
  })
  return consumer
}

const owns = (group: GroupStage) => async () => (await group.ownedByTarget())?.length

async function proveMoved(stage: FaultStage, before: number | undefined) {
  const asked = await until(
    stage.clock,
    joinLimitMs,
    200,
    owns(stage.group),
    (now) => now !== undefined && before !== undefined && now < before,
  )
  return {
    isBiting: asked.holds,
    evidence: {
      partitionsBefore: before ?? null,
      partitionsNow: asked.answer ?? null,
      tookMs: Math.round(asked.tookMs),
    },
  }
}

async function leave(stage: FaultStage, rivals: readonly Consumer[]) {
  const held = await stage.group.ownedByTarget()
  for (const rival of rivals) {
    await withDeadline(stage.clock, leaveLimitMs, 'a rival leaving the group', () =>
      rival.disconnect(),
    )
  }
  const asked = await until(
    stage.clock,
    joinLimitMs,
    200,
    owns(stage.group),
    (now) => now !== undefined && now > (held?.length ?? 0),
  )
  if (!asked.holds) {
    throw new Error(
      `the target must get its partitions back within ${joinLimitMs} ms after the rivals left; ` +
        `it holds ${asked.answer ?? 'an unknown number'}`,
    )
  }
  return { partitionsNow: asked.answer ?? null, tookMs: Math.round(asked.tookMs) }
}
