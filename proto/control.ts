/**
 * Control frames from text and to text. Total and lossless: any text gives a frame or a reason, and
 * no integer passes through a double.
 */
import * as z from 'zod'
import { canonicalJson, parseLossless, type JsonLimits } from './canonical-json.ts'
import {
  clientFrames,
  serverFrames,
  type ClientFrame,
  type ControlFrame,
  type ServerFrame,
} from './control-frames.ts'
import { isJsonObject, TooManyMembers, type JsonObject, type JsonValue } from './json-value.ts'
import { resumeLists } from './resume.ts'

export {
  CONTROL_SCHEMA_VERSION,
  clientFrames,
  serverFrames,
  type ClientFrame,
  type ControlFrame,
  type FrameOf,
  type ServerFrame,
} from './control-frames.ts'
export type { Resume } from './resume.ts'

/** The largest control text that the protocol allows, in bytes of UTF-8. */
export const CONTROL_BYTES_MAX = 1_048_576
/** The most entries that a resume may have. */
export const RESUME_PARTITIONS_MAX = 1_024
export const RESUME_THREADS_MAX = 10_000

/** Why a text is not a control frame. DashFlow ignores `not_an_object` and `unknown_type`. */
export const controlFailures = {
  invalid_json: 'The text is not JSON.',
  not_an_object: 'The text is JSON, but not an object.',
  unknown_type: 'The object has no type that this side accepts.',
  invalid_shape: 'The frame does not have the fields that its type requires.',
  too_many_entries: 'The object has more entries than allowed; it was not parsed to its end.',
} as const
export type ControlFailure = keyof typeof controlFailures

export type Parsed<Frame> =
  | { readonly ok: true; readonly frame: Frame }
  | NoFrame
export interface NoFrame {
  readonly ok: false
  readonly reason: ControlFailure
  readonly says: string
  /** Of too many entries: the field that has them. */
  readonly field?: string
}

type Schemas = Readonly<Record<string, z.ZodType>>
const allFrames = { ...clientFrames, ...serverFrames }

/** Members that a field of a client's frame may have; other fields have the default. */
const membersMax: Readonly<Record<string, number>> = {
  lastOffsetsByPartition: RESUME_PARTITIONS_MAX,
  lastSequencesByThread: RESUME_THREADS_MAX,
}
const otherMembersMax = 1_024
const clientLimits: JsonLimits = {
  asEntries: resumeLists,
  membersMax: (key = '') =>
    Object.hasOwn(membersMax, key) ? membersMax[key]! : otherMembersMax,
}

/** Reads a frame of either direction. Never throws. */
export function parseControl(text: string): Parsed<ControlFrame> {
  return parse<ControlFrame>(text, allFrames)
}

/** Reads what a client sent, up to the number of entries that a frame may have. Never throws. */
export function parseClientFrame(text: string): Parsed<ClientFrame> {
  return parse<ClientFrame>(text, clientFrames, clientLimits)
}

/** Reads what a relay sent. Never throws. */
export function parseServerFrame(text: string): Parsed<ServerFrame> {
  return parse<ServerFrame>(text, serverFrames)
}

/** The text of a frame. Throws on a frame that its own schema refuses: that is a bug of ours. */
export function encodeControl(frame: ControlFrame): string {
  const schema: z.ZodType = allFrames[frame.type]
  const wire = z.encode(schema, frame) as JsonObject
  const fields = Object.entries(wire)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${JSON.stringify(key)}:${canonicalJson(value)}`)
  return `{${fields.join(',')}}`
}

/** The cursor before one record, as `encodeControl` writes it; fast, as every record needs one. */
export function cursorText(partition: number, offset: bigint): string {
  return `{"type":"cursor","partition":${partition},"offset":"${offset}"}`
}

function parse<Frame>(text: string, schemas: Schemas, limits: JsonLimits = {}): Parsed<Frame> {
  let value: JsonValue
  try {
    value = parseLossless(text, limits)
  } catch (error) {
    if (error instanceof TooManyMembers) {
      const { key: field } = error
      const refused = refuse('too_many_entries', error.message)
      return field === undefined ? refused : { ...refused, field }
    }
    return refuse('invalid_json', error instanceof Error ? error.message : String(error))
  }
  if (!isJsonObject(value)) return refuse('not_an_object')
  const type = value['type']
  const isKnown = typeof type === 'string' && Object.hasOwn(schemas, type)
  const schema = isKnown ? schemas[type] : undefined
  if (!schema) return refuse('unknown_type', describeType(type, schemas))
  const read = schema.safeParse(value)
  if (read.success) return { ok: true, frame: read.data as Frame }
  const [issue] = read.error.issues
  return refuse('invalid_shape', `${issue?.path.join('.')}: ${issue?.message}`)
}

function describeType(type: JsonValue | undefined, schemas: Schemas): string {
  const found = typeof type === 'string' ? JSON.stringify(type.slice(0, 40)) : 'no text'
  return `Wanted one of ${Object.keys(schemas).join(', ')}; found ${found}.`
}

function refuse(reason: ControlFailure, found = ''): NoFrame {
  return { ok: false, reason, says: `${controlFailures[reason]} ${found}`.trim() }
}
