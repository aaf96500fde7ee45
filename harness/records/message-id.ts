/** Message ids that follow from the seed: a repeated run has the same ones. */
import type { Dice } from '../world/dice.ts'

/** The next 16 bytes of `chance`. */
export function messageId(chance: Dice): Buffer {
  const id = Buffer.allocUnsafe(16)
  for (let at = 0; at < id.length; at += 4) id.writeUInt32LE(chance.int(2 ** 32), at)
  return id
}
