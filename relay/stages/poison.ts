/** The reference poison policy: a malformed record does not affect the others. */
import type { PoisonPolicy } from './seam.ts'

export const referencePoison: PoisonPolicy = {
  isOffered: (index, malformed) => !malformed.has(index),
}
