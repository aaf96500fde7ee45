/**
 * A rival in the relay's consumer group takes partitions away from it. The rival reads and commits
 * nothing: its partitions come back to the relay unread, so no record may be lost.
 */
import { DeadlineError, withDeadline } from '../../relay/world/deadline.ts'
import { kafkaClient, type Consumer } from '../stack/kafka.ts'
import { z } from 'zod'
import {
  defineFault,
  isDescribable,
  isRelayGone,
  type Evidence,
  type FaultContext,
} from './fault.ts'
import { until } from '../world/until.ts'
import { rivalAssigner } from './rival-assigners.ts'

/** Client ids of rivals begin with this, so that everyone can tell them from the target. */
export const rivalClientId = 'chaos-rival'

/** A rebalance waits for every member to join it, also for those that do not. */
const joinLimitMs = 20_000
const leaveLimitMs = 15_000

export const rebalance = defineFault({
  spec: z.strictObject({ fault: z.literal('rebalance'), rivals: z.number().int().positive() }),
  effects: () => ({ on: 'consumer-group', does: ['moves-partitions'] }),
  draw: ({ dice }) => ({ fault: 'rebalance', rivals: 1 + dice.int(2) }) as const,
  says: (spec) =>
    spec.rivals === 1
      ? 'a rival joins the consumer group and takes partitions'
      : `${spec.rivals} rivals join the consumer group and take partitions`,
  async inject(spec, context) {
    const before = await heldBefore(context)
    const uses = await protocolOf(context)
    const rivals: Consumer[] = []
    try {
      while (rivals.length < spec.rivals) rivals.push(await join(context, rivals.length, uses))
    } catch (error) {
      await sendAway(context, rivals).catch(() => undefined)
      throw error
    }
    return {
      async measure() {
        const { isActive, evidence } = await proveMoved(context, before)
        return { isActive, evidence: { ...evidence, protocol: uses } }
      },
      async heal() {
        await sendAway(context, rivals)
        return proveBack(context, before)
      },
    }
  },
})

const owned = (context: FaultContext) => async () => (await context.group.ownedByTarget())?.length

/** Partitions that there are to be taken. @throws Error where there are none */
async function heldBefore(context: FaultContext): Promise<number> {
  const { settleLimitMs } = context.group
  if (!(await isDescribable(context))) {
    const found = await sayGroup(context)
    throw new Error(`a rival must see the target's partitions before it takes some; ${found}`)
  }
  const asked = await until(
    context,
    settleLimitMs,
    200,
    owned(context),
    (now = 0) => now > 0 || isRelayGone(context),
  )
  const { answer = -1 } = asked
  if (answer > 0) return answer
  const unsaid = `its partitions are unknown: ${await sayGroup(context)}`
  const found = answer < 0 ? unsaid : 'it holds none'
  throw new Error(`the target must hold partitions before a rival can take them; ${found}`)
}

/**
 * How the members of the group share partitions: a rival must do it likewise, or is refused. While
 * the group rebalances the broker names no protocol.
 */
async function protocolOf(context: FaultContext): Promise<string> {
  const { answer: facts } = await until(
    context,
    context.group.settleLimitMs,
    200,
    () => context.group.facts(),
    (now) => (now !== undefined && !isRebalancing(now)) || isRelayGone(context),
  )
  if (facts === undefined) throw new Error('the broker did not describe the consumer group')
  const { protocolType, protocol } = facts
  if (protocolType === 'consumer' && protocol !== '') return protocol
  throw new Error(
    `a rival can join a group of consumers that share partitions by a protocol that the broker ` +
      `names; ${await sayGroup(context)}`,
  )
}

const isRebalancing = ({ state }: { readonly state: string }) => state.endsWith('Rebalance')

