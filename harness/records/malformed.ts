/**
 * The malformed kinds: every way in which a record can be wrong, what is wrong with it, and how a
 * relay and a client that get it right react. A run accounts for each record of each kind, so a
 * kind without a documented reaction cannot exist.
 *
 * Some kinds are valid and only look malformed (`applies`): refusing them is the mistake. The
 * records, with the valid ones around them, are made in harness/records/malformed-case.ts.
 */
import { errorTypeOf, type DecodeFailure, type ErrorType } from '../../proto/failures.ts'
import type { ClientRefusal } from '../../relay/client/refusals.ts'

/**
 * What the relay does with the record. `errorTypes` are the values of `error_type` in its
 * dead-letter record that are right, `failures` the codec's reasons behind them.
 */
export type RelayReaction =
  | {
      readonly does: 'dead-letters'
      readonly failures: readonly DecodeFailure[]
      readonly errorTypes: readonly ErrorType[]
      /** The rule binds producers: a relay that can decompress the record may also forward it. */
      readonly mayForward?: true
    }
  | { readonly does: 'counts-as-missing' }
  | { readonly does: 'forwards' }

/**
 * What the client does. `refuses`: the record does not touch the state, and a refusal with one of
 * `reasons` is reported; `quarantines`: the same, and set aside because it belongs to no run.
 */
export type ClientReaction =
  | { readonly does: 'refuses'; readonly reasons: readonly ClientRefusal[] }
  | { readonly does: 'quarantines'; readonly reasons: readonly ClientRefusal[] }
  | { readonly does: 'applies' }
  | { readonly does: 'never-sees' }

export interface Malformed {
  /** What is wrong with the record. */
  readonly says: string
  readonly relay: RelayReaction
  readonly client: ClientReaction
  /** Why these reactions and no others. */
  readonly because: string
  /** It costs its reader more than other records do. */
  readonly isExpensive?: true
}

type Refusing = Extract<RelayReaction, { does: 'dead-letters' }>
const forwards: RelayReaction = { does: 'forwards' }
const deadLetters = (...failures: DecodeFailure[]): Refusing => ({
  does: 'dead-letters',
  failures,
  errorTypes: [...new Set(failures.map(errorTypeOf))],
})
const refuses = (...reasons: ClientRefusal[]): ClientReaction => ({ does: 'refuses', reasons })
const quarantines = (...reasons: ClientRefusal[]): ClientReaction => ({
  does: 'quarantines',
  reasons,
})
const applies: ClientReaction = { does: 'applies' }
const neverSees: ClientReaction = { does: 'never-sees' }

