/** What one measurement needs, started and ended as a whole: relay, readers, producer, topic. */
import type { Clock } from '../../relay/world/clock.ts'
import { usageOf, type Usage } from '../samplers/memory.ts'
import { kafkaClient } from '../stack/kafka.ts'
import { openToxiproxy } from '../stack/toxiproxy.ts'
import type { Stack } from '../stack/stack.ts'
import { openTopics } from '../stack/topics.ts'
import { startAskedChild } from '../world/asked-child.ts'
import type { World } from '../world/world.ts'
import { type Candidate, startCandidate, type Started } from './candidates.ts'
import type { BenchLoad } from './loads.ts'
import type { ReaderCommand, ReaderReport } from './readers.ts'
import { stamped, template } from './stamp.ts'

export interface BenchPlace {
  readonly world: World
  readonly stack: Stack
  readonly logFolder: string
  /** Whether the relay writes a CPU profile. */
  readonly isProfiled: boolean
}
export interface Site {
  readonly clock: Clock
  readonly started: Started
  readonly ask: (command: ReaderCommand) => Promise<ReaderReport>
  /** Settles when Kafka has them. */
  readonly send: (count: number) => Promise<void>
  /** Begins or ends the background load. */
  readonly background: (isOn: boolean) => Promise<void>
  readonly usage: () => Promise<Usage>
  readonly readersUsage: () => Promise<Usage>
  readonly close: () => Promise<void>
}

const partitions = 4
const limitMs = 120_000

export async function openSite(
  { world, stack, logFolder, isProfiled }: BenchPlace,
  who: Candidate,
  name: string,
  load: BenchLoad,
): Promise<Site> {
  const { clock } = world
  const topic = `bench-${name}-${who}`
  const topics = await openTopics(clock, stack.kafkaDirect)
  await topics.create(topic, partitions)
  const profileFolder = isProfiled && who === 'relay' ? `${logFolder}/${topic}` : undefined
  const plan = { who, topic, logFolder, profileFolder, background: load.background }
  const started = await startCandidate(world, stack, plan)
  const readers = await startReaders(world, `${logFolder}/${topic}-readers.log`)
  const producer = await openProducer(clock, stack, topic, load.payloadBytes)
  const ask: Site['ask'] = (command) => readers.ask(command, limitMs)
  return {
    clock,
    started,
    ask,
    send: producer.send,
    background: backgroundOf(clock, stack, who, load, started, ask),
    usage: () => usage(started.child.pid, () => started.child.tail()),
    readersUsage: () => usage(readers.pid, () => readers.lastWords()),
    close: async () => {
      await producer.close()
      await readers.kill()
      await started.child.stop()
      await topics.remove([topic])
      await topics.close()
    },
  }
}

/** The baseline relay knows neither replay nor Redis, so it gets no such load. */
function backgroundOf(
  clock: Clock,
  stack: Stack,
  who: Candidate,
  { background }: BenchLoad,
  { port }: Started,
  ask: Site['ask'],
): Site['background'] {
  if (background === undefined || (who === 'plain' && background !== 'stalled client')) {
    return () => Promise.resolve()
  }
  if (background === 'dead Redis') return (isOn) => holdRedis(clock, stack, isOn)
  return async (isOn) =>
    void (await ask({ do: 'background', port, what: isOn ? background : undefined }))
}

/** Bytes to and from Redis vanish, or flow again. */
async function holdRedis(clock: Clock, stack: Stack, isOn: boolean): Promise<void> {
  const toxiproxy = openToxiproxy(clock, stack.toxiproxy)
  const link = stack.links.find(({ hop }) => hop === 'redis')
  if (link === undefined) throw new Error('the stack has no link to Redis')
  for (const stream of ['upstream', 'downstream'] as const) {
    const name = `bench-${stream}`
    const attributes = { timeout: 0 }
    if (isOn) await toxiproxy.add(link, { name, type: 'timeout', stream, attributes })
    else await toxiproxy.remove(link, name)
  }
}

async function usage(pid: number, lastWords: () => string): Promise<Usage> {
  const used = await usageOf(pid)
  if (used === undefined) throw new Error(`process ${pid} has ended:\n${lastWords()}`)
  return used
}

const startReaders = (world: World, logFile: string) =>
  startAskedChild<ReaderCommand, ReaderReport>(
    world,
    {
      role: 'bench-readers',
      program: new URL('readers.ts', import.meta.url),
      logFile,
      startLimitMs: 10_000,
    },
    { do: 'lane', lane: undefined },
  )

async function openProducer(clock: Clock, stack: Stack, topic: string, payloadBytes: number) {
  const producer = kafkaClient('bench', stack.kafkaDirect).producer()
  await producer.connect()
  const record = template(payloadBytes)
  let next = 0
  return {
    send: async (count: number) => {
      const stampUs = clock.nowMs() * 1_000
      const messages = Array.from({ length: count }, () => {
        next += 1
        return { value: stamped(record, stampUs), partition: next % partitions }
      })
      await producer.send({ topic, messages, acks: 1 })
    },
    close: () => producer.disconnect(),
  }
}
