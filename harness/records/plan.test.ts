/** The plan is pure, its records decode, and its states are what its own patches lead to. */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  parseLossless,
  stateHash,
  type JsonObject,
  type JsonValue,
} from '../../proto/canonical-json.ts'
import { decodeRecord } from '../../proto/codec.ts'
import { DiffOperation_OpType as Op, type DiffOperation } from '../../proto/gen/dashstream_pb.js'
import { loadThread, openPlan, type Plan } from './plan.ts'
import { spanAt } from './rhythm.ts'
import { truthAt } from './truth.ts'

const limits = { payloadBytesMax: 1_048_576 }
const stamp = 1_700_000_000_000_000n

const messageOf = (value: Buffer) => {
  const decoded = decodeRecord(value, limits, 'strict')
  if (!decoded.ok) throw new Error(decoded.says)
  return decoded.message.message
}
/** The records of a thread up to `sequence`. */
function* recordsOf(plan: Plan, thread: string, sequence: number) {
  for (let at = 1; at <= sequence; ) {
    const record = plan.record(thread, at, 1_024, stamp)
    yield record
    at = record.next
  }
}

const position = fc.record({
  seed: fc.string(),
  thread: fc.string({ minLength: 1, unit: 'grapheme' }),
  sequence: fc.integer({ min: 1, max: 1_000_000 }),
  payloadBytes: fc.integer({ min: 0, max: 20_000 }),
})

test('the record at a position has the same bytes, independent of earlier requests', () => {
  const plans = new Map<string, Plan>()
  const seeds = ['a', 'b', 'c']
  fc.assert(
    fc.property(position, fc.constantFrom(...seeds), (at, seed) => {
      const used = plans.get(seed) ?? openPlan(seed)
      plans.set(seed, used)
      const { thread, sequence, payloadBytes } = at
      used.record('another', sequence + 1, payloadBytes, stamp)
      const again = used.record(thread, sequence, payloadBytes, stamp)
      const fresh = openPlan(seed).record(thread, sequence, payloadBytes, stamp)
      expect(again.value.equals(fresh.value)).toBe(true)
    }),
    { numRuns: 30 },
  )
})

test('seed, thread and sequence each change the bytes', () => {
  const [plan, other] = [openPlan('seed'), openPlan('another')]
  const here = plan.record('run-1', 7, 1_024, stamp).value
  expect(other.record('run-1', 7, 1_024, stamp).value.equals(here)).toBe(false)
  expect(plan.record('run-2', 7, 1_024, stamp).value.equals(here)).toBe(false)
  expect(plan.record('run-1', 8, 1_024, stamp).value.equals(here)).toBe(false)
})

test('every record decodes strictly, and its header says where it stands', () => {
  const plan = openPlan('headers')
  fc.assert(
    fc.property(position, ({ thread, sequence, payloadBytes }) => {
      const record = plan.record(thread, sequence, payloadBytes, stamp)
      const message = messageOf(record.value)
      const payloads = message.case === 'eventBatch' ? message.value.events : [message.value]
      const { first, next } = spanAt(sequence)
      const sequences = payloads.map((payload) => Number(payload?.header?.sequence))
      expect(sequences).toEqual(Array.from({ length: next - first }, (_, step) => first + step))
      expect([record.sequence, record.next]).toEqual([next - 1, next])
      expect(payloads.map((payload) => payload?.header?.threadId)).toEqual(
        payloads.map(() => thread),
      )
      expect(payloads.every((payload) => payload?.header?.timestampUs === stamp)).toBe(true)
    }),
  )
})

test('no message id comes twice', () => {
  const plan = openPlan('ids')
  const ids = [1, 2, 3].flatMap((thread) =>
    [...recordsOf(plan, loadThread(thread), 3_000)].map(({ value }) =>
      Buffer.from(messageOf(value).value?.header?.messageId ?? []).toString('hex'),
    ),
  )
  expect(new Set(ids).size).toBe(ids.length)
  expect(ids.every((id) => id.length === 32)).toBe(true)
})

