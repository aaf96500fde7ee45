/**
 * The text frames of the protocol as PROTOCOL.md shows them: one sentence and one example each.
 * Fields, what may be left out, and the example's bytes come from the schemas.
 */
import * as z from 'zod'
import {
  encodeControl,
  serverFrames,
  type ClientFrame,
  type ControlFrame,
  type FrameOf,
  type ServerFrame,
} from '../../proto/control.ts'
import { errorBody } from '../../relay/tables/errors.ts'
import { code, codes, table } from './markdown.ts'

export interface FrameRow {
  readonly says: string
  /** Has every field that the type may have, so that the shapes on the wire can be shown. */
  readonly example: ControlFrame
}

const offsets = new Map([
  [0, 41n],
  [1, 77n],
])

export const clientFrameRows: { readonly [T in ClientFrame['type']]: FrameRow } = {
  ping: { says: 'Asks for a `pong`.', example: { type: 'ping' } },
  resume: {
    says: 'Requests the records after the last applied offset of each partition. Send it first.',
    example: {
      type: 'resume',
      mode: 'partition',
      from: 'cursor',
      lastOffsetsByPartition: offsets,
      lastSequencesByThread: new Map(),
      epoch: 'e-1',
      refused: [],
    },
  },
  cursor_reset: {
    says: 'Clears the replay buffer for all clients. An administrative frame.',
    example: { type: 'cursor_reset' },
  },
}

export const serverFrameRows: { readonly [T in ServerFrame['type']]: FrameRow } = {
  pong: { says: 'Answers a `ping`.', example: { type: 'pong' } },
  cursor: {
    says: 'Precedes every binary frame and gives the position of that record in Kafka.',
    example: { type: 'cursor', partition: 0, offset: 42n },
  },
  gap: {
    says: 'Records that this client missed: how many, and exactly which.',
    example: {
      type: 'gap',
      count: 12n,
      severity: 'warning',
      message: '[WARNING] 12 messages missed due to slow connection',
      partition: 0,
      firstOffset: 43n,
      lastOffset: 54n,
      threadId: 'run-7',
      firstSequence: 5n,
      lastSequence: 16n,
    },
  },
  cursor_stale: {
    says: 'A cursor of the resume is older than what is retained, or cannot be trusted.',
    example: {
      type: 'cursor_stale',
      partition: 0,
      requested: 42n,
      oldest: 1000n,
      message: 'Cursor is stale; data may have been evicted. State may be incomplete.',
    },
  },
  replay_complete: {
    says: 'The replay is over; what follows is live, from the fence on.',
    example: {
      type: 'replay_complete',
      mode: 'cursor',
      totalReplayed: 2,
      lastOffsetsByPartition: offsets,
      capped: false,
      schema_version: 1,
      epoch: 'e-1',
      degraded: 'redis',
    },
  },
  cursor_reset_complete: {
    says: 'The buffer is cleared (or not: see `bufferCleared`); these are the newest offsets.',
    example: {
      type: 'cursor_reset_complete',
      latestOffsetsByPartition: offsets,
      bufferCleared: true,
      truncated: false,
      totalPartitions: 2,
      message: 'Cursor reset complete.',
      epoch: 'e-2',
    },
  },
  disconnect: {
    says: 'The relay closes the connection because the client is too slow; it may resume.',
    example: {
      type: 'disconnect',
      reason: 'backpressure',
      lag_in_window: 1200,
      cumulative_lag: 1200,
      threshold: 1000,
      window_secs: 60,
      message: 'Disconnected due to slow consumption.',
    },
  },
  error: {
    says: 'The request of the client is refused; see the table of errors.',
    example: errorBody('REPLAY_IN_PROGRESS') as FrameOf<'error'>,
  },
}

/** The part of a JSON Schema that is used here. */
interface Described {
  readonly properties?: Readonly<Record<string, Described>>
  readonly required?: readonly string[]
  readonly type?: string
  readonly enum?: readonly string[]
}

/** The fields of a frame as its schema has them, without `type`. */
export function fieldsOf(type: ServerFrame['type']): readonly (readonly [string, Described])[] {
  const schema = describe(type)
  return Object.entries(schema.properties ?? {}).filter(([name]) => name !== 'type')
}

const describe = (type: ServerFrame['type']): Described =>
  z.toJSONSchema(serverFrames[type], { io: 'output', unrepresentable: 'any' }) as Described

/** A section for each frame of the relay. */
export function printServerFrames(rows: typeof serverFrameRows): readonly string[] {
  const entries = Object.entries(rows) as [ServerFrame['type'], FrameRow][]
  return entries.flatMap(([type, row]) => head(type, row).concat(printFields(type, row)))
}

/** A section for each frame of the client. A resume is parsed leniently: its fields are listed. */
export function printClientFrames(rows: typeof clientFrameRows): readonly string[] {
  const fields = table(['field', 'value', 'when it is left out'], resumeFields)
  return Object.entries(rows).flatMap(([type, row]) =>
    head(type, row).concat(type === 'resume' ? fields : []),
  )
}

const head = (type: string, { says, example }: FrameRow) => [
  `#### ${code(type)}`,
  '',
  says,
  '',
  '```json',
  encodeControl(example),
  '```',
  '',
]

function printFields(type: ServerFrame['type'], { example }: FrameRow): readonly string[] {
  const { required = [] } = describe(type)
  const wire = JSON.parse(encodeControl(example)) as Readonly<Record<string, unknown>>
  const cells = fieldsOf(type).map(([name, field]) => [
    code(name),
    shape(field, wire[name]),
    required.includes(name) ? 'always' : 'if applicable',
  ])
  return cells.length === 0 ? [] : table(['field', 'value', 'present'], cells)
}

/** Schemas with a transform lack their shape on the wire; there the example shows it. */
function shape({ type, enum: words }: Described, example: unknown): string {
  if (words !== undefined) return codes(words)
  if (type !== undefined && type !== 'object') return type === 'string' ? 'text' : type
  if (typeof example === 'string') return 'integer as decimal text'
  if (typeof example === 'number') return 'integer, exact beyond 2^53'
  return 'partition → offset, as text'
}

const resumeFields = [
  [code('from'), codes(['cursor', 'earliest', 'latest']), code('cursor')],
  [
    code('lastOffsetsByPartition'),
    'partition → last applied offset (exclusive), as decimal text or integer',
    'every partition is new to the client: from the oldest retained record',
  ],
  [code('epoch'), 'text, from the last `replay_complete`', 'the cursors are trusted'],
  [code('mode'), codes(['partition', 'thread']), '`thread` if there are threads and no offsets'],
  [
    `${code('lastSequencesByThread')}, ${code('threadId')}, ${code('lastSequence')}`,
    'thread → last applied sequence (exclusive), as decimal text or integer; or one such pair',
    'nothing is requested by thread',
  ],
] as const
