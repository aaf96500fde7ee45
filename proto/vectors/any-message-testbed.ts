/**
 * Arbitrary valid records for property tests: messages with every field of the schema, and their
 * bytes with damage.
 */
import { create, ScalarType, type DescField, type DescMessage } from '@bufbuild/protobuf'
import * as fc from 'fast-check'
import { DashStreamMessageSchema, type DashStreamMessage } from '../gen/dashstream_pb.js'

/** Deeper than the schema nests without recursion. */
const DEPTH_MAX = 6

/** Bytes with a few of them changed, cut, put in or doubled; sometimes none. */
export function damaged(bytes: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> {
  const edit = fc.record({
    how: fc.constantFrom('set', 'cut', 'insert', 'double', 'end'),
    at: fc.nat(),
    length: fc.integer({ min: 1, max: 8 }),
    byte: fc.oneof(fc.constantFrom(0x00, 0x7f, 0x80, 0xff), fc.nat(255)),
  })
  return fc
    .tuple(bytes, fc.array(edit, { maxLength: 3 }))
    .map(([start, edits]) => edits.reduce(applyEdit, start))
}

interface Edit {
  readonly how: string
  readonly at: number
  readonly length: number
  readonly byte: number
}

function applyEdit(bytes: Uint8Array, { how, at: anywhere, length, byte }: Edit): Uint8Array {
  const at = anywhere % (bytes.length + 1)
  const [before, piece, after] = [
    bytes.subarray(0, at),
    bytes.subarray(at, at + length),
    bytes.subarray(at + length),
  ]
  if (how === 'end') return before
  if (how === 'cut') return Buffer.concat([before, after])
  if (how === 'insert') return Buffer.concat([before, Uint8Array.of(byte), piece, after])
  if (how === 'double') return Buffer.concat([before, piece, piece, after])
  return Buffer.concat([before, Uint8Array.of(byte), piece.subarray(1), after])
}

function payloads(): fc.Arbitrary<DashStreamMessage> {
  const cases = DashStreamMessageSchema.fields.map((field) =>
    messageOf(field.message as DescMessage, 1).map((value) => ({ case: field.localName, value })),
  )
  const none = fc.constant({ case: undefined, value: undefined })
  return fc
    .oneof(none, ...cases)
    .map((message) => create(DashStreamMessageSchema, { message } as never))
}

function messageOf(desc: DescMessage, depth: number): fc.Arbitrary<unknown> {
  const members = desc.members.filter(
    (member) => depth < DEPTH_MAX || (member.kind === 'field' && member.fieldKind === 'scalar'),
  )
  const shape = Object.fromEntries(
    members.map((member) => [
      member.localName,
      member.kind === 'field' ? fieldOf(member, depth) : oneofOf(member.fields, depth),
    ]),
  )
  return fc.record(shape, { requiredKeys: [] }).map((init) => create(desc, init))
}

function oneofOf(fields: readonly DescField[], depth: number): fc.Arbitrary<unknown> {
  const cases = fields.map((field) =>
    fieldOf(field, depth).map((value) => ({ case: field.localName, value })),
  )
  return fc.oneof(...cases)
}

function fieldOf(field: DescField, depth: number): fc.Arbitrary<unknown> {
  const one = oneOf(field, depth)
  if (field.fieldKind === 'list') return fc.array(one, { maxLength: 4 })
  if (field.fieldKind !== 'map') return one
  const key = fc.oneof(fc.constantFrom('', '__proto__', 'toString'), texts)
  return fc.dictionary(key, one, { maxKeys: 3 })
}

function oneOf(field: DescField, depth: number): fc.Arbitrary<unknown> {
  if (field.message) return messageOf(field.message, depth + 1)
  if (field.enum) return fc.oneof(fc.integer({ min: 0, max: 5 }), fc.integer())
  return scalars[field.scalar as ScalarType] as fc.Arbitrary<unknown>
}

const texts = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.string({ unit: 'binary', minLength: 65, maxLength: 80 }),
)

const scalars: Partial<Record<ScalarType, fc.Arbitrary<unknown>>> = {
  [ScalarType.STRING]: texts,
  [ScalarType.BYTES]: fc.uint8Array({ maxLength: 40 }),
  [ScalarType.BOOL]: fc.boolean(),
  [ScalarType.DOUBLE]: fc.double(),
  [ScalarType.FLOAT]: fc.float(),
  [ScalarType.UINT32]: fc.nat(0xffff_ffff),
  [ScalarType.INT64]: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  [ScalarType.UINT64]: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
}

/** Messages that the schema allows; any field may be unset. */
export const anyMessage: fc.Arbitrary<DashStreamMessage> = payloads()
