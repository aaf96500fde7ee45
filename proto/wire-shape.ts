/**
 * The schema, compiled for a walk over bytes: per message one small table that is indexed by field
 * number, so that validating a record needs no descriptor, no map and no allocation.
 */
import { ScalarType, type DescField, type DescMessage } from '@bufbuild/protobuf'

/** How a field is encoded. `UNKNOWN` is 0, so that absent table entries mean it. */
export const UNKNOWN = 0
export const VARINT = 1
export const FIXED64 = 2
export const FIXED32 = 3
export const BYTES = 4
export const STRING = 5
export const MESSAGE = 6
/** Repeated numbers may come one by one or packed into one length-delimited field. */
export const VARINTS = 7
export const FIXED32S = 8

/** The wire type that each of the above must have; the last two may be packed (2) as well. */
export const WIRE_TYPE_OF = Uint8Array.of(0xff, 0, 1, 5, 2, 2, 2, 0, 5)

/** One message type as the walk sees it. */
export interface WireShape {
  readonly name: string
  /** One of the kinds above, by field number. */
  readonly kinds: Uint8Array
  /** The shape of a message field, by field number. */
  readonly nested: (WireShape | undefined)[]
  /** protobuf-es's name of the field, by field number. */
  readonly names: (string | undefined)[]
}

/** Compiles `desc` and everything it refers to; a type that refers to itself becomes a cycle. */
export function compileShape(
  desc: DescMessage,
  known: Map<DescMessage, WireShape> = new Map(),
): WireShape {
  const compiled = known.get(desc)
  if (compiled) return compiled
  const largest = Math.max(0, ...desc.fields.map((field) => field.number))
  const shape = emptyShape(desc.name, largest)
  known.set(desc, shape)
  for (const field of desc.fields) {
    shape.kinds[field.number] = kindOf(field)
    shape.names[field.number] = field.localName
    shape.nested[field.number] = nestedOf(field, known)
  }
  return shape
}

function emptyShape(name: string, largest: number): WireShape {
  const absent = () => Array.from<undefined>({ length: largest + 1 })
  return { name, kinds: new Uint8Array(largest + 1), nested: absent(), names: absent() }
}

function nestedOf(field: DescField, known: Map<DescMessage, WireShape>): WireShape | undefined {
  if (field.fieldKind === 'map') return mapEntryShape(field, known)
  return field.message && compileShape(field.message, known)
}

/** A map entry is a message with the key in field 1 and the value in field 2. */
function mapEntryShape(
  field: DescField & { fieldKind: 'map' },
  known: Map<DescMessage, WireShape>,
): WireShape {
  const entry = emptyShape(`${field.parent.name}.${field.name}`, 2)
  entry.kinds[1] = scalarKind(field.mapKey)
  entry.kinds[2] = field.message ? MESSAGE : field.scalar ? scalarKind(field.scalar) : VARINT
  entry.names[1] = 'key'
  entry.names[2] = 'value'
  entry.nested[2] = field.message && compileShape(field.message, known)
  return entry
}

function kindOf(field: DescField): number {
  if (field.fieldKind === 'map' || field.message) return MESSAGE
  const kind = field.scalar ? scalarKind(field.scalar) : VARINT
  if (field.fieldKind !== 'list') return kind
  if (kind === VARINT) return VARINTS
  if (kind === FIXED32) return FIXED32S
  if (kind === FIXED64) throw new Error(`repeated 8-byte numbers are not compiled: ${field.name}`)
  return kind
}

const scalarKinds: Partial<Record<ScalarType, number>> = {
  [ScalarType.DOUBLE]: FIXED64,
  [ScalarType.FLOAT]: FIXED32,
  [ScalarType.INT64]: VARINT,
  [ScalarType.UINT64]: VARINT,
  [ScalarType.INT32]: VARINT,
  [ScalarType.UINT32]: VARINT,
  [ScalarType.BOOL]: VARINT,
  [ScalarType.STRING]: STRING,
  [ScalarType.BYTES]: BYTES,
}

function scalarKind(scalar: ScalarType): number {
  const kind = scalarKinds[scalar]
  if (kind === undefined) throw new Error(`scalar type ${scalar} is not compiled`)
  return kind
}
