/**
 * The malformed kinds: every way in which a record can be wrong, what is wrong with it, and how a
 * relay and a client that get it right react. A run accounts for each record of each kind, so a
 * kind without a documented reaction cannot exist.
 *
 * Some kinds are valid and only look dangerous (`applies`): refusing them is the mistake. The
 * records, with the valid ones around them, are written in harness/records/malformed-case.ts.
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
      /** The contract binds who writes it: a relay that can unpack it may forward it as well. */
      readonly mayForward?: true
    }
  | { readonly does: 'counts-as-missing' }
  | { readonly does: 'forwards' }

/**
 * What the client does. `refuses`: the record does not touch the state, and a refusal with one of
 * `reasons` is reported; `quarantines`: as before, and kept aside because it belongs to no run.
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
  /** It costs whoever reads it more than others do. */
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
    says: 'A patch value that claims to be JSON and is not.',
    relay: forwards,
    client: refuses('patch-value'),
    because: 'A relay does not read patches; text taken for JSON would be a state nobody had.',
  },
  'bad-patch-utf8': {
    says: 'A patch value that claims to be JSON and is not even UTF-8.',
    relay: forwards,
    client: refuses('patch-value'),
    because: 'Replacement characters would stand in the state as if the producer had written them.',
  },
  'patch-to-nowhere': {
    says: 'A patch that replaces a member of an object that does not exist.',
    relay: forwards,
    client: refuses('patch'),
    because: 'RFC 6902 demands that the target exists; inventing parents hides a lost record.',
  },
  'wrong-state-hash': {
    says: 'A patch that applies, but to a state of another hash than the record states.',
    relay: forwards,
    client: refuses('hash'),
    because: 'The hash is the only proof that the client has what the producer had.',
  },
  'bad-full-state': {
    says: 'A snapshot that is not JSON.',
    relay: forwards,
    client: refuses('state-json'),
    because: 'A snapshot that cannot be read must not pass for the empty state.',
  },
  'deep-state': {
    says: 'A snapshot of a thousand arrays in one another.',
    relay: forwards,
    client: refuses('state-json', 'state-too-large'),
    because: 'Code that calls itself for each level runs out of stack on it.',
  },
  'no-sequence': {
    says: 'A patch without a sequence.',
    relay: forwards,
    client: refuses('sequence-missing'),
    because: 'A change of state that has no place in its thread cannot be applied in order.',
  },
  'unknown-base': {
    says: 'A patch that starts from a checkpoint that nobody has.',
    relay: forwards,
    client: refuses('base-unknown', 'gap'),
    because: 'Whatever the client has, it is not what the patch was made for.',
  },
  'bad-checkpoint': {
    says: 'A checkpoint whose checksum is of other bytes.',
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
    says: 'A snapshot that is small when compressed and above the payload limit when not.',
    relay: deadLetters('decompressed_too_large'),
    client: neverSees,
    because: 'The limit is about the memory of everyone behind the relay, so it holds unpacked.',
  },
  'out-of-order': {
    says: 'Two neighbouring patches of one thread in the wrong order.',
    relay: forwards,
    client: refuses('gap', 'order'),
    because: 'Patches do not commute; the relay keeps the order of the log, whatever it is.',
  },
  duplicate: {
    says: 'The same record twice, as a producer writes it that lost an acknowledgement.',
    relay: forwards,
    client: refuses('duplicate'),
    because: 'Two offsets are two records for a relay; the message id tells the client.',
  },
  'missing-sequence': {
    says: 'A thread whose sequence jumps over a patch that never was in Kafka.',
    relay: forwards,
    client: refuses('gap'),
    because: 'What is built on a patch that nobody got is not the state of the run.',
  },
  'truncated-protobuf': {
    says: 'A record cut off in the middle of a field.',
    relay: deadLetters('buffer_underflow', 'length_overrun'),
    client: neverSees,
    because: 'It cannot be read, and a half of a record is not forwarded as a whole one.',
  },
  garbage: {
    says: 'Random bytes behind a valid framing byte.',
    relay: deadLetters('invalid_tag'),
    client: neverSees,
    because: 'It cannot be read.',
  },
  'wrong-wire-type': {
    says: 'A known field with a wire type that it cannot have.',
    relay: deadLetters('wrong_wire_type'),
    client: neverSees,
    because: 'It is not of this schema, even where a lenient parser would skip the field.',
  },
  'bad-utf8': {
    says: 'A thread id of bytes that are not UTF-8.',
    relay: deadLetters('invalid_utf8'),
    client: neverSees,
    because: 'proto3 strings are UTF-8; two ids may not become one by replacement characters.',
  },
  'deep-nesting': {
    says: 'An attribute of a thousand maps in one another.',
    relay: deadLetters('nesting_too_deep'),
    client: neverSees,
    because: 'Code that calls itself for each level runs out of stack, and takes the relay along.',
  },
  'bad-zstd': {
    says: 'A framing byte for zstd with something else behind it.',
    relay: deadLetters('zstd_invalid'),
    client: neverSees,
    because: 'It cannot be unpacked.',
  },
  'bomb-zstd-declared': {
    says: 'A zstd frame of a few hundred bytes that declares, and is, many times the limit.',
    relay: deadLetters('decompressed_too_large'),
    client: neverSees,
    because: 'The declared size is refused before a byte is allocated.',
  },
  'bomb-zstd-frames': {
    says: 'Many zstd frames in a row, each below the limit, together far above it.',
    relay: deadLetters('zstd_not_single'),
    client: neverSees,
    because: 'The contract is one frame; the first header must not vouch for those behind it.',
  },
  'unsized-zstd': {
    says: 'A zstd frame that does not declare its size.',
    relay: { ...deadLetters('zstd_unsized'), mayForward: true },
    client: neverSees,
    because:
      'Without a size there is no limit before allocation, and viewers refuse it. The contract ' +
      'binds who writes it; a relay whose unpacking has a limit of its own may let it through.',
  },
  'unknown-framing': {
    says: 'A framing byte that is none of ours and no protobuf tag either.',
    relay: deadLetters('invalid_tag', 'invalid_framing'),
    client: neverSees,
    because: 'Nobody knows what follows it.',
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
    because: 'There is nothing to forward and nothing to dead-letter, but it must be counted.',
  },
  'foreign-schema': {
    says: 'A schema version of the future.',
    relay: forwards,
    client: refuses('schema'),
    because: 'A relay may be older than both its ends; who interprets the record must refuse it.',
  },
  'long-thread': {
    says: 'A thread id of more than 256 bytes of multi-byte characters, valid.',
    relay: forwards,
    client: applies,
    because: 'Ids are cut at characters, or not at all; cutting at a byte has killed relays.',
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
    because: 'Telemetry without a run is kept aside, not mixed into one.',
  },
  'jumping-batch': {
    says: 'A packed batch of 15,000 events whose sequences jump to and fro, small and valid.',
    relay: forwards,
    client: quarantines('thread-missing'),
    because: 'What it costs must grow with its size, or it stands in the way of all others.',
    isExpensive: true,
  },
  'no-message': {
    says: 'A framing byte and nothing else: a message of no kind.',
    relay: forwards,
    client: quarantines('message-kind', 'thread-missing'),
    because: 'It is valid protobuf, perhaps of a newer kind; it belongs to no run.',
  },
  'past-clock': {
    says: 'A producer clock of 1970, valid.',
    relay: forwards,
    client: applies,
    because: 'Stamps are for people and latency; order comes from offsets and sequences.',
  },
  'future-clock': {
    says: 'A producer clock two minutes ahead, valid.',
    relay: forwards,
    client: applies,
    because: 'As before; it must not become a latency either.',
  },
  'multi-thread-batch': {
    says: 'An event batch of several threads, valid.',
    relay: forwards,
    client: applies,
    because: 'Every event has a header of its own; the envelope belongs to nobody.',
  },
  'legacy-unframed': {
    says: 'Protobuf without a framing byte, as old producers write it, valid.',
    relay: forwards,
    client: applies,
    because: 'No message begins with a framing byte, so the two cannot be mistaken.',
  },
  'legacy-zstd': {
    says: 'zstd without a framing byte, as old producers write it, valid.',
    relay: forwards,
    client: applies,
    because: 'No message begins as a zstd frame does, so the two cannot be mistaken.',
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

/** What "all" stands for: those that cost a client more than others are sent by name only. */
export const allMalformedKinds = everyMalformedKind.filter((kind) => !malformed(kind).isExpensive)

/** What a relay owes of a malformed kind; undefined for one that this version does not know. */
export const relayReaction = (kind: string): Malformed['relay'] | undefined =>
  (malformedKinds as Readonly<Record<string, Malformed>>)[kind]?.relay

/** Whether a relay may refuse such a record. */
export const isRefusable = (kind: string): boolean => relayReaction(kind)?.does !== 'forwards'

/** The malformed kinds that are named. */
export function kindsOf(kinds: 'all' | readonly MalformedKind[]): readonly MalformedKind[] {
  return kinds === 'all' ? allMalformedKinds : kinds
}
