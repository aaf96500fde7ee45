/**
 * Why a record, or a part of one, did not change the state of its run: a closed set, so that every
 * refusal can be counted, shown and asserted by name. With "failed" alone an operator would have to
 * guess whether the producer, the relay or the client is at fault.
 */
import { decodeFailures, type DecodeFailure } from '../../proto/failures.ts'
import type { RunFlag } from './flags.ts'

interface Row {
  readonly says: string
  /** The flag that the run gets. */
  readonly flag?: RunFlag
}

/** Reasons of the client's own; those of the codec keep the codec's names. */
const own = {
  duplicate: { says: 'A message with this id was applied before, at another offset.' },
  redelivered: { says: 'The relay sent this offset before; nothing in it is new.' },
  superseded: { says: 'The record was sent late, and its run already has a later state.' },
  'patch-value': {
    says: 'The value of a patch operation does not match its encoding.',
    flag: 'patch',
  },
  'patch-value-encoding': {
    says: 'The value of a patch operation has an unknown encoding.',
    flag: 'patch',
  },
  'patch-op': { says: 'A patch operation is not one of the six of RFC 6902.', flag: 'patch' },
  'patch-limits': { says: 'A patch exceeds the limits.', flag: 'patch' },
  work: {
    says: 'The changes of a record cost more work than the limit allows.',
    flag: 'patch',
  },
  patch: {
    says: 'A patch operation cannot be applied; RFC 6902 requires that its target exists.',
    flag: 'patch',
  },
  hash: {
    says: 'The hash of the state after the record differs from the one in the record.',
    flag: 'hash',
  },
  'state-json': { says: 'A state is not valid JSON of the expected kind.', flag: 'state' },
  'state-too-large': { says: 'A state is larger than the limit.', flag: 'state' },
  'checkpoint-encoding': {
    says: 'A checkpoint has an unknown compression.',
    flag: 'checkpoint',
  },
  'checkpoint-bytes': {
    says: 'A compressed checkpoint cannot be unpacked.',
    flag: 'checkpoint',
  },
  'checkpoint-checksum': {
    says: 'A checkpoint does not match its checksum.',
    flag: 'checkpoint',
  },
  'base-unknown': {
    says: 'A patch starts from a checkpoint that this client does not have.',
    flag: 'checkpoint',
  },
  'needs-base': { says: 'The state of the run is not known, so a patch cannot be applied to it.' },
  gap: { says: 'Sequences before the record are missing; its patch has no base.', flag: 'gap' },
  order: { says: 'The sequence is not above the last one of its run.', flag: 'order' },
  'sequence-missing': {
    says: 'A record that changes state has no sequence.',
    flag: 'unsequenced',
  },
  schema: { says: 'The schema version is newer than this client.', flag: 'schema' },
  internal: {
    says: 'The client failed on the record; it is quarantined so that the stream goes on.',
    flag: 'internal',
  },
  'thread-missing': { says: 'The record belongs to no run.' },
  'thread-too-long': { says: 'The id of the run is longer than the limit.' },
  'message-kind': { says: 'The record is of a kind that this client does not know.' },
  'no-cursor': { says: 'The record came without its position.' },
  closed: { says: 'The record came after the client had abandoned its connection.' },
  'before-reset': { says: 'The record is older than the reset of the cursors.' },
} as const satisfies Record<string, Row>

type OwnRefusal = keyof typeof own
/** The stable name of a reason. */
export type ClientRefusal = OwnRefusal | DecodeFailure

const sentences = new Map<ClientRefusal, Row>([
  ...(Object.entries(own) as [OwnRefusal, Row][]),
  ...(Object.entries(decodeFailures) as [DecodeFailure, string][]).map(
    ([reason, says]): [DecodeFailure, Row] => [reason, { says }],
  ),
])

/** What happened, as a sentence for people. */
export function sayRefusal(reason: ClientRefusal): string {
  return sentences.get(reason)?.says ?? reason
}

/** The flag that a refusal of this reason sets on its run, if any. */
export function flagOf(reason: ClientRefusal): RunFlag | undefined {
  return sentences.get(reason)?.flag
}

/** A refusal as a value: the reason, and one sentence with what was found. */
export interface Refused {
  readonly ok: false
  readonly reason: ClientRefusal
  readonly says: string
}

/** Makes a refusal; `found` completes the reason's sentence with what this record held. */
export function refuse(reason: ClientRefusal, found?: string): Refused {
  const sentence = sayRefusal(reason)
  return { ok: false, reason, says: found === undefined ? sentence : `${sentence} ${found}` }
}
