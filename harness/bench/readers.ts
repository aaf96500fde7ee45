/**
 * The reading side of the bench, in a process of its own: many connections that read as fast as
 * they can, count, and keep the latency of a part of them. Driven over the child's channel.
 */
import { randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import process from 'node:process'
import { build, type Histogram } from 'hdr-histogram-js'
import { systemClock } from '../../relay/world/clock.ts'
import { StreamCounter } from './stream-counter.ts'

export type ReaderCommand =
  | { readonly do: 'connect'; readonly port: number; readonly count: number }
  /** Forgets latencies so far. */
  | { readonly do: 'mark' }
  | { readonly do: 'read' }
/** Totals since the start, and latencies since the mark; milliseconds. */
export interface ReaderReport {
  readonly open: number
  readonly records: number
  /** Records of the client that has the fewest, and the most. */
  readonly least: number
  readonly most: number
  readonly others: number
  readonly p50: number
  readonly p99: number
  readonly p999: number
}

/** Every so many-th connection measures latency: enough samples, and little work. */
const measureEvery = 5
const readBytes = 64 * 1_024
/** One buffer for all: nothing is kept of what is read. */
const shared = Buffer.allocUnsafe(readBytes)
const latencies: Histogram = build({
  lowestDiscernibleValue: 1,
  highestTrackableValue: 600_000_000,
  numberOfSignificantValueDigits: 3,
})
const counters: StreamCounter[] = []
let open = 0
let nowUs = 0

function measure(stampUs: number): void {
  latencies.recordValue(Math.max(1, Math.round(nowUs - stampUs)))
}

function openOne(port: number, index: number): Promise<void> {
  const counter = new StreamCounter(index % measureEvery === 0 ? measure : undefined)
  counters.push(counter)
  const key = randomBytes(16).toString('base64')
  const request =
    `GET /ws HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\n` +
    `Connection: Upgrade\r\nSec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: 13\r\n\r\n`
  return new Promise((resolve, reject) => {
    let isUpgraded = false
    const take = (length: number, chunk: Buffer): boolean => {
      nowUs = systemClock.nowMs() * 1_000
      if (isUpgraded) counter.take(chunk, length)
      else {
        const end = upgradeEnd(chunk.subarray(0, length))
        isUpgraded = true
        open += 1
        resolve()
        counter.take(chunk.subarray(end), length - end)
      }
      return true
    }
    const socket: Socket = connect({
      host: '127.0.0.1',
      port,
      onread: { buffer: shared, callback: (length) => take(length, shared) },
    })
    socket.write(request)
    socket.on('error', reject)
    socket.on('close', () => {
      if (isUpgraded) open -= 1
      reject(new Error('the relay closed the connection'))
    })
  })
}

function upgradeEnd(bytes: Buffer): number {
  const end = bytes.indexOf('\r\n\r\n')
  const status = bytes.toString('latin1', 9, 12)
  if (end === -1 || status !== '101') throw new Error(`the relay answered ${status}`)
  return end + 4
}

const at = (percentile: number) => latencies.getValueAtPercentile(percentile) / 1_000

function report(): ReaderReport {
  const records = counters.map(({ tally }) => tally.records)
  return {
    open,
    records: records.reduce((sum, one) => sum + one, 0),
    least: Math.min(...records),
    most: Math.max(...records),
    others: counters.reduce((sum, { tally }) => sum + tally.others, 0),
    p50: at(50),
    p99: at(99),
    p999: at(99.9),
  }
}

async function obey(command: ReaderCommand): Promise<ReaderReport> {
  if (command.do === 'mark') latencies.reset()
  if (command.do === 'connect') {
    const batch = 100
    for (let done = 0; done < command.count; done += batch) {
      const many = Math.min(batch, command.count - done)
      await Promise.all(Array.from({ length: many }, (_, i) => openOne(command.port, done + i)))
    }
  }
  return report()
}

process.on('message', (command: ReaderCommand) => {
  obey(command).then(
    (answer) => process.send?.(answer),
    (error: unknown) => process.send?.({ error: String(error) }),
  )
})
process.on('disconnect', () => process.exit(0))
