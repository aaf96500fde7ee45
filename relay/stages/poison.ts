/** The reference poison policy: a malformed record harms nobody but itself. */
import type { PoisonPolicy } from './seam.ts'

export const referencePoison: PoisonPolicy = {
  isOffered: (index, malformed) => !malformed.has(index),
}
