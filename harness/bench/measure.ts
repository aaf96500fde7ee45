/** One measurement: one contestant under one load, from start to stop. */
import { fileURLToPath } from 'node:url'
import { createKafka } from '../../relay/adapters/kafka-client.ts'
import { createLogger } from '../../relay/adapters/logger.ts'
import { parseSettings } from '../../relay/tables/settings-parse.ts'
import { type Clock, sleep } from '../../relay/world/clock.ts'
import { withDeadline } from '../../relay/world/deadline.ts'
import { usageOf } from '../samplers/memory.ts'
import type { Stack } from '../stack/stack.ts'
import { openTopics } from '../stack/topics.ts'
import { startChild, type OwnedChild } from '../world/child.ts'
import type { World } from '../world/world.ts'
import { startContestant, type Contestant, type Started } from './contestants.ts'
import type { BenchLoad, FlatOutLoad, IdleLoad, PacedLoad } from './loads.ts'
import type { ReaderCommand, ReaderReport } from './readers.ts'
import { stamped, template } from './stamp.ts'

export interface Measurement {
  readonly deliveries: number
  readonly expected: number
  readonly seconds: number
  readonly cpuSeconds: number
  readonly p50: number
  readonly p99: number
  readonly p999: number
  /** Frames that were neither cursor nor record, and connections that were lost. */
  readonly others: number
  readonly closed: number
  readonly rssBytes: number
  /** Of each connection, where that was what was measured. */
  readonly bytesEach?: number
}
export interface BenchPlace {
  readonly world: World
  readonly stack: Stack
  readonly logFolder: string
}

const partitions = 4
const warmUpMs = 2_500
const tickMs = 3
const quietMs = 3_000
const limitMs = 120_000

type Ask = (command: ReaderCommand) => Promise<ReaderReport>
interface Site {
  readonly clock: Clock
  readonly started: Started
  readonly ask: Ask
  readonly send: (count: number) => Promise<void>
}

/** Starts everything, measures, and ends what it started. */
export async function measure(
  { world, stack, logFolder }: BenchPlace,
  who: Contestant,
  name: string,
  load: BenchLoad,
): Promise<Measurement> {
  const topic = `bench-${name}-${who}`
  const topics = await openTopics(world.clock, stack.kafkaDirect)
  await topics.create(topic, partitions)
  const logFile = `${logFolder}/${topic}.log`
  const started = await startContestant(world, stack, who, topic, logFile)
  const readers = await startReaders(world, `${logFolder}/${topic}-readers.log`)
  const producer = await openProducer(world.clock, stack, topic, load.payloadBytes)
  try {
    const ask = asker(world.clock, readers)
    const site = { clock: world.clock, started, ask, send: producer.send }
    const before = await usage(started)
    await ask({ do: 'connect', port: started.port, count: load.clients })
    if (load.kind === 'idle') return await measureIdle(site, load, before.rssBytes)
    return load.kind === 'paced' ? await measurePaced(site, load) : await measureFlatOut(site, load)
  } finally {
    await producer.close()
    await readers.stop()
    await started.child.stop()
    await topics.remove([topic])
    await topics.close()
  }
}

async function measurePaced(site: Site, load: PacedLoad): Promise<Measurement> {
  const { ask, clock, started } = site
  const stop = new AbortController()
  const pacing = pace(site, load.recordsPerSecond, stop.signal)
  await sleep(clock, warmUpMs)
  const from = await usage(started)
  const fromReport = await ask({ do: 'mark' })
  const fromMs = clock.nowMs()
  await sleep(clock, load.seconds * 1_000)
  const [to, report, toMs] = [await usage(started), await ask({ do: 'read' }), clock.nowMs()]
  stop.abort()
  const sent = await pacing
  await sleep(clock, 500)
  const last = await ask({ do: 'read' })
  return {
    ...report,
    others: last.others,
    deliveries: report.records - fromReport.records,
    expected: report.records - fromReport.records + sent * load.clients - last.records,
    seconds: (toMs - fromMs) / 1_000,
    cpuSeconds: (to.cpuMicros - from.cpuMicros) / 1_000_000,
    closed: load.clients - last.open,
    rssBytes: to.rssBytes,
  }
}

