/** Operations of a patch, shared by the parts that read and apply them. */
import type { JsonValue } from '../../proto/canonical-json.ts'

/** An RFC 6901 pointer, split and unescaped; empty is the root. */
export type Pointer = readonly string[]

/** One operation of RFC 6902. */
export type PatchOp =
  | {
      readonly op: 'add' | 'replace' | 'test'
      readonly path: Pointer
      readonly value: JsonValue
      readonly valueBytes: number
    }
  | { readonly op: 'remove'; readonly path: Pointer }
  | { readonly op: 'move' | 'copy'; readonly path: Pointer; readonly from: Pointer }
