/**
 * A record as messages of runs: every payload has its own header, and a batch has many. Later code
 * treats a batched event exactly like a single one.
 */
import type { DashStreamMessage, Event, Header } from '../../proto/gen/dashstream_pb.js'

type Payload = Exclude<DashStreamMessage['message'], { case: undefined }>
/** One payload that belongs to one run. */
export type Body = Exclude<Payload, { case: 'eventBatch' }>

/** One message with the fields of its header. */
export interface Envelope {
  readonly thread: string
  /** 0n: not numbered. */
  readonly sequence: bigint
  /** Identifies the message across redeliveries; `undefined` where nothing does. */
  readonly key: string | undefined
  readonly schemaVersion: number
  /** Producer's clock, microseconds since 1970; 0n when absent. */
  readonly timestampUs: bigint
  readonly body: Body
}

/** The messages of a record in their order; `undefined` when it is of no known kind. */
export function envelopesOf({ message }: DashStreamMessage): readonly Envelope[] | undefined {
  if (message.case === undefined) return undefined
  if (message.case === 'eventBatch') {
    const { header, events } = message.value
    return events.map((event, index) => batched(event, header, index))
  }
  const { header } = message.value
  const own = message.case === 'executionTrace' ? message.value.threadId : ''
  return [envelope(message, header, header?.threadId || own)]
}

function batched(event: Event, batch: Header | undefined, index: number): Envelope {
  const body = { case: 'event', value: event } as const
  const thread = event.header?.threadId || batch?.threadId || ''
  const inner = envelope(body, event.header, thread)
  const batchId = idOf(batch)
  const key = inner.key ?? (batchId === undefined ? undefined : `${batchId}#${index}`)
  const schemaVersion = Math.max(inner.schemaVersion, batch?.schemaVersion ?? 0)
  return { ...inner, key, schemaVersion }
}

function envelope(body: Body, header: Header | undefined, thread: string): Envelope {
  const sequence = header?.sequence ?? 0n
  const numbered = sequence > 0n ? `${body.case}:${sequence}` : undefined
  return {
    thread,
    sequence,
    key: idOf(header) ?? numbered,
    schemaVersion: header?.schemaVersion ?? 0,
    timestampUs: header?.timestampUs ?? 0n,
    body,
  }
}

/** Ids are UUIDs; a longer one is an attempt to fill the memory. */
const idBytesMax = 64

/** The message id as text; no two ids share one. */
function idOf(header: Header | undefined): string | undefined {
  const id = header?.messageId
  return id && id.length > 0 && id.length <= idBytesMax ? `id:${hexOf(id)}` : undefined
}

const hexDigits = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** Bytes as lower-case hexadecimal text. */
export function hexOf(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += hexDigits[byte]
  return text
}
