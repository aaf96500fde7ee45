/**
 * The bodies of a run's records: those that carry state are made for their position, the others
 * are drawn from a small pool that is filled with realistic text.
 */
import { create, toBinary } from '@bufbuild/protobuf'
import { createHash } from 'node:crypto'
import {
  CheckpointSchema,
  CompressionType,
  DiffOperationSchema,
  DiffOperation_OpType,
  EventSchema,
  EventType,
  MessageType,
  MetricsSchema,
  MetricValue_MetricType,
  StateDiffSchema,
  TokenChunkSchema,
  ToolExecutionSchema,
  ToolExecution_ExecutionStage,
} from '../../proto/gen/dashstream_pb.js'
import type { Dice } from '../world/dice.ts'
import type { Prose } from './prose.ts'
import { zstd, type Body } from './record-bytes.ts'
import type { PatchOp } from './state.ts'

export const graphName = 'support-agent'
/** The nodes of every thread, in order. */
export const nodes = ['plan', 'retrieve', 'answer', 'review'] as const

const text = (value: string) => ({ value: { case: 'stringValue' as const, value } })
const whole = (value: bigint) => ({ value: { case: 'intValue' as const, value } })

/** The event that starts a thread and carries its first state. */
export function graphStartBody(state: string, prompt: string): Body {
  const attributes = {
    graph_name: text(graphName),
    graph_entry_point: text(nodes[0]),
    graph_node_count: whole(BigInt(nodes.length)),
    initial_state_json: text(state),
    prompt: text(prompt),
  }
  return eventBody(EventType.GRAPH_START, '', attributes)
}

/** An event of any type. */
export function eventBody(
  eventType: EventType,
  nodeId: string,
  attributes: Record<string, ReturnType<typeof text> | ReturnType<typeof whole>> = {},
): Body {
  const event = create(EventSchema, { eventType, nodeId, attributes })
  return { type: MessageType.EVENT, fields: toBinary(EventSchema, event) }
}

const opTypes = {
  add: DiffOperation_OpType.ADD,
  remove: DiffOperation_OpType.REMOVE,
  replace: DiffOperation_OpType.REPLACE,
} as const

export interface Patch {
  readonly ops: readonly PatchOp[]
  readonly stateHash?: Uint8Array
  readonly baseCheckpointId?: Uint8Array
  /** Instead of the operations: the whole state, as bytes. */
  readonly fullState?: Uint8Array
}
/** A patch, or the whole state instead. */
export function patchBody({ ops, stateHash, baseCheckpointId, fullState }: Patch): Body {
  const operations = ops.map(({ op, path, json }) =>
    create(DiffOperationSchema, {
      op: opTypes[op],
      path,
      ...(json === undefined ? {} : { value: typeof json === 'string' ? Buffer.from(json) : json }),
    }),
  )
  const diff = create(StateDiffSchema, {
    operations,
    ...(stateHash ? { stateHash } : {}),
    ...(baseCheckpointId ? { baseCheckpointId } : {}),
    ...(fullState ? { fullState } : {}),
  })
  return { type: MessageType.STATE_DIFF, fields: toBinary(StateDiffSchema, diff) }
}

/**
 * A checkpoint as DashFlow writes it: the state compressed inside the field, with a checksum.
 *
 * @param summed the bytes that the checksum covers; default: the state
 */
export function checkpointBody(checkpointId: Uint8Array, state: string, summed = state): Body {
  const plain = Buffer.from(state)
  const packed = zstd(plain)
  const checkpoint = create(CheckpointSchema, {
    checkpointId,
    state: packed,
    stateType: 'serde_json::Value',
    checksum: createHash('sha256').update(summed).digest(),
    compressionInfo: {
      type: CompressionType.COMPRESSION_ZSTD,
      compressedSize: BigInt(packed.length),
      uncompressedSize: BigInt(plain.length),
      compressionRatio: plain.length / packed.length,
    },
  })
  return { type: MessageType.CHECKPOINT, fields: toBinary(CheckpointSchema, checkpoint) }
}

/** The kinds of body that hold no state and can therefore be reused. */
export type PooledKind =
  | 'node-start'
  | 'node-end'
  | 'token'
  | 'tool-requested'
  | 'tool-completed'
  | 'metrics'
  | 'progress'

/** Makes one body of `kind` for `node`, filled up with `chars` characters of prose. */
export const pooledBody: Record<
  PooledKind,
  (prose: Prose, chance: Dice, node: string, chars: number) => Body
> = {
  'node-start': (prose, chance, node, chars) =>
    eventBody(EventType.NODE_START, node, { input: text(prose.text(chance, chars)) }),
  'node-end': (prose, chance, node, chars) =>
    eventBody(EventType.NODE_END, node, {
      output: text(prose.text(chance, chars)),
      duration_us: whole(BigInt(chance.int(5_000_000))),
    }),
  progress: (prose, chance, node, chars) =>
    eventBody(EventType.NODE_PROGRESS, node, { message: text(prose.text(chance, chars)) }),
  token(prose, chance, node, chars) {
    const chunk = create(TokenChunkSchema, {
      requestId: `llm-${node}`,
      text: prose.text(chance, chars),
      chunkIndex: chance.int(1_000),
      model: 'reference-1',
    })
    return { type: MessageType.TOKEN_CHUNK, fields: toBinary(TokenChunkSchema, chunk) }
  },
  'tool-requested': (prose, chance, node, chars) =>
    toolBody(node, {
      stage: ToolExecution_ExecutionStage.REQUESTED,
      arguments: Buffer.from(JSON.stringify({ query: prose.text(chance, chars) })),
    }),
  'tool-completed': (prose, chance, node, chars) =>
    toolBody(node, {
      stage: ToolExecution_ExecutionStage.COMPLETED,
      result: Buffer.from(JSON.stringify([prose.text(chance, chars)])),
      durationUs: BigInt(chance.int(2_000_000)),
    }),
  metrics(prose, chance, node, chars) {
    const type = MetricValue_MetricType.GAUGE
    const metrics = create(MetricsSchema, {
      scope: 'node',
      scopeId: node,
      metrics: {
        quality_score: { value: { case: 'floatValue', value: chance.next() }, type },
        latency_ms: { value: { case: 'intValue', value: BigInt(chance.int(900)) }, type },
      },
      tags: { model: 'reference-1', note: prose.text(chance, chars) },
    })
    return { type: MessageType.METRICS, fields: toBinary(MetricsSchema, metrics) }
  },
}

function toolBody(
  node: string,
  fields: {
    stage: ToolExecution_ExecutionStage
    arguments?: Uint8Array
    result?: Uint8Array
    durationUs?: bigint
  },
): Body {
  const tool = create(ToolExecutionSchema, {
    callId: `call-${node}`,
    toolName: 'search',
    ...fields,
  })
  return { type: MessageType.TOOL_EXECUTION, fields: toBinary(ToolExecutionSchema, tool) }
}