/** The group in a sentence, for messages about a rival that could not join. */
async function sayGroup({ group }: FaultContext): Promise<string> {
  const facts = await group.facts()
  if (facts === undefined) return `the broker does not describe the group ${group.groupId}`
  const { state, protocolType, protocol, others } = facts
  const more = others.length === 0 ? '' : `, with ${others.join(', ')} in it`
  const type = `type "${protocolType}", protocol "${protocol}"`
  return `the group ${group.groupId} is ${state} (${type})${more}`
}

/** One rival, in the group. It is out of it again if this fails. */
async function join(context: FaultContext, index: number, protocol: string): Promise<Consumer> {
  const { brokers, groupId, topic } = context.group
  const consumer = kafkaClient(`rival-${index}`, brokers).consumer({
    groupId,
    sessionTimeout: 10_000,
    rebalanceTimeout: 10_000,
    heartbeatInterval: 500,
    maxWaitTimeInMs: 100,
    partitionAssigners: [rivalAssigner(protocol)],
  })
  const joined = Promise.withResolvers<void>()
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
    consumer.pause([{ topic, partitions: payload.memberAssignment[topic] ?? [] }])
    joined.resolve()
  })
  // The library reports a refusal nowhere else, and gives up.
  consumer.on(consumer.events.CRASH, ({ payload }) => joined.reject(payload.error))
  const what = `rival ${index} joining ${groupId}`
  try {
    await withDeadline(context.clock, joinLimitMs, what, async () => {
      await consumer.connect()
      await consumer.subscribe({ topic, fromBeginning: true })
      const running = consumer.run({ autoCommit: false, eachBatch: () => Promise.resolve() })
      await Promise.all([running, joined.promise])
    })
    return consumer
  } catch (error) {
    joined.promise.catch(() => undefined)
    const found = await sayGroup(context).catch(() => 'and the group can not be described')
    await sendAway(context, [consumer]).catch(() => undefined)
    throw notJoined(error as Error, { what, protocol, found })
  }
}

function notJoined(error: Error, said: { what: string; protocol: string; found: string }): Error {
  const { what, protocol, found } = said
  const how = error instanceof DeadlineError ? `took longer than ${joinLimitMs} ms` : refusal(error)
  return new Error(`${what} ${how}; it offered "${protocol}", and ${found}`, { cause: error })
}

/** The broker's own word for it, which the library wraps once or twice. */
function refusal(error: Error): string {
  let root = error as Error & { readonly type?: string }
  while (root.cause instanceof Error) root = root.cause
  return root.type === undefined ? `failed: ${root.message}` : `was refused: ${root.type}`
}

/** Takes all rivals out of the group, also when one of them does not go. */
async function sendAway(context: FaultContext, rivals: readonly Consumer[]): Promise<void> {
  await Promise.all(
    rivals.map((rival) =>
      withDeadline(context.clock, leaveLimitMs, 'a rival leaving the group', () =>
        rival.disconnect(),
      ),
    ),
  )
}

async function proveMoved(context: FaultContext, before: number) {
  const asked = await until(
    context,
    joinLimitMs,
    200,
    owned(context),
    (now) => now !== undefined && now < before,
  )
  const partitionsNow = asked.answer ?? null
  const tookMs = Math.round(asked.tookMs)
  return { isActive: asked.holds, evidence: { partitionsBefore: before, partitionsNow, tookMs } }
}

async function proveBack(context: FaultContext, before: number): Promise<Evidence> {
  const isBack = (now: number | undefined) => now !== undefined && now >= before
  const { settleLimitMs } = context.group
  const asked = await until(
    context,
    Math.max(settleLimitMs, joinLimitMs),
    200,
    owned(context),
    (now) => isBack(now) || isRelayGone(context),
  )
  const tookMs = Math.round(asked.tookMs)
  if (isBack(asked.answer)) return { partitionsNow: asked.answer ?? null, tookMs }
  if (isRelayGone(context)) return { relayItself: 'has ended', tookMs }
  throw new Error(
    `the target must get its ${before} partitions back within ${tookMs} ms after the ` +
      `rivals left; it holds ${asked.answer ?? 'an unknown number'}: ${await sayGroup(context)}`,
  )
}
