/**
 * Reads the dead-letter topic back, from its beginning to its end: what the target says it put
 * aside is only believed where Kafka has it.
 */
import { sleep } from '../../relay/world/clock.ts'
import { withDeadline } from '../../relay/world/deadline.ts'
import { kafkaClient, type Admin, type Consumer } from '../stack/kafka.ts'
import { jsonObject } from './json.ts'
import { troubleTeller, type Sampler, type SamplerWorld } from './sampler.ts'

export interface DeadLetterOptions {
  /** Addresses of the direct listener. */
  readonly brokers: readonly string[]
  /** The dead-letter topic; it must exist. */
  readonly topic: string
  /** Names the consumer group of the harness, which is deleted at the end. */
  readonly groupId: string
}

const startLimitMs = 20_000
/** How long the rest of the topic may take to be read at the end. */
const drainLimitMs = 5_000
const closeLimitMs = 5_000
const pollMs = 100
/** A longer text in a dead letter is cut: its hash and its ends are in the record as well. */
const textCharsMax = 512

/** Starts to read and settles immediately. Failures become `trouble`. */
export function startDeadLetterSampler(world: SamplerWorld, options: DeadLetterOptions): Sampler {
  const { clock, journal } = world
  const { topic, groupId } = options
  const kafka = kafkaClient('dead-letters', options.brokers)
  const admin = kafka.admin()
  const consumer = kafka.consumer({
    groupId,
    maxWaitTimeInMs: 200,
    sessionTimeout: 10_000,
    heartbeatInterval: 1_000,
    allowAutoTopicCreation: false,
    retry: { retries: 5, initialRetryTime: 100, maxRetryTime: 1_000 },
  })
  const tell = troubleTeller(world, 'dead-letters')
  const next = new Map<number, bigint>()
  const take = (partition: number, offset: string, value: Buffer | null) => {
    next.set(partition, BigInt(offset) + 1n)
    journal.write({
      kind: 'deadletter',
      t: journal.now(),
      fields: fieldsOf(partition, offset, value),
    })
  }
  const started = withDeadline(clock, startLimitMs, 'joining the dead-letter topic', async () => {
    await admin.connect()
    await consumer.connect()
    await consumer.subscribe({ topic, fromBeginning: true })
    await consumer.run({
      autoCommit: false,
      eachMessage: async ({ partition, message }) => {
        take(partition, message.offset, message.value)
      },
    })
  }).catch(tell)
  const end = async () => {
    await started
    await drain(world, admin, topic, next).catch(tell)
    // They are read by now: a failure here does not keep them from being judged.
    await close(world, admin, consumer, groupId).catch(troubleTeller(world, 'dead-letters-end'))
  }
  let ending: Promise<void> | undefined
  return { stop: () => (ending ??= end()) }
}

/** Waits until everything that is in the topic now was read. */
async function drain(
  { clock }: SamplerWorld,
  admin: Admin,
  topic: string,
  next: ReadonlyMap<number, bigint>,
): Promise<void> {
  await withDeadline(clock, drainLimitMs, `reading ${topic} to its end`, async (signal) => {
    const ends = await admin.fetchTopicOffsets(topic)
    const isRead = () =>
      ends.every(({ partition, low, high }) => {
        return high === low || (next.get(partition) ?? 0n) >= BigInt(high)
      })
    while (!isRead()) await sleep(clock, pollMs, signal)
  })
}

async function close(
  { clock }: SamplerWorld,
  admin: Admin,
  consumer: Consumer,
  groupId: string,
): Promise<void> {
  const within = (what: string, work: () => Promise<unknown>) =>
    withDeadline(clock, closeLimitMs, what, work)
  await within(`leaving ${groupId}`, () => consumer.disconnect())
  await within(`deleting ${groupId}`, () => admin.deleteGroups([groupId]))
  await within('disconnecting', () => admin.disconnect())
}

/** The dead letter's JSON with its own place in Kafka, long texts cut. */
export function fieldsOf(
  partition: number,
  offset: string,
  value: Buffer | null,
): Record<string, unknown> {
  const place = { dlq_partition: partition, dlq_offset: offset }
  const fields = value === null ? null : jsonObject(value.toString())
  if (fields === null) return { ...place, unreadable: value?.toString('latin1', 0, 64) ?? null }
  const cut = Object.entries(fields).map(([key, field]) => {
    const isLong = typeof field === 'string' && field.length > textCharsMax
    return [key, isLong ? `${field.slice(0, textCharsMax)}…` : field]
  })
  return { ...(Object.fromEntries(cut) as Record<string, unknown>), ...place }
}
