/**
 * What the tests of this folder share: records built by hand, and a client that is fed with them.
 * Nothing here is part of the client.
 */
import { create } from '@bufbuild/protobuf'
import { createHash } from 'node:crypto'
import {
  canonicalJson,
  isJsonObject,
  parseLossless,
  stateHash,
  type JsonValue,
} from '../../proto/canonical-json.ts'
import { encodeRecord } from '../../proto/codec.ts'
import {
  DashStreamMessageSchema,
  DiffOperationSchema,
  DiffOperation_OpType as OpType,
  type DiffOperation,
  EventType,
} from '../../proto/gen/dashstream_pb.js'
import { createClient, type Client, type ClientOptions, type RecordOutcome } from './client.ts'
import { nodePlatform } from './node-platform.ts'

const utf8 = new TextEncoder()
export const bytesOf = (text: string): Uint8Array => utf8.encode(text)
/** The state that a JSON text is. */
export const json = (text: string): JsonValue => parseLossless(text)
export const sha256 = (bytes: Uint8Array): Uint8Array =>
  new Uint8Array(createHash('sha256').update(bytes).digest())

/** Who and where a message is. Without an id, the thread and the sequence make one. */
export interface At {
  readonly thread?: string
  readonly sequence?: number | bigint
  readonly id?: string
  readonly schemaVersion?: number
}

function headerOf({ thread = 'run', sequence = 1, id, schemaVersion = 1 }: At) {
  const name = id ?? `${thread}/${sequence}`
  const messageId = sha256(bytesOf(name)).subarray(0, 16)
  return { messageId, threadId: thread, sequence: BigInt(sequence), schemaVersion }
}

type MessageInit = Parameters<typeof create<typeof DashStreamMessageSchema>>[1]
/** A record of any message. */
export const record = (message: NonNullable<MessageInit>['message']): Uint8Array =>
  encodeRecord(create(DashStreamMessageSchema, { message } as MessageInit))

const texts = (attributes: Record<string, string>) =>
  Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => [
      name,
      { value: { case: 'stringValue' as const, value } },
    ]),
  )

/** An event without its record, as it stands in a batch. */
export const eventInit = (
  eventType: EventType,
  at: At,
  attributes: Record<string, string> = {},
  nodeId = '',
) => ({ header: headerOf(at), eventType, nodeId, attributes: texts(attributes) })

export const event = (...init: Parameters<typeof eventInit>): Uint8Array =>
  record({ case: 'event', value: eventInit(...init) })

export const batch = (events: readonly ReturnType<typeof eventInit>[]): Uint8Array =>
  record({ case: 'eventBatch', value: { events: [...events] } })

/** `[op, path, value as JSON text]`, or `[op, path, from]` for move and copy. */
export type Op = readonly ['add' | 'replace' | 'test' | 'remove' | 'move' | 'copy', string, string?]

const opTypes = {
  add: OpType.ADD,
  remove: OpType.REMOVE,
  replace: OpType.REPLACE,
  move: OpType.MOVE,
  copy: OpType.COPY,
  test: OpType.TEST,
}

/** The operation as it is on the wire, its value as JSON. */
export function operationOf([op, path, more = '']: Op): DiffOperation {
  const rest = op === 'move' || op === 'copy' ? { from: more } : { value: bytesOf(more) }
  return create(DiffOperationSchema, { op: opTypes[op], path, ...rest })
}

export interface DiffInit {
  readonly ops?: readonly Op[]
  readonly full?: string
  /** The state to hash, or the hash itself; absent for none. */
  readonly hash?: JsonValue | Uint8Array
  readonly base?: Uint8Array
}

export function diff(at: At, { ops = [], full = '', hash, base }: DiffInit): Uint8Array {
  const hashBytes = hash === undefined ? undefined : hashOf(hash)
  return record({
    case: 'stateDiff',
    value: {
      header: headerOf(at),
      operations: ops.map(operationOf),
      fullState: bytesOf(full),
      ...(hashBytes ? { stateHash: hashBytes } : {}),
      ...(base ? { baseCheckpointId: base } : {}),
    },
  })
}

const hashOf = (hash: JsonValue | Uint8Array): Uint8Array =>
  hash instanceof Uint8Array ? hash : stateHash(hash)

