/**
 * From operations on the wire to operations that can be applied. Counts and lengths are checked
 * before a value is parsed, and every value is parsed before the first operation is applied.
 */
import {
  DiffOperation_OpType as OpType,
  type DiffOperation,
} from '../../proto/gen/dashstream_pb.js'
import type { ClientLimits } from './limits.ts'
import type { ClientParts } from './parts.ts'
import type { PatchOp, Pointer } from './patch-op.ts'
import { refuse, type Refused } from './refusals.ts'

type OpsRead = { readonly ok: true; readonly operations: readonly PatchOp[] } | Refused

const opNames = new Map<number, PatchOp['op']>([
  [OpType.ADD, 'add'],
  [OpType.REMOVE, 'remove'],
  [OpType.REPLACE, 'replace'],
  [OpType.MOVE, 'move'],
  [OpType.COPY, 'copy'],
  [OpType.TEST, 'test'],
])

/** The operations of a diff, or why one of them is invalid. */
export function readOperations(
  wire: readonly DiffOperation[],
  parts: ClientParts,
  limits: ClientLimits,
): OpsRead {
  const excess = excessOf(wire, limits)
  if (excess !== undefined) return refuse('patch-limits', excess)
  const operations: PatchOp[] = []
  for (const [index, operation] of wire.entries()) {
    const read = readOperation(operation, parts)
    if ('reason' in read) return { ...read, says: `${read.says} (Operation ${index}.)` }
    operations.push(read)
  }
  return { ok: true, operations }
}

function excessOf(wire: readonly DiffOperation[], limits: ClientLimits): string | undefined {
  const { operationsMax, pathUnitsMax, stateBytesMax } = limits
  if (wire.length > operationsMax) return `${wire.length} operations, limit ${operationsMax}.`
  let bytes = 0
  for (const { path, from, value } of wire) {
    const units = Math.max(path.length, from.length)
    if (units > pathUnitsMax) return `A path of ${units} characters, limit ${pathUnitsMax}.`
    bytes += value.length
  }
  return bytes > stateBytesMax ? `${bytes} bytes of values, limit ${stateBytesMax}.` : undefined
}

function readOperation(
  wire: DiffOperation,
  { patchValue, parseJson }: ClientParts,
): PatchOp | Refused {
  const op = opNames.get(wire.op)
  if (op === undefined) return refuse('patch-op', `It is number ${wire.op}.`)
  const path = readPointer(wire.path)
  if (!path) return refuse('patch', `The path ${quoted(wire.path)} is not a JSON pointer.`)
  if (op === 'remove') return { op, path }
  if (op === 'move' || op === 'copy') {
    const from = readPointer(wire.from)
    const says = `From ${quoted(wire.from)} is not a JSON pointer.`
    return from ? { op, path, from } : refuse('patch', says)
  }
  const read = patchValue(wire.value, wire.encoding, parseJson)
  return read.ok ? { op, path, value: read.value, valueBytes: wire.value.length } : read
}

/** Splits a JSON pointer; `undefined` when it is invalid. Keys may have any name. */
export function readPointer(text: string): Pointer | undefined {
  if (text === '') return []
  if (!text.startsWith('/') || /~(?![01])/.test(text)) return undefined
  return text
    .slice(1)
    .split('/')
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'))
}

const quoted = (text: string): string => JSON.stringify(text.slice(0, 80))
