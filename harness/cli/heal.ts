/** `chaos heal`: undoes faults and cleans up after killed runs. Every run does so at its start. */
import { undoLeftovers } from '../conductor/heal.ts'
import { sweepLeftovers } from '../world/ledger.ts'
import { stateFolder } from '../world/places.ts'
import type { CommandWorld } from '../world/command-world.ts'
import { exitCodes } from '../world/exit-codes.ts'

export async function healLeftovers(
  given: CommandWorld,
  options: { json?: boolean },
): Promise<number> {
  const swept = await sweepLeftovers(given.clock)
  const paid = await undoLeftovers(given.clock, stateFolder)
  const done = [
    ...swept.ended.map((one) => `ended ${one}`),
    ...swept.removed.map((one) => `removed ${one}`),
    ...paid.undone.map((one) => `undone ${one}`),
  ]
  const left = [...swept.left, ...paid.left]
  if (options.json) given.out.write(`${JSON.stringify({ done, left })}\n`)
  else {
    for (const one of done) given.out.write(`${one}\n`)
    for (const one of left) given.out.write(`could not clean up: ${one}\n`)
    if (done.length + left.length === 0) given.out.write('nothing to clean up\n')
  }
  return left.length === 0 ? exitCodes.pass.code : exitCodes.unknown.code
}
