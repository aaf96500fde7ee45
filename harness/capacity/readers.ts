/**
 * The reading side of the bench, in a process of its own: many connections that read as fast as
 * they can, count, and keep the latency of a part of them. Driven over the child's channel. They
 * read with the frame reader of all clients: in turns with a counter that built no frames, on one
 * stream, it took 0.96 of the CPU per delivery of 1 KiB (0.79 of 256 bytes, 1.04 of 8 KiB), and it
 * also sees stamps that were cut in two.
 */
import { build, type Histogram } from 'hdr-histogram-js'
import { systemClock } from '../../relay/world/clock.ts'
import { answerCommands } from '../world/answering.ts'
import { openConnection } from '../wire/connection.ts'
import { FrameReader } from '../wire/frame-reader.ts'
import {
  BackgroundClients,
  helloTo,
  messageBytesMax,
  openLimitMs,
  shared,
  type BackgroundClientKind,
} from './background-clients.ts'
import { stampBytes, stampOf } from './stamp.ts'

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
const histogram = (): Histogram =>
  build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: 600_000_000,
    numberOfSignificantValueDigits: 3,
  })
const lanes: Readonly<Record<Lane, Histogram>> = { without: histogram(), with: histogram() }
const tallies: Tally[] = []
const background = new BackgroundClients()
let latencies: Histogram | undefined
let open = 0
let nowUs = 0

function measure(stampUs: number): void {
  latencies?.recordValue(Math.max(1, Math.round(nowUs - stampUs)))
}

/** What one connection has got. */
interface Tally {
  /** Records whose last byte has arrived. */
  records: number
  /** Frames that were neither cursor nor record: gap, disconnect, ping, … */
  others: number
}

function openOne(port: number, index: number): Promise<void> {
  const isMeasured = index % measureEvery === 0
  const tally: Tally = { records: 0, others: 0 }
  tallies.push(tally)
  const other = () => void (tally.others += 1)
  const reader = new FrameReader(
    {
      text(_, start, end) {
        if (!isLikeCursor(end - start)) tally.others += 1
      },
      binary(bytes, start, end) {
        tally.records += 1
        if (isMeasured && end - start >= stampBytes) measure(stampOf(bytes, end))
      },
      ping: other,
      pong: other,
      close: other,
      broken: other,
    },
    messageBytesMax,
  )
  return new Promise((resolve, reject) => {
    openConnection(systemClock, helloTo(port), openLimitMs, shared, {
      opened() {
        open += 1
        resolve()
      },
      refused: (status, why) => reject(new Error(`the relay answered ${status}: ${why}`)),
      chunk(bytes, start, end) {
        nowUs = systemClock.nowMs() * 1_000
        if (start === 0) reader.push(bytes, end)
        else reader.push(bytes.subarray(start, end))
      },
      ended: () => void (open -= 1),
    })
  })
}

/** Cursors are 31 to 71 bytes of text; whatever else a relay says is longer, or no text. */
const isLikeCursor = (bytes: number): boolean => bytes > 30 && bytes <= 71

function report(lane: Lane): ReaderReport {
  const at = (percentile: number) => lanes[lane].getValueAtPercentile(percentile) / 1_000
  const records = tallies.map((one) => one.records)
  return {
    open,
    records: records.reduce((sum, one) => sum + one, 0),
    least: Math.min(...records),
    most: Math.max(...records),
    others: tallies.reduce((sum, one) => sum + one.others, 0),
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
