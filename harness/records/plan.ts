/**
 * The plan of the load: the record at (seed, thread, sequence) is a pure function of these and of
 * the size asked for, so that any reader can recompute any record without shared state. Only the
 * time stamp in its header is not planned.
 */
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { MessageType } from '../../proto/gen/dashstream_pb.js'
import { dice, type Dice } from '../world/dice.ts'
import {
  checkpointBody,
  graphStartBody,
  nodes,
  patchBody,
  pooledBody,
  type PooledKind,
} from './bodies.ts'
import { messageId } from './message-id.ts'
import { openProse, type Prose } from './prose.ts'
import { compressedValue, payload, recordValue, type Body } from './record-bytes.ts'
import { batchSpan, checkpointBefore, nodeAt, slotAt, spanAt, versionAt } from './rhythm.ts'
import { hashOf, patchOps, stateText, type PatchOp } from './state.ts'

/** A record of the load, ready to be sent. */
export interface PlannedRecord {
  readonly thread: string
  /** The last sequence it holds; a batch holds several. */
  readonly sequence: number
  /** The sequence of the next record. */
  readonly next: number
  readonly value: Buffer
}

export interface Plan {
  /**
   * The record that holds `sequence` of `thread`.
   *
   * @param payloadBytes size of the value, roughly: it is filled up, never cut
   */
  record(
    thread: string,
    sequence: number,
    payloadBytes: number,
    timestampUs: bigint,
  ): PlannedRecord
}

/** Name of the load's thread number `index`. */
export const loadThread = (index: number): string => `run-${String(index).padStart(5, '0')}`

/** Bytes of framing and header, roughly. */
const headerBytes = 66
/** Bodies that are kept; beyond that they are made again. */
const poolMax = 8_192

/** Opens the plan of `seed`; writes its page of prose, which takes some tens of milliseconds. */
export function openPlan(seed: string): Plan {
  const prose = openProse(seed)
  const pooled = openPool(seed, prose)
  const filler = (chance: Dice, chars: number) => prose.text(chance, chars)
  return {
    record(thread, sequence, payloadBytes, timestampUs) {
      const slot = slotAt(sequence)
      const { first, next } = spanAt(sequence)
      const chance = dice(`${seed}/${thread}/${first}`)
      const at: Position = { seed, thread, sequence: first, payloadBytes, chance, filler }
      const stamp = { thread, sequence: first, messageId: messageId(chance), timestampUs }
      const done = (value: Buffer): PlannedRecord => ({ thread, sequence: next - 1, next, value })
      if (slot === 'graph-start') return done(compressedValue(stamp, graphStart(at)))
      if (slot === 'patch') return done(recordValue(stamp, patch(at)))
      if (slot === 'checkpoint') return done(recordValue(stamp, checkpoint(at)))
      if (slot === 'batch') {
        return done(recordValue({ ...stamp, sequence: 0 }, batch(at, pooled, timestampUs)))
      }
      const body = pooled(slot, nodeOf(first), payloadBytes, chance)
      return done((slot === 'tool-completed' ? compressedValue : recordValue)(stamp, body))
    },
  }
}

interface Position {
  readonly seed: string
  readonly thread: string
  readonly sequence: number
  readonly payloadBytes: number
  readonly chance: Dice
  readonly filler: (chance: Dice, chars: number) => string
}

const nodeOf = (sequence: number) => nodes[nodeAt(sequence) % nodes.length] as string

const checkpointId = (seed: string, thread: string, sequence: number) =>
  messageId(dice(`${seed}/${thread}/checkpoint/${sequence}`))

function graphStart({ seed, thread, payloadBytes, chance, filler }: Position): Body {
  const state = stateText({ seed, thread, version: 0 })
  return graphStartBody(state, filler(chance, payloadBytes - state.length - 4 * headerBytes))
}

function patch({ seed, thread, sequence, payloadBytes, chance, filler }: Position): Body {
  const at = { seed, thread, version: versionAt(sequence) }
  const ops = patchOps(at)
  const base = checkpointBefore(sequence)
  const chars = payloadBytes - headerBytes - 70 - opsBytes(ops)
  return patchBody({
    ops: chars > 0 ? [...scratch(filler(chance, chars)), ...ops] : ops,
    stateHash: hashOf(stateText(at)),
    ...(base === undefined ? {} : { baseCheckpointId: checkpointId(seed, thread, base) }),
  })
}

/** Fills a patch without changing the state: adds a note and removes it. */
function scratch(text: string): PatchOp[] {
  return [
    { op: 'add', path: '/scratch', json: JSON.stringify(text) },
    { op: 'remove', path: '/scratch' },
  ]
}

const opsBytes = (ops: readonly PatchOp[]) =>
  ops.reduce((sum, { path, json }) => sum + path.length + (json?.length ?? 0) + 8, 0)

function checkpoint({ seed, thread, sequence }: Position): Body {
  const state = stateText({ seed, thread, version: versionAt(sequence) })
  return checkpointBody(checkpointId(seed, thread, sequence), state)
}

/** Events of one thread in one record; each has its own header, the envelope has none. */
function batch(at: Position, pooled: Pool, timestampUs: bigint): Body {
  const { thread, sequence, payloadBytes, chance } = at
  const writer = new BinaryWriter()
  for (let step = 0; step < batchSpan; step++) {
    const stamp = { thread, sequence: sequence + step, messageId: messageId(chance), timestampUs }
    writer.tag(2, WireType.LengthDelimited).fork()
    payload(writer, stamp, pooled('progress', nodeOf(sequence), payloadBytes / batchSpan, chance))
    writer.join()
  }
  return { type: MessageType.EVENT_BATCH, fields: writer.finish() }
}

/** One of the pool's bodies of a kind; which one, the dice decide. */
type Pool = (kind: PooledKind, node: string, payloadBytes: number, chance: Dice) => Body

function openPool(seed: string, prose: Prose): Pool {
  const bodies = new Map<string, Body>()
  const make = (name: string, kind: PooledKind, node: string, payloadBytes: number): Body => {
    const chance = dice(`${seed}/pool/${name}`)
    const empty = pooledBody[kind](prose, chance, node, 0).fields.length
    const chars = Math.max(0, Math.round(payloadBytes) - headerBytes - empty - 4)
    return pooledBody[kind](prose, chance, node, chars)
  }
  return (kind, node, payloadBytes, chance) => {
    const variants = payloadBytes <= 4_096 ? 16 : payloadBytes <= 65_536 ? 4 : 1
    const name = `${kind}/${node}/${Math.round(payloadBytes)}/${chance.int(variants)}`
    const known = bodies.get(name)
    if (known) return known
    const made = make(name, kind, node, payloadBytes)
    if (bodies.size >= poolMax) bodies.clear()
    bodies.set(name, made)
    return made
  }
}