export const malformedKinds = {
  'bad-patch-json': {
    says: 'A patch value that is declared as JSON and is not.',
    relay: forwards,
    client: refuses('patch-value'),
    because: 'A relay reads no patches; applied as text it makes a state the producer never had.',
  },
  'bad-patch-utf8': {
    says: 'A patch value that is declared as JSON and is not even UTF-8.',
    relay: forwards,
    client: refuses('patch-value'),
    because: 'Replacement characters would look as if the producer had written them.',
  },
  'patch-to-nowhere': {
    says: 'A patch that replaces a member of an object that does not exist.',
    relay: forwards,
    client: refuses('patch'),
    because: 'RFC 6902 requires that the target exists; creating parents hides a lost record.',
  },
  'wrong-state-hash': {
    says: 'A patch that applies, but results in another hash than the record states.',
    relay: forwards,
    client: refuses('hash'),
    because: 'The hash is the only proof that the client has what the producer had.',
  },
  'bad-full-state': {
    says: 'A snapshot that is not JSON.',
    relay: forwards,
    client: refuses('state-json'),
    because: 'An unreadable snapshot must not become an empty state.',
  },
  'deep-state': {
    says: 'A snapshot of 1,000 nested arrays.',
    relay: forwards,
    client: refuses('state-json', 'state-too-large'),
    because: 'Recursive code runs out of stack on it.',
  },
  'no-sequence': {
    says: 'A patch without a sequence.',
    relay: forwards,
    client: refuses('sequence-missing'),
    because: 'A change without a position in its thread cannot be applied in order.',
  },
  'unknown-base': {
    says: 'A patch that starts from a checkpoint that does not exist.',
    relay: forwards,
    client: refuses('base-unknown', 'gap'),
    because: 'Whatever the client has, it is not what the patch was made for.',
  },
  'bad-checkpoint': {
    says: 'A checkpoint with the checksum of other bytes.',
    relay: forwards,
    client: refuses('checkpoint-checksum'),
    because: 'A checkpoint replaces the whole state, so a damaged one damages everything.',
  },
  'big-integers': {
    says: 'Integers around and above 2^53 in a patch and in the hash: valid, exact to 2^64-1.',
    relay: forwards,
    client: applies,
    because: 'JSON has no limit on integers; rounding one makes a correct state look corrupted.',
  },
  'oversized-state': {
    says: 'A snapshot that is small compressed and above the payload limit decompressed.',
    relay: deadLetters('decompressed_too_large'),
    client: neverSees,
    because: 'The limit protects the memory of all clients, so it covers decompressed bytes.',
  },
  'out-of-order': {
    says: 'Two consecutive patches of one thread in the wrong order.',
    relay: forwards,
    client: refuses('gap', 'order'),
    because: 'Patches do not commute; the relay keeps the order of the log.',
  },
  duplicate: {
    says: 'The same record twice, as after a lost acknowledgement.',
    relay: forwards,
    client: refuses('duplicate'),
    because: 'For a relay two offsets are two records; the client compares message ids.',
  },
  'missing-sequence': {
    says: 'A thread whose sequence skips a patch that was never in Kafka.',
    relay: forwards,
    client: refuses('gap'),
    because: 'Without that patch the state of the thread is unknown.',
  },
  'truncated-protobuf': {
    says: 'A record cut off in the middle of a field.',
    relay: deadLetters('buffer_underflow', 'length_overrun'),
    client: neverSees,
    because: 'It cannot be decoded, and half a record must not be forwarded as a whole one.',
  },
  garbage: {
    says: 'Random bytes after a valid framing byte.',
    relay: deadLetters('invalid_tag'),
    client: neverSees,
    because: 'It cannot be decoded.',
  },
  'wrong-wire-type': {
    says: 'A known field with a wire type that it cannot have.',
    relay: deadLetters('wrong_wire_type'),
    client: neverSees,
    because: 'It violates the schema, even if a lenient parser would skip the field.',
  },
  'bad-utf8': {
    says: 'A thread id of bytes that are not UTF-8.',
    relay: deadLetters('invalid_utf8'),
    client: neverSees,
    because: 'proto3 strings are UTF-8; replacement characters could merge two ids into one.',
  },
  'deep-nesting': {
    says: 'An attribute of 1,000 nested maps.',
    relay: deadLetters('nesting_too_deep'),
    client: neverSees,
    because: 'Recursive code runs out of stack, which can crash the relay.',
  },
  'bad-zstd': {
    says: 'A zstd framing byte before bytes that are not zstd.',
    relay: deadLetters('zstd_invalid'),
    client: neverSees,
    because: 'It cannot be decompressed.',
  },
  'bomb-zstd-declared': {
    says: 'A zstd frame of a few hundred bytes that declares and holds many times the limit.',
    relay: deadLetters('decompressed_too_large'),
    client: neverSees,
    because: 'The declared size is refused before a byte is allocated.',
  },
  'bomb-zstd-frames': {
    says: 'Many zstd frames in a row, each below the limit, together far above it.',
    relay: deadLetters('zstd_not_single'),
    client: neverSees,
    because: 'A value is one frame; the size in the first header says nothing about the others.',
  },
  'unsized-zstd': {
    says: 'A zstd frame that does not declare its size.',
    relay: { ...deadLetters('zstd_unsized'), mayForward: true },
    client: neverSees,
    because:
      'Without a size nothing limits the allocation, and clients refuse it. The rule binds ' +
      'producers; a relay that limits decompression itself may forward it.',
  },
  'unknown-framing': {
    says: 'A first byte that is neither a known framing byte nor a protobuf tag.',
    relay: deadLetters('invalid_tag', 'invalid_framing'),
    client: neverSees,
    because: 'What follows it is unknown.',
  },
  'empty-value': {
    says: 'A value of no bytes.',
    relay: deadLetters('empty'),
    client: neverSees,
    because: 'There is no framing byte, so there is no message.',
  },
  tombstone: {
    says: 'A record without a value.',
    relay: { does: 'counts-as-missing' },
    client: neverSees,
    because: 'There is nothing to forward or dead-letter, but it must be counted.',
  },
  'foreign-schema': {
    says: 'A schema version newer than the relay.',
    relay: forwards,
    client: refuses('schema'),
    because: 'A relay may be older than producer and client; who decodes it must refuse it.',
  },
  'long-thread': {
    says: 'A thread id of more than 256 bytes of multi-byte characters, valid.',
    relay: forwards,
    client: applies,
    because: 'Ids must be cut between characters or not at all; cutting at a byte crashed relays.',
  },
  'control-thread': {
    says: 'A thread id with control characters, colons and spaces, valid.',
    relay: forwards,
    client: applies,
    because: 'An id is opaque; it must not break a Redis key, a log line or a page.',
  },
  'empty-thread': {
    says: 'A record that belongs to no thread.',
    relay: forwards,
    client: quarantines('thread-missing'),
    because: 'Telemetry without a thread is quarantined, not added to one.',
  },
  'jumping-batch': {
    says: 'A compressed batch of 15,000 events with alternating sequences, small and valid.',
    relay: forwards,
    client: quarantines('thread-missing'),
    because: 'Its cost must be linear in its size, or it delays all other records.',
    isExpensive: true,
  },
  'no-message': {
    says: 'A framing byte and nothing else: a message without a kind.',
    relay: forwards,
    client: quarantines('message-kind', 'thread-missing'),
    because: 'It is valid protobuf, perhaps of a newer kind; it belongs to no thread.',
  },
  'past-clock': {
    says: 'A time stamp of 1970, valid.',
    relay: forwards,
    client: applies,
    because: 'Time stamps are for people and latency; order comes from offsets and sequences.',
  },
  'future-clock': {
    says: 'A time stamp two minutes ahead, valid.',
    relay: forwards,
    client: applies,
    because: 'As before; it must not be counted as latency either.',
  },
  'multi-thread-batch': {
    says: 'An event batch of several threads, valid.',
    relay: forwards,
    client: applies,
    because: 'Every event has its own header; the envelope belongs to no thread.',
  },
  'legacy-unframed': {
    says: 'Protobuf without a framing byte, as old producers write, valid.',
    relay: forwards,
    client: applies,
    because: 'No protobuf message starts with a framing byte, so the two cannot be confused.',
  },
  'legacy-zstd': {
    says: 'zstd without a framing byte, as old producers write, valid.',
    relay: forwards,
    client: applies,
    because: 'No protobuf message starts like a zstd frame, so the two cannot be confused.',
  },
  'oversize-payload': {
    says: 'A value above the payload limit.',
    relay: deadLetters('payload_too_large'),
    client: neverSees,
    because: 'The limit is checked before the bytes are copied.',
  },
} as const satisfies Record<string, Malformed>

/** Name of a malformed kind. */
export type MalformedKind = keyof typeof malformedKinds

/** The row of a kind, in the wide type. */
export const malformed = (kind: MalformedKind): Malformed => malformedKinds[kind]

/** Every kind, in the order of the table. */
export const everyMalformedKind = Object.keys(malformedKinds) as readonly MalformedKind[]

/** What `all` means. Kinds that cost a client more than others are sent by name only. */
export const allMalformedKinds = everyMalformedKind.filter((kind) => !malformed(kind).isExpensive)

/** The relay's reaction to a malformed kind; undefined if this version does not know the kind. */
export const relayReaction = (kind: string): Malformed['relay'] | undefined =>
  (malformedKinds as Readonly<Record<string, Malformed>>)[kind]?.relay

/** Whether a relay may refuse the record. */
export const isRefusable = (kind: string): boolean => relayReaction(kind)?.does !== 'forwards'

/** The malformed kinds that are named. */
export function kindsOf(kinds: 'all' | readonly MalformedKind[]): readonly MalformedKind[] {
  return kinds === 'all' ? allMalformedKinds : kinds
}
