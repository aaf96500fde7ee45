/**
 * Each malformed record comes in a malformed case: a short thread of its own, with valid records
 * before and after it, which shows its effect on neighbours without disturbing the load.
 *
 * Three forms. `harmless`: the record is not part of the thread, which must end unaffected.
 * `valid`: it only looks malformed and is part of it. `blocking`: after it the thread's state is
 * unknown; every other such case ends there, the rest continue with a snapshot and recover.
 * malformed-truth.ts says what a client must have at each point.
 */
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { EventType, MessageType } from '../../proto/gen/dashstream_pb.js'
import { checkpointBody, eventBody, graphStartBody } from './bodies.ts'
import {
  compressedValue,
  messageBytes,
  payload,
  recordValue,
  zstd,
  type Body,
} from './record-bytes.ts'
import { hashOf, stateText } from './state.ts'
import {
  badHeader,
  badZstd,
  bombOfFrames,
  declaredBomb,
  deepAttributes,
  garbage,
  jumpingBatch,
  truncated,
  unknownFraming,
  unsizedZstd,
} from './broken-bytes.ts'
import type { MalformedKind } from './malformed.ts'
import { openScribe, type EpisodeRecord, type Scribe } from './thread-writer.ts'

export type { EpisodeRecord }

export interface EpisodeContext {
  readonly seed: string
  /** Number of the case among those of its kind, from 0. */
  readonly count: number
  /** The target's payload limit: what is oversize depends on it. */
  readonly payloadBytesMax: number
  /** Wall clock of the records: the only part that does not follow from the seed. */
  readonly unixMs: number
}

/** What follows the kind and the number in a thread's name. */
const suffixes: Partial<Record<MalformedKind, string>> = {
  'long-thread': `-${'\u20AC'.repeat(100)}`,
  'control-thread': '-\u0000\u0007 {:}\r\n*\u001b[31m\u202E\u{1F6F0}',
}
const secondSuffix = '-second'

/** Name of the thread of a malformed case. */
export const episodeThread = (kind: MalformedKind, count: number): string =>
  `malformed-${kind}-${count}${suffixes[kind] ?? ''}`

/** The records of a case, in the order in which they are written to one partition. */
export function episode(kind: MalformedKind, context: EpisodeContext): readonly EpisodeRecord[] {
  const scribe = openScribe(context.seed, episodeThread(kind, context.count), context.unixMs)
  return scripts[kind](scribe, context)
}

type Script = (scribe: Scribe, context: EpisodeContext) => EpisodeRecord[]

/** The position of the malformed record. */
const at = 3
const deepLevels = 1_000
const jumpingEvents = 15_000
const futureMs = 120_000
const minute1970Us = 60_000_000n
const bombFactor = 64

const harmless =
  (build: (scribe: Scribe, context: EpisodeContext) => Buffer | null): Script =>
  (scribe, context) => [
    scribe.startRecord(),
    scribe.patchRecord(2, 1),
    // Numbered like the valid one after it: what cannot be read has no place in the thread.
    scribe.malformed(at, build(scribe, context)),
    scribe.patchRecord(3, 2),
    scribe.patchRecord(4, 3),
  ]

const valid =
  (build: (scribe: Scribe, context: EpisodeContext) => Buffer, hasHuge = false): Script =>
  (scribe, context) => [
    scribe.startRecord(),
    scribe.patchRecord(2, 1),
    scribe.malformed(at, build(scribe, context)),
    scribe.patchRecord(4, 3, hasHuge),
  ]

const around =
  (middle: (scribe: Scribe, context: EpisodeContext) => EpisodeRecord[]): Script =>
  (scribe, context) => [
    scribe.startRecord(),
    scribe.patchRecord(2, 1),
    ...middle(scribe, context),
    ...(context.count % 2 === 0 ? [scribe.snapshotRecord(5, 4), scribe.patchRecord(6, 5)] : []),
  ]

