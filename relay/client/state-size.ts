/**
 * The size of a state. Measuring walks all of it, so states carry upper bounds that every change
 * raises, and are measured when a bound exceeds its limit, or twice the last measurement. Without
 * it a few copies of the root into itself would make a state of any size and depth, and a small
 * state that changes often would seem large.
 */
import {
  isJsonObject,
  setKey,
  type JsonObject,
  type JsonValue,
} from '../../proto/canonical-json.ts'
import { refuse, type Refused } from './refusals.ts'
import { containerBytesOf, type Work } from './work.ts'

export interface StateLimits {
  readonly stateBytesMax: number
  readonly stateDepthMax: number
}

/** A state, never changed in place, with bounds of its size. */
export interface SizedState extends Size {
  readonly value: JsonValue
  /** `heapBytes` as they were measured last. */
  readonly measuredBytes: number
}

export interface Size {
  /** About the bytes of its JSON, or more. */
  readonly bytes: number
  /** Arrays and objects inside each other, or more. */
  readonly depth: number
  /** About what it takes in memory, or more: an empty array of three bytes takes fifty. */
  readonly heapBytes: number
}

/** A container or a number of two bytes takes as long as sixteen elements to copy. */
const measuredByteUnits = 8

/** Growth of a state before it is measured again. */
const growthBytesMin = 65_536

export const emptyState: SizedState = measured({})

/** Thrown inside a walk when a limit is passed; never leaves this file. */
class TooLarge extends Error {}

/** The state unless it is too large; measures it only if its bounds say that it may be. */
export function checkSize(
  state: SizedState,
  limits: StateLimits,
  work?: Work,
): { readonly ok: true; readonly state: SizedState } | Refused {
  const isWithin = state.bytes <= limits.stateBytesMax && state.depth <= limits.stateDepthMax
  const growthMax = state.measuredBytes + growthBytesMin
  if (isWithin && state.heapBytes <= state.measuredBytes + growthMax) return { ok: true, state }
  // The size of the walk is not known in advance, so its upper bound is charged.
  work?.spend(Math.min(state.bytes, limits.stateBytesMax) * measuredByteUnits)
  const size = measure(state.value, limits)
  if (size) {
    const { value } = state
    return { ok: true, state: { value, ...size, measuredBytes: size.heapBytes } }
  }
  const { stateBytesMax, stateDepthMax } = limits
  return refuse('state-too-large', `Limits: ${stateBytesMax} bytes, ${stateDepthMax} levels.`)
}

/** A state with its measured size, without any limit. */
export function measured(value: JsonValue): SizedState {
  const size = sizeOf(value)
  return { value, ...size, measuredBytes: size.heapBytes }
}

/** The size of a value that is bounded by the message it came in. */
export function sizeOf(value: JsonValue): Size {
  return measure(value, { stateBytesMax: Infinity, stateDepthMax: Infinity })!
}

/** The size of a value; `undefined` when it is above the limits. */
export function measure(value: JsonValue, limits: StateLimits): Size | undefined {
  return walk(value, limits, () => undefined)?.size
}

/** A copy that shares no container with `value`; `undefined` when that is above the limits. */
export function copyOf(
  value: JsonValue,
  limits: StateLimits,
): { readonly value: JsonValue; readonly size: Size } | undefined {
  return walk(value, limits, (node) => (Array.isArray(node) ? [] : {}))
}

type Copy = JsonValue[] | JsonObject | undefined

function walk(
  root: JsonValue,
  limits: StateLimits,
  begin: (node: JsonValue[] | JsonObject) => Copy,
): { readonly value: JsonValue; readonly size: Size } | undefined {
  let bytes = 0
  let heapBytes = 0
  let deepest = 0
  const visit = (value: JsonValue, depth: number): JsonValue => {
    bytes += scalarBytes(value)
    if (bytes > limits.stateBytesMax || depth > limits.stateDepthMax) throw new TooLarge()
    const isArray = Array.isArray(value)
    heapBytes += heapBytesOf(value)
    if (!isArray && !isJsonObject(value)) return value
    if (depth + 1 > deepest) deepest = depth + 1
    const copy = begin(value)
    if (isArray) {
      for (const item of value) {
        const visited = visit(item, depth + 1)
        if (Array.isArray(copy)) copy.push(visited)
      }
    } else {
      for (const key of Object.keys(value)) {
        bytes += key.length + 4
        const visited = visit(value[key] as JsonValue, depth + 1)
        if (copy && !Array.isArray(copy)) setKey(copy, key, visited)
      }
    }
    return copy ?? value
  }
  try {
    return { value: visit(root, 0), size: { bytes, depth: deepest, heapBytes } }
  } catch (error) {
    if (error instanceof TooLarge) return undefined
    throw error
  }
}

/** JSON bytes of a value without its content, quotes, brackets or comma included. */
function scalarBytes(value: JsonValue): number {
  if (typeof value === 'string') return value.length + 3
  if (typeof value === 'number') return 8
  return typeof value === 'bigint' ? 20 : 8
}

/** Memory of a value, without its slot in its container. */
function heapBytesOf(value: JsonValue): number {
  if (typeof value === 'string') return 24 + value.length
  if (typeof value === 'number') return Number.isSafeInteger(value) ? 0 : 16
  if (typeof value === 'bigint') return 32
  if (Array.isArray(value) || isJsonObject(value)) return containerBytesOf(value)
  // A float is an object of its own; true, false and null are there once.
  return typeof value === 'object' && value !== null ? 40 : 0
}
