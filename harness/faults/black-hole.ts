/** Bytes vanish on a link: the sender's writes succeed, and nothing arrives. */
import { bothWays, defineLinkFault } from './link-fault.ts'

export const blackHole = defineLinkFault({
  name: 'black-hole',
  options: {},
  says: (_, link) => `black hole on ${link}: bytes dropped, connection stays open`,
  does: ['slows', 'backs-up', 'severs'],
  toxics: (spec) => bothWays(spec, { type: 'timeout', attributes: { timeout: 0 } }),
  isActive: (_, probed) => probed.outcome === 'silent',
  isFreezing: true,
  draw: () => ({}),
})
