/**
 * A second reader of the wire format, written for clarity instead of speed: slices, bigint and
 * exceptions. The walk in walk.ts must accept and refuse exactly what this accepts and refuses.
 */
import { isUtf8 } from 'node:buffer'
import { ScalarType, type DescField, type DescMessage } from '@bufbuild/protobuf'
import { DashStreamMessageSchema } from '../gen/dashstream_pb.js'

const NESTING_MAX = 100

/** Whether `bytes` are one DashStreamMessage by the rules that walk.ts documents. */
export function isRecord(bytes: Uint8Array): boolean {
  try {
    readMessage(DashStreamMessageSchema, bytes, 0)
    return true
  } catch {
    return false
  }
}

interface Field {
  readonly number: number
  readonly wireType: number
  /** The content of a length-delimited field; empty for the others. */
  readonly content: Uint8Array
}

function readMessage(desc: DescMessage, bytes: Uint8Array, depth: number): void {
  if (depth > NESTING_MAX) throw new Error('too deep')
  for (const field of fieldsOf(bytes, depth)) {
    const known = desc.fields.find(({ number }) => number === field.number)
    if (known) readField(known, field, depth)
  }
}

function readField(known: DescField, field: Field, depth: number): void {
  if (known.fieldKind === 'map') {
    if (field.wireType !== 2) throw new Error('wire type')
    readMapEntry(known, field.content, depth + 1)
  } else if (known.fieldKind === 'list' && field.wireType === 2 && isPackable(known)) {
    if (known.scalar !== ScalarType.FLOAT) readPackedVarints(field.content)
    else if (field.content.length % 4 !== 0) throw new Error('packed')
  } else readOne(known, field, depth)
}

function readMapEntry(
  map: DescField & { fieldKind: 'map' },
  content: Uint8Array,
  depth: number,
): void {
  if (depth > NESTING_MAX) throw new Error('too deep')
  for (const field of fieldsOf(content, depth)) {
    if (field.number === 1) readOne({ scalar: map.mapKey }, field, depth)
    if (field.number === 2) readOne(map, field, depth)
  }
}

interface Kind {
  readonly message?: DescMessage | undefined
  readonly scalar?: ScalarType | undefined
}

function readOne({ message, scalar }: Kind, field: Field, depth: number): void {
  const isText = scalar === ScalarType.STRING
  const isLong = message !== undefined || isText || scalar === ScalarType.BYTES
  const fixed = scalar === ScalarType.DOUBLE ? 1 : scalar === ScalarType.FLOAT ? 5 : 0
  if (field.wireType !== (isLong ? 2 : fixed)) throw new Error('wire type')
  if (isText && !isUtf8(field.content)) throw new Error('UTF-8')
  if (message) readMessage(message, field.content, depth + 1)
}

function isPackable({ message, scalar }: Kind): boolean {
  return message === undefined && scalar !== ScalarType.STRING && scalar !== ScalarType.BYTES
}

function readPackedVarints(content: Uint8Array): void {
  for (let at = 0; at < content.length; ) at = readVarint(content, at)[1]
}

/** The fields of one message, groups skipped whole. */
function fieldsOf(bytes: Uint8Array, depth: number): Field[] {
  const fields: Field[] = []
  for (let at = 0; at < bytes.length; ) {
    const [field, next] = readWhole(bytes, at, depth)
    fields.push(field)
    at = next
  }
  return fields
}

function readWhole(bytes: Uint8Array, start: number, depth: number): [Field, number] {
  const [tag, at] = readVarint(bytes, start)
  const [number, wireType] = [Number(tag >> 3n), Number(tag & 7n)]
  if (tag > 0xffff_ffffn || at - start > 5 || number === 0) throw new Error('tag')
  let content = bytes.subarray(at, at)
  let next = at
  if (wireType === 0) next = readVarint(bytes, at)[1]
  else if (wireType === 1) next = at + 8
  else if (wireType === 5) next = at + 4
  else if (wireType === 3) next = skipGroup(bytes, at, number, depth + 1)
  else if (wireType === 2) {
    const [length, contentAt] = readVarint(bytes, at)
    next = contentAt + Number(length)
    content = bytes.subarray(contentAt, next)
  } else throw new Error('wire type')
  if (next > bytes.length) throw new Error('end')
  return [{ number, wireType, content }, next]
}

function skipGroup(bytes: Uint8Array, start: number, number: number, depth: number): number {
  if (depth > NESTING_MAX) throw new Error('too deep')
  for (let at = start; ; ) {
    const [tag, next] = readVarint(bytes, at)
    const isEnd = (tag & 7n) === 4n
    if (isEnd && tag >> 3n === BigInt(number) && next - at <= 5) return next
    if (isEnd) throw new Error('end of another group')
    at = readWhole(bytes, at, depth)[1]
  }
}

function readVarint(bytes: Uint8Array, start: number): [bigint, number] {
  let value = 0n
  for (let index = 0; index < 10; index += 1) {
    const byte = bytes[start + index]
    if (byte === undefined) throw new Error('end')
    value |= BigInt(byte & 0x7f) << BigInt(7 * index)
    if (byte < 0x80 && value < 2n ** 64n) return [value, start + index + 1]
    if (byte < 0x80) break
  }
  throw new Error('varint')
}