/** The state `{"l":[1,2,…]}`, to which every patch of `push` adds one number. */
export const listOf = (count: number): string =>
  `{"l":[${Array.from({ length: count }, (_, index) => index + 1).join(',')}]}`

/** Patch number `count` of a list, at sequence `count + 1`: right only on top of all before it. */
export const push = (count: number, at: At = {}): Uint8Array =>
  diff(
    { sequence: count + 1, ...at },
    { ops: [['add', '/l/-', String(count)]], hash: json(listOf(count)) },
  )

/** The first record of a run, with its state. */
export const start = (state: string): Uint8Array =>
  event(EventType.GRAPH_START, { sequence: 1 }, { initial_state_json: state })
/** An array of `count` zeros. */
export const zeros = (count: number): string => `[${Array<number>(count).fill(0).join()}]`
/** An object of `count` members. */
export const wide = (count: number): string =>
  JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, at) => [`k${at}`, at])))
export const times = (count: number, op: Op): Op[] => Array<Op>(count).fill(op)
export const patch = (ops: readonly Op[], sequence = 2): Uint8Array =>
  diff({ sequence }, { ops })

/** Fields of a checkpoint in addition to its header. */
type CheckpointInit = Extract<
  NonNullable<NonNullable<MessageInit>['message']>,
  { case?: 'checkpoint' }
>['value']
export const checkpoint = (at: At, value: CheckpointInit): Uint8Array =>
  record({ case: 'checkpoint', value: { ...value, header: headerOf(at) } } as never)

export const token = (at: At): Uint8Array =>
  record({ case: 'tokenChunk', value: { header: headerOf(at), text: 'x' } } as never)

/** A clock that the test moves. */
export interface HandClock {
  atMs: number
  nowMs(): number
  unixMs(): number
}
export function handClock(): HandClock {
  return {
    atMs: 0,
    nowMs() {
      return this.atMs
    },
    unixMs() {
      return 1_700_000_000_000 + this.atMs
    },
  }
}

/** A client on one partition that hands out the offsets itself. */
export class Bed {
  readonly clock = handClock()
  readonly client: Client
  readonly partition: number
  nextOffset = 0n

  constructor(options: Partial<ClientOptions> = {}, partition = 0) {
    this.client = createClient({ platform: nodePlatform, clock: this.clock, ...options })
    this.partition = partition
  }

  /** Sends a record as the next one of the partition, or at an offset. */
  send(value: Uint8Array, offset = this.nextOffset): RecordOutcome {
    if (offset >= this.nextOffset) this.nextOffset = offset + 1n
    this.client.onText(cursorText(this.partition, offset))
    return this.client.onBinary(value)
  }

  /** Sends records one after another; their outcomes. */
  sendAll(values: readonly Uint8Array[]): readonly RecordOutcome[] {
    return values.map((value) => this.send(value))
  }

  /** The state as canonical text. */
  stateText(thread = 'run'): string {
    const run = this.client.run(thread)
    if (!run) throw new Error(`no run ${thread}`)
    return canonicalJson(run.state)
  }

  flags(thread = 'run'): readonly string[] {
    return this.client.run(thread)?.flags ?? ['no such run']
  }

  /** All that is known of all runs, as one comparable value. */
  everything(): unknown {
    const runs = this.client.runs().map(({ thread }) => this.client.run(thread))
    return runs.map((run) => [run?.thread, run])
  }
}

export const cursorText = (partition: number, offset: bigint): string =>
  `{"type":"cursor","partition":${partition},"offset":"${offset}"}`

/** Operations from one state to another, in the simplest way that works. */
export function diffOps(from: JsonValue, to: JsonValue, path = ''): Op[] {
  if (canonicalJson(from) === canonicalJson(to)) return []
  if (!isJsonObject(from) || !isJsonObject(to)) return [['replace', path, canonicalJson(to)]]
  const member = (key: string) => `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`
  const gone = Object.keys(from).filter((key) => !Object.hasOwn(to, key))
  return [
    ...gone.map((key): Op => ['remove', member(key)]),
    ...Object.keys(to).flatMap((key): Op[] => {
      const value = to[key] as JsonValue
      if (!Object.hasOwn(from, key)) return [['add', member(key), canonicalJson(value)]]
      return diffOps(from[key] as JsonValue, value, member(key))
    }),
  ]
}
