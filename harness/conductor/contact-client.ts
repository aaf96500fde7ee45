/**
 * One client that expects nothing: it keeps everything that a target sends, so that a relay with
 * another protocol gets a message about what arrived, not about missing records.
 */
import type { Clock } from '../../relay/world/clock.ts'
import { openConnection } from '../wire/connection.ts'
import { cursorOf } from '../fleet/cursor-frame.ts'
import { FrameReader } from '../wire/frame-reader.ts'
import { handshake } from '../wire/handshake.ts'

/** What was heard so far. */
export interface Heard {
  readonly isOpen: boolean
  /** Status 0: no HTTP answer. */
  readonly refused?: { readonly status: number; readonly why: string }
  /** The first texts that are no cursors, cut. */
  readonly texts: readonly string[]
  /** Binary messages, each with whether a cursor came directly before it. */
  readonly binaries: readonly { readonly value: Buffer; readonly hasCursor: boolean }[]
  /** Why what came is no WebSocket stream. */
  readonly broken?: string
  /** The connection is gone; `code` is undefined where no close frame came. */
  readonly ended?: { readonly afterMs: number; readonly code?: number }
}

export interface ContactClient {
  readonly heard: Heard
  close(): void
}

const openLimitMs = 10_000
const messageBytesMax = 16 * 1_024 * 1_024
const textsMax = 3
const textCharsMax = 120
const binariesMax = 100

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** Connects to `address`; `heard` fills up from then on. */
export function openContactClient(clock: Clock, address: string): ContactClient {
  const texts: string[] = []
  const binaries: Heard['binaries'][number][] = []
  const heard: Mutable<Heard> = { isOpen: false, texts, binaries }
  let openedMs = clock.nowMs()
  let hasCursor = false
  let code: number | undefined
  const tellEnd = () => {
    const afterMs = Math.round(clock.nowMs() - openedMs)
    heard.ended ??= { afterMs, ...(code !== undefined && { code }) }
  }
  const reader = new FrameReader(
    {
      text(bytes, start, end) {
        const text = bytes.toString('utf8', start, end)
        hasCursor = isCursor(text)
        if (!hasCursor && texts.length < textsMax) texts.push(text.slice(0, textCharsMax))
      },
      binary(bytes, start, end) {
        const value = Buffer.from(bytes.subarray(start, end))
        if (binaries.length < binariesMax) binaries.push({ value, hasCursor })
        hasCursor = false
      },
      ping: () => undefined,
      pong: () => undefined,
      // A side that sent a close frame may wait for ours before the connection ends.
      close(given) {
        code = given
        tellEnd()
      },
      broken: (why) => (heard.broken ??= why),
    },
    messageBytesMax,
  )
  const hello = handshake(`ws://${address}/ws`, Buffer.alloc(16, 7))
  const connection = openConnection(clock, hello, openLimitMs, Buffer.alloc(64 * 1_024), {
    opened() {
      heard.isOpen = true
      openedMs = clock.nowMs()
    },
    refused: (status, why) => (heard.refused = { status, why }),
    chunk: (bytes, start, end) => reader.push(bytes.subarray(start, end)),
    ended: tellEnd,
  })
  return { heard, close: () => connection.reset() }
}

function isCursor(text: string): boolean {
  try {
    const frame = JSON.parse(text) as Record<string, unknown>
    return frame['type'] === 'cursor' && typeof cursorOf(frame) !== 'string'
  } catch {
    return false
  }
}

/** Whether there is nothing to wait for: the record came, or never will. */
export const isOver = ({ refused, ended, broken, binaries }: Heard): boolean =>
  refused !== undefined || ended !== undefined || broken !== undefined || binaries.length > 0

/**
 * What is wrong with what was heard, as the end of a sentence; undefined where nothing is.
 *
 * @param sent values of the records that were produced; undefined where none was
 */
export function wrongWith(heard: Heard, sent: readonly Buffer[] | undefined): string | undefined {
  const { refused, ended, broken, texts, binaries } = heard
  const said = texts.length === 0 ? '' : `; it said ${texts.join(' ')}`
  if (refused !== undefined) {
    const how = refused.status > 0 ? `HTTP ${refused.status}` : 'no HTTP answer'
    return `the handshake got ${how} (${refused.why})`
  }
  if (broken !== undefined) return `what came is no WebSocket stream (${broken})`
  const [first] = binaries
  if (first !== undefined && !first.hasCursor) {
    return `a binary message of ${first.value.length} bytes came without a cursor before it${said}`
  }
  if (first !== undefined && sent !== undefined) {
    const isOurs = binaries.some(({ value }) => sent.some((one) => one.equals(value)))
    if (isOurs) return undefined
    return `the ${first.value.length} bytes behind the cursor are not the record as Kafka has it`
  }
  if (ended !== undefined) {
    const how = ended.code === undefined ? 'without a close frame' : `with code ${ended.code}`
    return `it ended the connection after ${ended.afterMs} ms ${how}${said}`
  }
  return sent === undefined ? undefined : `no record came${said}`
}