/** Sends what is due every few milliseconds, whatever became of what was sent before. */
async function pace(
  { clock, send }: Site,
  perSecond: number,
  signal: AbortSignal,
): Promise<number> {
  const startMs = clock.nowMs()
  let sent = 0
  const underWay = new Set<Promise<void>>()
  while (!signal.aborted) {
    const due = Math.floor(((clock.nowMs() - startMs) * perSecond) / 1_000)
    if (due > sent) {
      const sending = send(due - sent).finally(() => underWay.delete(sending))
      underWay.add(sending)
      sent = due
    }
    await sleep(clock, tickMs)
  }
  await Promise.all(underWay)
  return sent
}

async function measureFlatOut(site: Site, load: FlatOutLoad): Promise<Measurement> {
  const { ask, clock, send, started } = site
  await send(100)
  await sleep(clock, 1_000)
  const from = await usage(started)
  const fromReport = await ask({ do: 'mark' })
  const fromMs = clock.nowMs()
  const batch = 500
  for (let sent = 0; sent < load.records; sent += batch) await send(batch)
  const expected = load.records * load.clients
  let report = await ask({ do: 'read' })
  let toMs = clock.nowMs()
  // Done when all has arrived, or when nothing has for a while.
  for (let seenMs = toMs; report.records - fromReport.records < expected; ) {
    await sleep(clock, 50)
    const next = await ask({ do: 'read' })
    if (next.records > report.records) seenMs = toMs = clock.nowMs()
    report = next
    if (clock.nowMs() - seenMs > quietMs) break
  }
  const to = await usage(started)
  return {
    ...report,
    deliveries: report.records - fromReport.records,
    expected,
    seconds: (toMs - fromMs) / 1_000,
    cpuSeconds: (to.cpuMicros - from.cpuMicros) / 1_000_000,
    closed: load.clients - report.open,
    rssBytes: to.rssBytes,
  }
}

async function measureIdle(
  { ask, clock, started }: Site,
  load: IdleLoad,
  rssBefore: number,
): Promise<Measurement> {
  await sleep(clock, warmUpMs)
  const report = await ask({ do: 'read' })
  const { rssBytes } = await usage(started)
  const bytesEach = Math.round((rssBytes - rssBefore) / load.clients)
  const closed = load.clients - report.open
  const nothing = { deliveries: 0, expected: 0, seconds: 0, cpuSeconds: 0 }
  return { ...report, ...nothing, closed, rssBytes, bytesEach }
}

async function usage({ child }: Started) {
  const used = await usageOf(child.pid)
  if (used === undefined) throw new Error(`${child.role} has ended:\n${child.tail()}`)
  return used
}

function startReaders(world: World, logFile: string): Promise<OwnedChild> {
  return startChild(world, {
    role: 'bench-readers',
    command: process.execPath,
    args: [fileURLToPath(new URL('readers.ts', import.meta.url))],
    logFile,
    deadlineMs: 10_000,
    hasChannel: true,
  })
}

/** One question at a time, each answered in its turn. */
function asker(clock: Clock, readers: OwnedChild): Ask {
  let answered = Promise.withResolvers<ReaderReport>()
  readers.onMessage((message) => {
    const answer = message as ReaderReport | { readonly error: string }
    if ('error' in answer) answered.reject(new Error(answer.error))
    else answered.resolve(answer)
  })
  return async (command) => {
    answered = Promise.withResolvers()
    readers.send(command)
    return withDeadline(clock, limitMs, `readers: ${command.do}`, () => answered.promise)
  }
}

async function openProducer(clock: Clock, stack: Stack, topic: string, payloadBytes: number) {
  const parsed = parseSettings({ KAFKA_BROKERS: stack.kafkaDirect.join(',') })
  if (!parsed.ok) throw new Error(parsed.problems.join('; '))
  const producer = createKafka(parsed.settings, 'bench', createLogger('error')).producer()
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