test.for([512, 1_024, 8_192])('records have about the %i bytes asked for', (payloadBytes) => {
  const plan = openPlan('sizes')
  const sizes = Array.from({ length: 500 }, (_, at) => {
    const sequence = spanAt(at + 2).first
    const value = plan.record('run-1', sequence, payloadBytes, stamp).value
    return value[0] === 1 ? payloadBytes : value.length
  })
  const mean = sizes.reduce((sum, size) => sum + size, 0) / sizes.length
  expect(mean / payloadBytes).toBeGreaterThan(0.9)
  expect(mean / payloadBytes).toBeLessThan(1.25)
})

test('applying patch after patch gives the state and the hash that the plan knows at once', () => {
  const seen = { patches: 0, checkpoints: 0 }
  let state: JsonValue = null
  for (const { value, sequence } of recordsOf(openPlan('chain'), 'run-00000', 600)) {
    const message = messageOf(value)
    if (sequence === 1) state = baseline(message)
    if (message.case === 'checkpoint') seen.checkpoints += 1
    if (message.case !== 'stateDiff') continue
    seen.patches += 1
    for (const operation of message.value.operations) apply(state, operation)
    const truth = truthAt('chain', 'run-00000', sequence)
    expect(Buffer.from(stateHash(state)).equals(truth.hash)).toBe(true)
    expect(Buffer.from(message.value.stateHash).equals(truth.hash)).toBe(true)
    expect(truth.isFlagged).toBe(false)
  }
  expect(seen.patches).toBeGreaterThan(100)
  expect(seen.checkpoints).toBeGreaterThan(3)
})

test('the truth is canonical as it stands, and holds what doubles and UTF-16 get wrong', () => {
  const { state, hash } = truthAt('seed', 'run-00001', 500)
  expect(Buffer.from(stateHash(parseLossless(state))).equals(hash)).toBe(true)
  const careless = JSON.stringify(JSON.parse(state))
  expect(careless).not.toBe(state)
  expect(state).toMatch(/"ratio":-?\d+\.\d/)
  expect(state).toMatch(/"tokens":90071992547410\d\d/)
  expect(state).toMatch(/"budget":184467440737095\d+/)
  expect(['\uFF5A', '\u{1F600}'].sort()).toEqual(['\u{1F600}', '\uFF5A'])
  expect(state.indexOf('\uFF5A')).toBeLessThan(state.indexOf('\u{1F600}'))
})

function baseline(message: ReturnType<typeof messageOf>): JsonValue {
  if (message.case !== 'event') throw new Error('a run begins with an event')
  const attribute = message.value.attributes['initial_state_json']?.value
  if (attribute?.case !== 'stringValue') throw new Error('the first event brings the state')
  return parseLossless(attribute.value)
}

/** RFC 6902 as far as the plan needs it, written apart from the client's. */
function apply(root: JsonValue, { op, path, value }: DiffOperation): void {
  const steps = path.split('/').slice(1).map((step) => step.replace('~1', '/').replace('~0', '~'))
  const last = steps.pop() ?? ''
  const parent = steps.reduce<JsonValue>((at, step) => (at as JsonObject)[step] as JsonValue, root)
  const given = op === Op.REMOVE ? null : parseLossless(Buffer.from(value).toString())
  if (Array.isArray(parent)) {
    if (op === Op.ADD) parent.splice(last === '-' ? parent.length : Number(last), 0, given)
    else if (op === Op.REMOVE) parent.splice(Number(last), 1)
    else parent[Number(last)] = given
    return
  }
  const object = parent as JsonObject
  if (op !== Op.ADD && !Object.hasOwn(object, last)) throw new Error(`there is no ${path}`)
  if (op === Op.REMOVE) delete object[last]
  else object[last] = given
}
