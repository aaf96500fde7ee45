/**
 * The resume request, read as leniently as DashFlow reads it: a bad entry does not invalidate the
 * others. Unlike there, bad entries are reported, because a partition that is silently left out
 * is replayed from its beginning.
 */
import * as z from 'zod'
import {
  isJsonObject,
  JsonEntries,
  setKey,
  type JsonObject,
  type JsonValue,
} from './json-value.ts'

const INT32_MAX = 2n ** 31n - 1n
const INT64_MAX = 2n ** 63n - 1n
const UINT64_MAX = 2n ** 64n - 1n

/** What a client requests again. Positions are exclusive: the last applied record. */
export interface Resume {
  readonly type: 'resume'
  readonly mode: 'partition' | 'thread'
  /** Where partition mode starts; thread mode ignores it. */
  readonly from: 'latest' | 'earliest' | 'cursor'
  readonly lastOffsetsByPartition: ReadonlyMap<number, bigint>
  readonly lastSequencesByThread: ReadonlyMap<string, bigint>
  /** The replay buffer's epoch that the cursors belong to, if the client knows it. */
  readonly epoch?: string | undefined
  /** Entries that could not be read, as `partition <key>` or `thread <key>`. */
  readonly refused: readonly string[]
}

/** Its fields that may have thousands of names: they need not be read as objects. */
export const resumeLists: ReadonlySet<string> = new Set([
  'lastOffsetsByPartition',
  'lastSequencesByThread',
])

/** Decodes any object of type `resume`; encodes to the documented shape. */
export const resumeCodec = z.codec(
  z.custom<JsonObject>((value) => isJsonObject(value as JsonValue)),
  z.custom<Resume>(),
  { decode: readResume, encode: writeResume },
)

/** `refused` has the entries of both maps that were left out. */
function readResume(frame: JsonObject): Resume {
  const refused: string[] = []
  const sequences = sequencesOf(frame, refused)
  const hasThreads = sequences.size + refused.length > 0
  return {
    type: 'resume',
    mode: modeOf(frame, hasThreads),
    from: frame['from'] === 'latest' || frame['from'] === 'earliest' ? frame['from'] : 'cursor',
    lastOffsetsByPartition: offsetsOf(frame['lastOffsetsByPartition'], refused),
    lastSequencesByThread: sequences,
    ...(typeof frame['epoch'] === 'string' ? { epoch: frame['epoch'] } : {}),
    refused,
  }
}

/** An explicit mode applies; a request that names nothing at all is for all partitions. */
function modeOf(frame: JsonObject, hasThreads: boolean): Resume['mode'] {
  const { mode } = frame
  if (mode === 'partition' || mode === 'thread') return mode
  const hasOffsets = Object.hasOwn(frame, 'lastOffsetsByPartition')
  return hasThreads && !hasOffsets ? 'thread' : 'partition'
}

function offsetsOf(map: JsonValue | undefined, refused: string[]): Map<number, bigint> {
  const offsets = new Map<number, bigint>()
  for (const [key, value] of new Map(entriesOf(map))) {
    const partition = readInteger(key, INT32_MAX)
    const offset = readInteger(value, INT64_MAX)
    if (partition === undefined || offset === undefined) refused.push(`partition ${key}`)
    else keepSmaller(offsets, Number(partition), offset)
  }
  return offsets
}

/** The map, or the legacy pair of one thread where there is no map. */
function sequencesOf(frame: JsonObject, refused: string[]): Map<string, bigint> {
  const sequences = new Map<string, bigint>()
  const { lastSequencesByThread: map, threadId, lastSequence } = frame
  const isLegacy = !isJsonObject(map) && typeof threadId === 'string'
  const entries = isLegacy ? [[threadId, lastSequence ?? null] as const] : entriesOf(map)
  const bad = new Set<string>()
  for (const [thread, value] of entries) {
    const sequence = readInteger(value, UINT64_MAX)
    if (sequence === undefined) bad.add(thread)
    else sequences.set(thread, sequence)
    // Where a thread is named twice, the last entry counts.
    if (sequence === undefined) sequences.delete(thread)
    else if (bad.size > 0) bad.delete(thread)
  }
  for (const thread of bad) refused.push(`thread ${thread}`)
  return sequences
}

/** The entries of an object, or of the `JsonEntries` that `resumeLists` puts in its place. */
function entriesOf(map: JsonValue | undefined): JsonEntries['list'] {
  if (map instanceof JsonEntries) return map.list
  return isJsonObject(map) ? Object.entries(map) : []
}

/** `"1"` and `"+1"` are the same partition; the smaller offset loses nothing. */
function keepSmaller(offsets: Map<number, bigint>, partition: number, offset: bigint): void {
  const known = offsets.get(partition)
  if (known === undefined || offset < known) offsets.set(partition, offset)
}

/**
 * An integer from 0 to `most`, from a JSON integer or its decimal text. Floats (42.0, 1e3) are
 * refused even where they are whole, because not every sender keeps them exact.
 */
export function readInteger(value: JsonValue | undefined, most: bigint): bigint | undefined {
  const isText = typeof value === 'string' && value.length <= 64 && /^\+?\d+$/.test(value)
  if (!isText && typeof value !== 'number' && typeof value !== 'bigint') return undefined
  const integer = BigInt(value)
  return integer >= 0n && integer <= most ? integer : undefined
}

function writeResume(resume: Resume): JsonObject {
  const { type, mode, from, epoch } = resume
  const offsets = textMap(resume.lastOffsetsByPartition)
  const frame: JsonObject = { type, mode, from, lastOffsetsByPartition: offsets }
  if (mode === 'thread' || resume.lastSequencesByThread.size > 0) {
    frame['lastSequencesByThread'] = textMap(resume.lastSequencesByThread)
  }
  if (epoch !== undefined) frame['epoch'] = epoch
  return frame
}

/** Positions on the wire: decimal strings, which no JSON parser rounds. */
export function textMap(map: ReadonlyMap<string | number, bigint>): JsonObject {
  const object: JsonObject = {}
  for (const [key, value] of map) setKey(object, String(key), String(value))
  return object
}