const blocking = (build: (scribe: Scribe, context: EpisodeContext) => Buffer): Script =>
  around((scribe, context) => [
    scribe.malformed(at, build(scribe, context)),
    scribe.patchRecord(4, 3),
  ])

/** A record at the malformed position whose body is wrong. */
const wrongBody = (build: (scribe: Scribe, context: EpisodeContext) => Body): Script =>
  blocking((scribe, context) => recordValue(scribe.stamp(at), build(scribe, context)))

/** A patch without a hash: only a client that reads it right gets the right state. */
const wrongPatch = (value: string | Buffer): Script =>
  wrongBody((scribe) => scribe.patchWith({ op: 'replace', path: '/plan/next', json: value }))

const validPatch = (scribe: Scribe, more: Parameters<Scribe['stamp']>[1] = {}) =>
  recordValue(scribe.stamp(at, more), scribe.patch(2))

const raw = (scribe: Scribe) => scribe.rawPatch(at, 2)

const scripts: Record<MalformedKind, Script> = {
  'bad-patch-json': wrongPatch('{bad'),
  'bad-patch-utf8': wrongPatch(Buffer.of(0x22, 0xc3, 0x28, 0x22)),
  'patch-to-nowhere': wrongBody((scribe) =>
    scribe.patchWith({ op: 'replace', path: '/plan/of/nobody', json: '1' }),
  ),
  'wrong-state-hash': wrongBody((scribe) => scribe.patch(2, { stateHash: hashOf('another') })),
  'bad-full-state': wrongBody((scribe) =>
    scribe.snapshot(2, { fullState: Buffer.from('{"step":') }),
  ),
  'deep-state': wrongBody((scribe) =>
    scribe.snapshot(2, {
      fullState: Buffer.from('['.repeat(deepLevels) + ']'.repeat(deepLevels)),
    }),
  ),
  'no-sequence': blocking((scribe) =>
    recordValue({ ...scribe.stamp(at), sequence: 0 }, scribe.patch(2)),
  ),
  'unknown-base': wrongBody((scribe) =>
    // Two versions ahead, so that the hash does not match either.
    scribe.patch(3, { baseCheckpointId: hashOf('nobody').subarray(0, 16) }),
  ),
  'bad-checkpoint': wrongBody((scribe) =>
    checkpointBody(hashOf(scribe.thread).subarray(0, 16), stateText(scribe.state(2)), 'other'),
  ),
  'big-integers': valid(
    (scribe) => recordValue(scribe.stamp(at), scribe.patch(2, {}, true)),
    true,
  ),
  'oversized-state': harmless((scribe, { payloadBytesMax }) =>
    compressedValue(
      scribe.stamp(at),
      scribe.snapshot(2, { fullState: Buffer.from(`"${'a'.repeat(payloadBytesMax)}"`) }),
    ),
  ),
  'out-of-order': around((scribe) => [
    scribe.malformed(4, recordValue(scribe.stamp(4), scribe.patch(3))),
    scribe.malformed(3, recordValue(scribe.stamp(3), scribe.patch(2))),
  ]),
  duplicate: (scribe) => {
    const twice = scribe.patchRecord(at, 2)
    const [again, last] = [scribe.malformed(at, twice.value), scribe.patchRecord(4, 3)]
    return [scribe.startRecord(), scribe.patchRecord(2, 1), twice, again, last]
  },
  'missing-sequence': around((scribe) => [
    scribe.malformed(4, recordValue(scribe.stamp(4), scribe.patch(3))),
  ]),
  'truncated-protobuf': harmless((scribe) => truncated(raw(scribe))),
  garbage: harmless((scribe) => garbage(scribe.chance)),
  'wrong-wire-type': harmless(() => badHeader('sequence-as-text')),
  'bad-utf8': harmless(() => badHeader('thread-not-utf8')),
  'deep-nesting': harmless(() => deepAttributes(deepLevels)),
  'bad-zstd': harmless((scribe, { count }) => badZstd(raw(scribe), count % 2 === 0)),
  'bomb-zstd-declared': harmless((_, { payloadBytesMax }) =>
    declaredBomb(bombFactor * payloadBytesMax),
  ),
  'bomb-zstd-frames': harmless((_, { payloadBytesMax }) =>
    bombOfFrames(Math.floor(payloadBytesMax / 2), 2 * bombFactor),
  ),
  'unsized-zstd': harmless((scribe) => unsizedZstd(raw(scribe))),
  'unknown-framing': harmless((scribe) => unknownFraming(raw(scribe))),
  'empty-value': harmless(() => Buffer.alloc(0)),
  tombstone: harmless(() => null),
  'foreign-schema': blocking((scribe) => validPatch(scribe, { schemaVersion: 2 })),
  'long-thread': hostileThread,
  'control-thread': hostileThread,
  'empty-thread': (scribe, context) => {
    const body = eventBody(EventType.NODE_WARNING, 'nowhere')
    const messageId = hashOf(scribe.thread).subarray(16)
    const value = recordValue(scribe.stamp(at, { thread: '', messageId }), body)
    const [start, patch, odd, ...rest] = harmless(() => value)(scribe, context)
    return [start, patch, { ...odd, thread: '' }, ...rest] as EpisodeRecord[]
  },
  'jumping-batch': (scribe, context) => {
    const value = jumpingBatch(jumpingEvents, hashOf(scribe.thread).subarray(16))
    const [start, patch, odd, ...rest] = harmless(() => value)(scribe, context)
    return [start, patch, { ...odd, thread: '' }, ...rest] as EpisodeRecord[]
  },
  'no-message': harmless(() => Buffer.of(0)),
  'past-clock': valid((scribe) => validPatch(scribe, { timestampUs: minute1970Us })),
  'future-clock': valid((scribe, { unixMs }) =>
    validPatch(scribe, { timestampUs: BigInt(Math.round((unixMs + futureMs) * 1_000)) }),
  ),
  'multi-thread-batch': (scribe, context) => [
    scribe.startRecord(),
    scribe.patchRecord(2, 1),
    scribe.malformed(at, twoThreads(scribe, context)),
    scribe.patchRecord(4, 2),
  ],
  'legacy-unframed': valid((scribe) => Buffer.from(raw(scribe))),
  'legacy-zstd': valid((scribe) =>
    zstd(messageBytes(scribe.stamp(at, { isCompressed: true }), scribe.patch(2))),
  ),
  'oversize-payload': harmless((scribe, { payloadBytesMax }) =>
    recordValue(
      scribe.stamp(at),
      scribe.snapshot(2, { fullState: Buffer.from(`"${'a'.repeat(payloadBytesMax)}"`) }),
    ),
  ),
}

/** All records of the thread are malformed, because all carry its name. */
function hostileThread(scribe: Scribe): EpisodeRecord[] {
  const records = [scribe.startRecord(), scribe.patchRecord(2, 1), scribe.patchRecord(3, 2)]
  return records.map(({ sequence, value }) => scribe.malformed(sequence, value))
}

/** An event of this thread, and the beginning of another thread, in one record. */
function twoThreads(scribe: Scribe, { seed, unixMs }: EpisodeContext): Buffer {
  const second = openScribe(seed, `${scribe.thread}${secondSuffix}`, unixMs)
  const writer = new BinaryWriter()
  const add = (from: Scribe, sequence: number, body: Body) => {
    payload(writer.tag(2, WireType.LengthDelimited).fork(), from.stamp(sequence), body)
    writer.join()
  }
  add(scribe, at, eventBody(EventType.NODE_PROGRESS, 'plan'))
  add(second, 1, graphStartBody(stateText(second.state(0)), 'a second thread'))
  const envelope = scribe.stamp(0, { messageId: hashOf(scribe.thread).subarray(16) })
  return recordValue(envelope, { type: MessageType.EVENT_BATCH, fields: writer.finish() })
}
