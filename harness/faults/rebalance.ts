/**
 * A rival in the relay's consumer group takes partitions away from it. The rival reads nothing and
 * commits nothing: whatever it held comes back to the relay unread, so that nothing may be lost.
 */
import { withDeadline } from '../../relay/world/deadline.ts'
import { kafkaClient, type Consumer } from '../stack/kafka.ts'
import {
  isRelayGone,
  until,
  type Evidence,
  type FaultKind,
  type FaultStage,
} from './fault.ts'

/** Client ids of rivals begin with this, so that everyone can tell them from the target. */
export const rivalClientId = 'chaos-rival'

/** The group may be between two assignments for this long before it counts as unknown. */
const stableLimitMs = 10_000
const joinLimitMs = 20_000
const leaveLimitMs = 15_000

export const rebalance: FaultKind<'rebalance'> = {
  says: (spec) =>
    spec.rivals === 1
      ? 'a rival joins the consumer group and takes partitions'
      : `${spec.rivals} rivals join the consumer group and take partitions`,
  async inject(spec, stage) {
    const before = await heldBefore(stage)
    const rivals: Consumer[] = []
    try {
      while (rivals.length < spec.rivals) rivals.push(await join(stage, rivals.length))
    } catch (error) {
      await sendAway(stage, rivals).catch(() => undefined)
      throw error
    }
    return {
      bites: () => proveMoved(stage, before),
      async heal() {
        await sendAway(stage, rivals)
        return proveBack(stage, before)
      },
    }
  },
}

const owned = (stage: FaultStage) => async () => (await stage.group.ownedByTarget())?.length

/** Partitions that there are to be taken. @throws Error where there are none */
async function heldBefore(stage: FaultStage): Promise<number> {
  const { answer = -1 } = await until(stage, stableLimitMs, 200, owned(stage), (now = 0) => now > 0)
  if (answer > 0) return answer
  const found = answer < 0 ? 'nobody can say what it holds' : 'it holds none'
  throw new Error(`the target must hold partitions before a rival can take them; ${found}`)
}

/** One rival, in the group. It is out of it again if this fails. */
async function join(stage: FaultStage, index: number): Promise<Consumer> {
  const { brokers, groupId, topic } = stage.group
  const consumer = kafkaClient(`rival-${index}`, brokers).consumer({
    groupId,
    sessionTimeout: 10_000,
    rebalanceTimeout: 10_000,
    heartbeatInterval: 500,
    maxWaitTimeInMs: 100,
  })
  const joined = Promise.withResolvers<void>()
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
    consumer.pause([{ topic, partitions: payload.memberAssignment[topic] ?? [] }])
    joined.resolve()
  })
  try {
    await withDeadline(stage.clock, joinLimitMs, `rival ${index} joining ${groupId}`, async () => {
      await consumer.connect()
      await consumer.subscribe({ topic, fromBeginning: true })
      await consumer.run({ autoCommit: false, eachBatch: () => Promise.resolve() })
      await joined.promise
    })
    return consumer
  } catch (error) {
    await sendAway(stage, [consumer]).catch(() => undefined)
    throw error
  }
}

/** Takes all rivals out of the group, also when one of them does not go. */
async function sendAway(stage: FaultStage, rivals: readonly Consumer[]): Promise<void> {
  await Promise.all(
    rivals.map((rival) =>
      withDeadline(stage.clock, leaveLimitMs, 'a rival leaving the group', () =>
        rival.disconnect(),
      ),
    ),
  )
}

async function proveMoved(stage: FaultStage, before: number) {
  const asked = await until(
    stage,
    joinLimitMs,
    200,
    owned(stage),
    (now) => now !== undefined && now < before,
  )
  const partitionsNow = asked.answer ?? null
  const tookMs = Math.round(asked.tookMs)
  return { isBiting: asked.holds, evidence: { partitionsBefore: before, partitionsNow, tookMs } }
}

async function proveBack(stage: FaultStage, before: number): Promise<Evidence> {
  const isBack = (now: number | undefined) => now !== undefined && now >= before
  const asked = await until(
    stage,
    joinLimitMs,
    200,
    owned(stage),
    (now) => isBack(now) || isRelayGone(stage),
  )
  const tookMs = Math.round(asked.tookMs)
  if (isBack(asked.answer)) return { partitionsNow: asked.answer ?? null, tookMs }
  if (isRelayGone(stage)) return { relayItself: 'has ended', tookMs }
  throw new Error(
    `the target must get its ${before} partitions back within ${joinLimitMs} ms after the ` +
      `rivals left; it holds ${asked.answer ?? 'an unknown number'}`,
  )
}
