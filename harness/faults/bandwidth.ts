/**
 * Limits a link to a rate. Toxiproxy counts in kB: 1 is 1,000 bytes. A limit can be measured only
 * if more than the limit went through before.
 */
import { z } from 'zod'
import type { Link } from '../stack/stack.ts'
import type { FaultContext } from './fault.ts'
import { defineLinkFault, type Measured } from './link-fault.ts'
import { throughput } from './link-proof.ts'
import type { Flood } from './probe.ts'

/** What was drawn lets a relay's own traffic through, late. */
const drawnKilobytes = [64, 128, 256, 512] as const

export const bandwidth = defineLinkFault({
  name: 'bandwidth',
  options: { kilobytesPerSecond: z.number().positive() },
  says: (spec, link) => `${link} limited to ${spec.kilobytesPerSecond} kB/s`,
  does: ['slows', 'backs-up'],
  toxics: (spec) => [
    { type: 'bandwidth', stream: 'downstream', attributes: { rate: spec.kilobytesPerSecond } },
  ],
  isActive: () => true,
  isFreezing: false,
  measure: ({ kilobytesPerSecond }, link, context) =>
    narrowing(kilobytesPerSecond * 1_000, link, context),
  draw: (dice) => ({ kilobytesPerSecond: dice.pick(drawnKilobytes) }),
})

async function narrowing(wanted: number, link: Link, context: FaultContext): Promise<Measured> {
  const before = await throughput(link, context, wanted)
  before.close()
  const floods: Flood[] = []
  return {
    async measure() {
      const now = await throughput(link, context, wanted)
      floods.push(now)
      const bytesPerSecond = Math.round(now.bytesPerSecond)
      const bytesPerSecondBefore = Math.round(before.bytesPerSecond)
      const wasMore = bytesPerSecondBefore > wanted && bytesPerSecond < bytesPerSecondBefore * 0.8
      const isActive = wasMore && bytesPerSecond <= wanted * 2 + 4_096
      const bytesPerSecondWanted = wanted
      return { isActive, evidence: { bytesPerSecond, bytesPerSecondBefore, bytesPerSecondWanted } }
    },
    close() {
      for (const flood of floods) flood.close()
    },
  }
}
