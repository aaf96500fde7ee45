/** Does to a relay what a step says. */
import { episode } from '../records/malformed-case.ts'
import { textFrame } from '../wire/frame-writer.ts'
import { batchBytes } from './batch-bytes.ts'
import { framesOf, type FrameStep } from './frame-bytes.ts'
import { sendFrames, sendWire, type Reach } from './line.ts'
import type { Place } from './place.ts'
import * as bytesOf from './record-bytes.ts'
import type { Step, ValueSpec } from './steps.ts'

const answerMs = 2_000
const wireMs = 300
/** The relay's own limit of one payload. */
const payloadBytesMax = 10 * 1_048_576
const mask = Buffer.from([0x5a, 0x01, 0xfe, 0x33])
const upgrade =
  'GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n'

/** What became of a step: Kafka may refuse what no broker takes. */
export interface Acted {
  readonly isRefused?: true
}
type StepOf<K extends Step['does']> = Extract<Step, { does: K }>

export async function act(step: Step, place: Place): Promise<Acted> {
  const reach: Reach = { clock: place.clock, address: place.address, limitMs: answerMs }
  if ('at' in step) return sendCopies(step, reach)
  switch (step.does) {
    case 'batch':
    case 'tiny-records':
      return putBatch(step, place)
    case 'transactions':
      return transact(step, place)
    case 'reset':
      await sendFrames(reach, textFrame('{"type":"cursor_reset"}', mask), false)
      return {}
    case 'wire-bytes': {
      const head = Buffer.from(step.isUpgraded ? upgrade : '')
      await sendWire(reach, Buffer.concat([head, Buffer.from(step.hex, 'hex')]), wireMs)
      return {}
    }
    case 'http':
      await sendWire(reach, requestOf(step), answerMs)
      return {}
  }
}

async function sendCopies(step: FrameStep, reach: Reach): Promise<Acted> {
  const { bytes, isRisky } = framesOf(step)
  const all = Buffer.concat(Array<Buffer>(step.at.times).fill(bytes))
  const sends = Array.from({ length: step.at.connections }, () => sendFrames(reach, all, isRisky))
  await Promise.all(sends)
  return {}
}

async function putBatch(
  step: StepOf<'batch' | 'tiny-records'>,
  place: Place,
): Promise<Acted> {
  const unixMs = place.clock.unixMs()
  const plan = { codec: 'zstd', headers: 0, padding: 0, frames: 1, ...step } as const
  const value = step.does === 'batch' ? valueOf(step.value, unixMs) : Buffer.of(0)
  const values = Array<Buffer | null>(step.records).fill(value)
  const isTaken = await place.put(step.partition, batchBytes({ ...plan, values }, unixMs))
  return isTaken ? {} : { isRefused: true }
}

function valueOf(spec: ValueSpec, unixMs: number): Buffer | null {
  switch (spec.is) {
    case 'events':
      return bytesOf.manyEvents(spec, spec.isPacked)
    case 'repeated-field':
      return bytesOf.repeatedField(spec.times, spec.isPacked)
    case 'nested':
      return bytesOf.nested(spec.depth, spec.isPacked)
    case 'long-text':
      return bytesOf.longText(spec.bytes, spec.isPacked)
    case 'bomb':
      return bytesOf.bomb(spec.bytes)
    case 'skippable':
      return bytesOf.skippable(spec.frames, spec.bytesEach)
    case 'bytes':
      return Buffer.from(spec.hex, 'hex')
    case 'malformed': {
      const { kind, count } = spec
      const records = episode(kind, { seed: 'fuzz', count, payloadBytesMax, unixMs })
      return records.find(({ isMalformed }) => isMalformed)?.value ?? null
    }
    case 'tombstone':
      return null
  }
}

/** Transactions that begin one inside the other, of two producers in turn; each ends its own. */
async function transact(step: StepOf<'transactions'>, place: Place): Promise<Acted> {
  const producers = await place.transactional()
  const { aborts, records, partition } = step
  for (let at = 0; at < aborts.length; at += producers.length) {
    const open = await Promise.all(
      producers.slice(0, aborts.length - at).map((one) => one.transaction()),
    )
    for (const one of open) {
      const messages = Array.from({ length: records }, (_, number) => ({
        value: bytesOf.manyEvents({ events: number, threads: 1, order: 'rising' }, false),
        partition,
      }))
      if (records > 0) await one.send({ topic: place.topic, messages })
    }
    for (const [index, one] of open.entries()) {
      if (aborts[at + index]) await one.abort()
      else await one.commit()
    }
  }
  return {}
}

function requestOf(step: StepOf<'http'>): Buffer {
  const lines = [
    `${step.method} ${step.path} HTTP/1.1`,
    'Host: 127.0.0.1',
    'Connection: close',
    ...Array.from({ length: step.headers }, (_, at) => `h${at}: ${'x'.repeat(step.headerBytes)}`),
    ...(step.bodyBytes > 0
      ? ['Content-Type: application/json', `Content-Length: ${step.bodyBytes}`]
      : []),
  ]
  const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`)
  return Buffer.concat([head, Buffer.alloc(step.bodyBytes, '[')])
}
