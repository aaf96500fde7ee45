/**
 * The named parts that the client is composed of. Passing another one makes a client that differs
 * in that rule and in nothing else; that is how known defects are injected on purpose.
 */
import type { JsonValue } from '../../proto/canonical-json.ts'
import type { Decoded, DecodeLimits } from '../../proto/codec-core.ts'
import type { DiffOperation_ValueEncoding } from '../../proto/gen/dashstream_pb.js'
import type { Dedupe } from './dedupe.ts'
import type { SequenceGuard } from './guard.ts'
import type { PatchOp } from './patch-op.ts'
import type { Refused } from './refusals.ts'
import type { SizedState, StateLimits } from './state-size.ts'
import type { Work } from './work.ts'

/** A JSON text as a value. Throws an Error when the text is not JSON. */
export type ParseJson = (text: string) => JsonValue

/** A value, or the reason why there is none. */
export type ValueRead = { readonly ok: true; readonly value: JsonValue } | Refused
/** A state, or the reason why there is none. */
export type StateRead =
  | {
      readonly ok: true
      readonly state: SizedState
      /** Bytes of the containers that it does not share with the state before, in memory. */
      readonly copiedBytes?: number
    }
  | Refused

export interface ClientParts {
  /** Frame to message; total. Bytes fields may be views of `frame`. */
  readonly decode: (frame: Uint8Array, limits: DecodeLimits) => Decoded
  /** Reads all JSON of states and patch values. */
  readonly parseJson: ParseJson
  /** The value of one patch operation. */
  readonly patchValue: (
    bytes: Uint8Array,
    encoding: DiffOperation_ValueEncoding,
    parseJson: ParseJson,
  ) => ValueRead
  /**
   * Applies all operations or none; never changes `state` itself.
   *
   * @throws OverworkedError when `work` does not suffice
   */
  readonly applyPatch: (
    state: SizedState,
    operations: readonly PatchOp[],
    limits: StateLimits,
    work?: Work,
  ) => StateRead
  /** 32 bytes; `exponent` as in proto/canonical-json.ts. Throws if a state has no exact text. */
  readonly stateHash: (state: JsonValue, exponent: 'plain' | 'signed') => Uint8Array
  readonly guard: SequenceGuard
  readonly dedupe: (messageIdsMax: number) => Dedupe
}

/** What the platform provides: the same client runs in Node and in a browser. */
export interface ClientPlatform {
  readonly decode: ClientParts['decode']
  readonly sha256: (bytes: Uint8Array) => Uint8Array
  /** The content of one zstd frame; throws unless it is valid and at most `bytesMax` long. */
  readonly unzstd: (frame: Uint8Array, bytesMax: number) => Uint8Array
}
