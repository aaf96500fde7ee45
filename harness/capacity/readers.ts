/**
 * The reading side of the bench, in a process of its own: many connections that read as fast as
 * they can, count, and keep the latency of a part of them. Driven over the child's channel.
 */
import { connect, type Socket } from 'node:net'
import { build, type Histogram } from 'hdr-histogram-js'
import { systemClock } from '../../relay/world/clock.ts'
import { answerCommands } from '../world/answering.ts'
import {
  BackgroundClients,
  upgradeEnd,
  upgradeRequest,
  type BackgroundClientKind,
} from './background-clients.ts'
import { StreamCounter } from './stream-counter.ts'

export type ReaderCommand =
  | { readonly do: 'connect'; readonly port: number; readonly count: number }
  /** From now on latencies count into this lane, or nowhere. */
  | { readonly do: 'lane'; readonly lane: Lane | undefined }
  | { readonly do: 'read'; readonly lane: Lane }
  /** All is done: it ends. */
  | { readonly do: 'finish' }
  /** Begins or ends the background load, on connections that are not counted. */
  | {
      readonly do: 'background'
      readonly port: number
      readonly what: BackgroundClientKind | undefined
    }
/** Latencies are kept apart: those without and those with background load. */
export type Lane = 'without' | 'with'
/** Totals since the start, and latencies of a lane; milliseconds. */
export interface ReaderReport {
  readonly open: number
  readonly records: number
  /** Records of the client that has the fewest, and the most. */
  readonly least: number
  readonly most: number
  readonly others: number
  /** Replays of the background load that ended, or its stalled clients that were closed. */
  readonly backgroundTurns: number
  readonly p50: number
  readonly p99: number
  readonly p999: number
}

/** Every so many-th connection measures latency: enough samples, and little work. */
const measureEvery = 5
const readBytes = 64 * 1_024
/** One buffer for all: nothing is kept of what is read. */
const shared = Buffer.allocUnsafe(readBytes)
const histogram = (): Histogram =>
  build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: 600_000_000,
    numberOfSignificantValueDigits: 3,
  })
const lanes: Readonly<Record<Lane, Histogram>> = { without: histogram(), with: histogram() }
const counters: StreamCounter[] = []
const background = new BackgroundClients()
let latencies: Histogram | undefined
let open = 0
let nowUs = 0

function measure(stampUs: number): void {
  latencies?.recordValue(Math.max(1, Math.round(nowUs - stampUs)))
}

function openOne(port: number, index: number): Promise<void> {
  const counter = new StreamCounter(index % measureEvery === 0 ? measure : undefined)
  counters.push(counter)
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
    socket.write(upgradeRequest(port))
    socket.on('error', reject)
    socket.on('close', () => {
      if (isUpgraded) open -= 1
      reject(new Error('the relay closed the connection'))
    })
  })
}

function report(lane: Lane): ReaderReport {
  const at = (percentile: number) => lanes[lane].getValueAtPercentile(percentile) / 1_000
  const records = counters.map(({ tally }) => tally.records)
  return {
    open,
    records: records.reduce((sum, one) => sum + one, 0),
    least: Math.min(...records),
    most: Math.max(...records),
    others: counters.reduce((sum, { tally }) => sum + tally.others, 0),
    backgroundTurns: background.turns,
    p50: at(50),
    p99: at(99),
    p999: at(99.9),
  }
}

async function obey(command: ReaderCommand): Promise<ReaderReport> {
  if (command.do === 'lane') latencies = command.lane && lanes[command.lane]
  if (command.do === 'background') background.be(command.what, command.port)
  if (command.do === 'connect') {
    const batch = 100
    for (let done = 0; done < command.count; done += batch) {
      const many = Math.min(batch, command.count - done)
      await Promise.all(Array.from({ length: many }, (_, i) => openOne(command.port, done + i)))
    }
  }
  return report(command.do === 'read' ? command.lane : 'without')
}

answerCommands({ clock: systemClock }, obey)
