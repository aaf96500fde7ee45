/** The reference implementations of all parts, wired in one place. */
import { canonicalJson, parseLossless } from '../../proto/canonical-json.ts'
import { createDedupe } from './dedupe.ts'
import { monotonicGuard } from './guard.ts'
import type { ClientParts, ClientPlatform } from './parts.ts'
import { readPatchValue } from './patch-value.ts'
import { applyPatch } from './patch.ts'

const utf8 = new TextEncoder()

/** The reference client. */
export function referenceParts(platform: ClientPlatform): ClientParts {
  return {
    decode: platform.decode,
    parseJson: (text) => parseLossless(text),
    patchValue: readPatchValue,
    applyPatch,
    stateHash: (state, exponent) =>
      platform.sha256(utf8.encode(canonicalJson(state, { exponent }))),
    guard: monotonicGuard,
    dedupe: createDedupe,
  }
}
