/**
 * The text frames between relay and client, as schemas that read and write: the wire shape on one
 * side, exact values on the other (offsets and sequences are bigint in memory, decimal strings on
 * the wire). Names of fields are the protocol's own.
 *
 * Reading is tolerant where DashFlow's relay differs from ours; writing has one shape per type.
 */
import * as z from 'zod'
import { isJsonObject, type JsonObject, type JsonValue } from './json-value.ts'
import { readInteger, resumeCodec, textMap } from './resume.ts'

const INT32_MAX = 2_147_483_647
const INT64_MAX = 2n ** 63n - 1n
/** Version of these shapes, sent in `replay_complete`. */
export const CONTROL_SCHEMA_VERSION = 1

const partition = z.int().min(0).max(INT32_MAX)
const count = z.int().min(0)
const UINT64_MAX = 2n ** 64n - 1n

/** A Kafka offset. Numbers are read too; beyond 2^53 they arrive as bigint and stay exact. */
const offset = z.codec(
  z.custom<JsonValue>((value) => readInteger(value as JsonValue, INT64_MAX) !== undefined, {
    error: 'wanted an offset: decimal digits, 0 to 2^63 - 1',
  }),
  z.bigint(),
  { decode: BigInt as (value: JsonValue) => bigint, encode: String },
)

/** A sequence of a thread; read and written like an offset. */
const sequence = z.codec(
  z.custom<JsonValue>((value) => readInteger(value as JsonValue, UINT64_MAX) !== undefined, {
    error: 'wanted a sequence: decimal digits, 0 to 2^64 - 1',
  }),
  z.bigint(),
  { decode: BigInt as (value: JsonValue) => bigint, encode: String },
)

/** A count that may be beyond 2^53: a JSON integer on the wire. */
const exactCount = z.codec(z.union([count, z.bigint().min(0n)]), z.bigint(), {
  decode: BigInt,
  encode: (value) => (value <= Number.MAX_SAFE_INTEGER ? Number(value) : value),
})

const offsetsByPartition = z.codec(
  z.custom<JsonObject>(areOffsets, { error: 'wanted an object of partition: offset' }),
  z.custom<ReadonlyMap<number, bigint>>(),
  {
    decode: (object) =>
      new Map(Object.entries(object).map(([key, at]) => [Number(key), BigInt(at as string)])),
    encode: textMap,
  },
)

function areOffsets(value: unknown): boolean {
  if (!isJsonObject(value as JsonValue)) return false
  return Object.entries(value as JsonObject).every(
    ([key, at]) =>
      readInteger(key, BigInt(INT32_MAX)) !== undefined && readInteger(at, INT64_MAX) !== undefined,
  )
}

/** What a client may send. */
export const clientFrames = {
  ping: z.object({ type: z.literal('ping') }),
  resume: resumeCodec,
  cursor_reset: z.object({ type: z.literal('cursor_reset') }),
} as const

/** What a relay may send. */
export const serverFrames = {
  pong: z.object({ type: z.literal('pong') }),

  /** Precedes every binary frame and belongs to it. */
  cursor: z.object({ type: z.literal('cursor'), partition, offset }),

  /** Records that this client missed; a resume may still bring them. */
  gap: z.object({
    type: z.literal('gap'),
    count: exactCount,
    severity: z.enum(['info', 'warning', 'critical']),
    message: z.string(),
    partition: partition.optional(),
    /** First and last missing offset; only our relay sends them. */
    firstOffset: offset.optional(),
    lastOffset: offset.optional(),
    threadId: z.string().optional(),
    /** Of a thread: first and last missing sequence; only our relay sends them. */
    firstSequence: sequence.optional(),
    lastSequence: sequence.optional(),
  }),

  /** The client requested records older than the oldest retained one. */
  cursor_stale: z.object({
    type: z.literal('cursor_stale'),
    partition,
    requested: offset,
    oldest: offset,
    message: z.string(),
  }),

  /** The replay is over; what follows is live. The same shape in every mode. */
  replay_complete: z.object({
    type: z.literal('replay_complete'),
    mode: z.enum(['latest', 'earliest', 'cursor', 'thread']),
    totalReplayed: count,
    /** Last replayed offset of each partition. */
    lastOffsetsByPartition: offsetsByPartition.default(new Map()),
    /** The replay stopped at its limit; there is more. */
    capped: z.boolean().default(false),
    /** 0 when the relay does not send it. */
    schema_version: count.default(0),
    epoch: z.string().optional(),
    /** Why the replay could not read its whole buffer; what is missing is declared in gaps. */
    degraded: z.string().optional(),
  }),

  cursor_reset_complete: z.object({
    type: z.literal('cursor_reset_complete'),
    latestOffsetsByPartition: offsetsByPartition,
    bufferCleared: z.boolean(),
    truncated: z.boolean(),
    totalPartitions: count,
    message: z.string(),
    epoch: z.string().optional(),
  }),

  /** The connection ends now, and why; the client may reconnect with a resume. */
  disconnect: z.object({
    type: z.literal('disconnect'),
    reason: z.string(),
    lag_in_window: count,
    /** `lag_in_window` under the name that DashFlow's page reads; only our relay sends it. */
    cumulative_lag: count.optional(),
    threshold: count,
    window_secs: count,
    message: z.string(),
  }),

  /** A request was refused; with some codes the connection ends, see relay/tables/errors.ts. */
  error: z.object({ type: z.literal('error'), code: z.string(), message: z.string() }),
} as const

type OutputOf<Table extends Record<string, z.ZodType>> = z.output<Table[keyof Table]>
export type ClientFrame = OutputOf<typeof clientFrames>
export type ServerFrame = OutputOf<typeof serverFrames>
export type ControlFrame = ClientFrame | ServerFrame
/** One frame type by name: `FrameOf<'gap'>`. */
export type FrameOf<Type extends ControlFrame['type']> = Extract<ControlFrame, { type: Type }>
