/**
 * First contact with an unknown target, once before a suite: one client connects to it directly,
 * and a record goes through Kafka. What is wrong is reported once, in one sentence; without this
 * every scenario would wait for a steady state that never comes.
 */
import { join } from 'node:path'
import { sleep } from '../../relay/world/clock.ts'
import { withDeadline } from '../../relay/world/deadline.ts'
import { loadThread, openPlan } from '../records/plan.ts'
import type { Outgoing } from '../producer/queue.ts'
import { openKafkaSink } from '../producer/sink.ts'
import { openTopics } from '../stack/topics.ts'
import { askPage, sayAsked } from '../targets/readiness.ts'
import { capabilitiesOf, sayTarget, startTarget } from '../targets/registry.ts'
import type { RunningTarget } from '../targets/target.ts'
import { isTrouble } from '../world/trouble.ts'
import type { World } from '../world/world.ts'
import { messageOf } from './act.ts'
import { isOver, openContactClient, wrongWith, type Heard } from './contact-client.ts'
import type { UndoLog } from '../world/undo-log.ts'
import type { Names } from '../stack/kind.ts'
import type { SuiteItem, SuiteOrder } from './suite-order.ts'

/** A consumer group may take some seconds to form; a record produced before is not always read. */
const recordLimitMs = 25_000
const produceEveryMs = 1_000
const lookEveryMs = 50
/** A relay that runs already reads a topic that is not ours: nothing is written there. */
const listenMs = 1_500
const wholeLimitMs = 90_000
const payloadBytes = 512

/**
 * Why nothing can be judged of the target, or undefined where it spoke as it should, is the
 * reference, or could not be asked for a reason of ours.
 */
export async function firstContact(
  world: World,
  order: SuiteOrder,
  undoLog: UndoLog,
): Promise<string | undefined> {
  const [item] = order.items
  if (item === undefined || capabilitiesOf(item.target).isOurs) return undefined
  order.report({ at: 'step', says: `first contact with ${sayTarget(item.target)}` })
  const why = await meetInTime(world, order, item, undoLog)
  if (why !== undefined) order.report({ at: 'step', says: why })
  return why
}

async function meetInTime(world: World, order: SuiteOrder, item: SuiteItem, undoLog: UndoLog) {
  try {
    const meeting = () => meet(world, order, item, undoLog)
    return await withDeadline(world.clock, wholeLimitMs, 'first contact', meeting, order.signal)
  } catch (error) {
    if (isTrouble(error, 'target-unready')) return error.message
    order.report({ at: 'step', says: `first contact was not possible: ${messageOf(error)}` })
    return undefined
  }
}

async function meet(world: World, order: SuiteOrder, item: SuiteItem, undoLog: UndoLog) {
  const { stack, folder } = order
  await using tearDown = new AsyncDisposableStack()
  const names = order.names ?? (await makeTopic(world, order, undoLog, tearDown))
  const target = await startTarget(world, item.target, {
    settings: item.scenario.relay,
    kafkaBrokers: stack.kafkaProxied,
    redisUrl: stack.redisProxied,
    ...names,
    logFile: join(folder, 'first-contact.log'),
    onProcess: () => undefined,
  })
  tearDown.defer(() => target.stop().then(() => undefined))
  const client = openContactClient(world.clock, target.address)
  tearDown.defer(() => client.close())
  const isOurTopic = order.names === undefined
  const sent = isOurTopic ? await produce(world, order, names, client.heard) : undefined
  if (!isOurTopic) await sleep(world.clock, listenMs, order.signal)
  const wrong = wrongWith(client.heard, sent)
  if (wrong === undefined) return undefined
  return sentence(target, await pagesOf(world, order, target), wrong)
}

/** Produces a record every second until one arrives, or none can any more. */
async function produce({ clock }: World, order: SuiteOrder, { topic }: Names, heard: Heard) {
  const { stack, seed, signal } = order
  const sink = await openKafkaSink(clock, { brokers: stack.kafkaDirect, topic })
  const plan = openPlan(seed)
  const sent: Buffer[] = []
  const endMs = clock.nowMs() + recordLimitMs
  try {
    for (let sequence = 1; clock.nowMs() < endMs && !isOver(heard);) {
      const thread = loadThread(0)
      const timestampUs = BigInt(Math.round(clock.unixMs() * 1_000))
      const record = plan.record(thread, sequence, payloadBytes, timestampUs)
      sequence = record.next
      sent.push(record.value)
      await sink.send([outgoing(record.value, thread, sequence)])
      const nextMs = clock.nowMs() + produceEveryMs
      while (clock.nowMs() < nextMs && !isOver(heard)) await sleep(clock, lookEveryMs, signal)
    }
  } finally {
    await sink.close()
  }
  return sent
}

function outgoing(value: Buffer, thread: string, sequence: number): Outgoing {
  return { number: 0, thread, sequence, partition: 0, key: Buffer.from(thread), value, dueMs: 0 }
}

async function makeTopic(
  world: World,
  { stack }: SuiteOrder,
  undoLog: UndoLog,
  tearDown: AsyncDisposableStack,
): Promise<Names> {
  const topics = await openTopics(world.clock, stack.kafkaDirect)
  tearDown.defer(() => topics.close())
  const topic = `chaos-${world.mark}-first-contact`
  const names = { topic, dlqTopic: `${topic}-dlq`, groupId: topic }
  const ours = [names.topic, names.dlqTopic]
  const brokers = [...stack.kafkaDirect]
  const cleared = undoLog.register({ undo: 'delete-topics', brokers, topics: ours })
  tearDown.defer(async () => {
    await topics.remove(ours)
    cleared()
  })
  for (const one of ours) await topics.create(one, 1)
  return names
}

async function pagesOf(
  { clock }: World,
  { signal }: SuiteOrder,
  { address }: RunningTarget,
): Promise<string> {
  const paths = ['/readyz', '/health', '/version']
  const asked = await Promise.all(paths.map((path) => askPage(clock, address, path, signal)))
  return asked.map(sayAsked).join(', ')
}

const sentence = ({ address, says }: RunningTarget, pages: string, wrong: string): string =>
  `${says} cannot be judged. A client of ws://${address}/ws was to get what is written to ` +
  `KAFKA_TOPIC: a text {"type":"cursor","partition":…,"offset":"…"}, then the record as a binary ` +
  `message; ${wrong} (${pages}).\n  fix: see relay/PROTOCOL.md for what a target speaks`
