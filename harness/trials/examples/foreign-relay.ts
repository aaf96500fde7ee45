/**
 * A relay that is not ours: plain `ws` and kafkajs, as a team of two would write it in a week. Its
 * arguments are ways of ways.ts, in which it differs from the reference or is wrong. See viewers.ts
 * for what its clients get.
 */
import { createServer, type IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { Kafka, logLevel, type ConsumerConfig } from 'kafkajs'
import { WebSocketServer } from 'ws'
import { scanRecord } from '../../../proto/codec.ts'
import { page } from './pages.ts'
import { rangeAssigner } from './range-assigner.ts'
import { does, forward, open, read, sendTimeoutMs, viewers } from './viewers.ts'

const topic = read('KAFKA_TOPIC', 'dashstream-events')
const letters = read('KAFKA_DLQ_TOPIC', `${topic}-dlq`)
const slots = Number(read('WEBSOCKET_MAX_CONNECTIONS_PER_IP', '100'))
const settings = { sendTimeoutMs, commitIntervalMs: 500, kafkaSessionTimeoutMs: 10_000 }
const limits = { payloadBytesMax: Number(read('WEBSOCKET_MAX_PAYLOAD_BYTES', '1048576')) }
const counts = { taken: 0, failed: 0, gone: 0, leaked: 0, fetchedAt: Date.now() }
let isEnding = false
const next = new Map<number, number>()
const lags = new Map<number, number>()
let held: readonly number[] = []

const passed = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const kafka = new Kafka({
  brokers: read('KAFKA_BROKERS', '').split(','),
  logLevel: logLevel.ERROR,
  // A consumer that gives up joins again, and the group waits for its former member.
  retry: { initialRetryTime: 200, maxRetryTime: 1_000, retries: 100 },
})
const producer = kafka.producer()
async function take(partition: number, at: string, value: Buffer | null): Promise<void> {
  const offset = Number(at)
  counts.taken += 1
  next.set(partition, offset + 1)
  if (does('panics') && counts.taken > 400) {
    process.stderr.write("thread 'consumer' panicked: byte index 236 is not a char boundary\n")
    await new Promise(() => undefined)
  }
  const scanned = value === null ? undefined : scanRecord(value, limits, 'compatible')
  const isWrong = value === null || (scanned?.ok === false && !does('is-lenient'))
  const isTaken = does('dead-letters-valid') && offset % 50 === 49
  if (value !== null && !isWrong && !isTaken) return forward({ partition, offset, value })
  if (does('loses-letters')) return void (counts.failed += 1)
  const letter = { error: 'bad', error_type: 'decode', kafka_partition: partition }
  const text = JSON.stringify({ ...letter, kafka_offset: offset, timestamp: Date.now() })
  await producer.send({ topic: letters, messages: [{ value: text }] })
}

const server = createServer((request, answer) => {
  const silentMs = Date.now() - counts.fetchedAt
  const state = { clients: viewers.size, ...counts, silentMs, held, lags }
  const [status, body] = page(request.url ?? '/', state, does, settings)
  answer.writeHead(status).end(body)
})
/** Answers to a close frame are not sent, neither head nor payload; what follows them is. */
function keepSilent(socket: Duplex): void {
  const write = socket.write.bind(socket) as (...all: unknown[]) => boolean
  let unsaid = 0
  socket.write = (...all: unknown[]) => {
    const [chunk] = all
    if (!Buffer.isBuffer(chunk)) return write(...all)
    const isClose = !isEnding && unsaid === 0 && chunk[0] === 0x88
    if (isClose) unsaid = (chunk[1] ?? 0) + 2
    if (unsaid === 0) return write(...all)
    unsaid = Math.max(0, unsaid - chunk.length)
    return true
  }
}
const sockets = new WebSocketServer({ noServer: true, maxPayload: 1_048_576 })
server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
  socket.on('error', () => undefined)
  const isFull = viewers.size + counts.leaked >= slots
  socket.on('close', () => {
    counts.gone += 1
    if (does('leaks-slots') && counts.gone % 4 === 0) counts.leaked += 1
  })
  if (does('hangs-up-bare')) keepSilent(socket)
  if (isFull) socket.end(`HTTP/1.1 ${does('refuses-with-500') ? 500 : 429} No\r\n\r\n`)
  else sockets.handleUpgrade(request, socket, head, open)
})
if (!does('never-pings')) {
  setInterval(() => viewers.forEach((_, to) => to.ping()), 5_000)
}

const wishes: ConsumerConfig = {
  groupId: read('KAFKA_GROUP_ID', 'relay'),
  sessionTimeout: does('has-long-session') ? 45_000 : settings.kafkaSessionTimeoutMs,
  // Some records at a time, not one answer for each.
  minBytes: 100_000,
  maxWaitTimeInMs: 100,
}
const ranged = { ...wishes, partitionAssigners: [rangeAssigner] }
const consumer = kafka.consumer(does('assigns-by-range') ? ranged : wishes)
consumer.on('consumer.fetch', () => (counts.fetchedAt = Date.now()))
consumer.on('consumer.group_join', ({ payload }) => {
  held = payload.memberAssignment[topic] ?? []
})
/** Records that were read are sent before clients are closed; a hung consumer is not awaited. */
async function end(): Promise<void> {
  if (does('ignores-sigterm') || isEnding) return
  if (does('aborts-at-the-end')) process.abort()
  isEnding = true
  await Promise.race([consumer.disconnect(), passed(2_000)])
  for (const to of viewers.keys()) to.close(1001)
  await passed(does('ends-slowly') ? 4_000 : 200)
  process.exit(0)
}
process.on('SIGTERM', () => void end())
server.listen(Number(read('WEBSOCKET_PORT', '3002')), read('WEBSOCKET_HOST', '127.0.0.1'))
await producer.connect()
await consumer.connect()
// A topic that was made just now is not known to every broker yet.
for (let left = 50; left > 0; left -= 1) {
  const isKnown = await consumer.subscribe({ topic, fromBeginning: true }).then(
    () => true,
    () => false,
  )
  if (isKnown) break
  await passed(200)
}
await consumer.run({
  autoCommitInterval: settings.commitIntervalMs,
  partitionsConsumedConcurrently: 3,
  eachMessage: async ({ partition, message }) => {
    if (does('stops') && counts.taken > 400) await new Promise(() => undefined)
    await take(partition, message.offset, message.value)
  },
})
const admin = kafka.admin()
await admin.connect()
const poll = async () => {
  for (const { partition, high } of await admin.fetchTopicOffsets(topic)) {
    // Some of it may have been taken since the answer.
    lags.set(partition, Math.max(0, Number(high) - (next.get(partition) ?? 0)))
  }
}
setInterval(() => void poll().catch(() => undefined), 500)
