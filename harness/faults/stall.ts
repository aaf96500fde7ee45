/** Nothing flows on a link, and the sender's writes wait: TCP backpressure. */
import { bothWays, defineLinkFault } from './link-fault.ts'

export const stall = defineLinkFault({
  name: 'stall',
  options: {},
  says: (_, link) => `${link} stalled (TCP backpressure)`,
  does: ['slows', 'backs-up', 'severs'],
  toxics: (spec) => bothWays(spec, { type: 'bandwidth', attributes: { rate: 0 } }),
  isActive: (_, probed) => probed.outcome === 'silent',
  isFreezing: true,
  draw: () => ({}),
})
