/**
 * Clients that stop reading. The buffers of the kernel and the proxy fill up first, about 4 MB per
 * client with Linux's defaults; only then the relay's writes wait.
 */
import { z } from 'zod'
import { defineFault } from './fault.ts'
import { bytesInWindow, measureFrozen } from './link-proof.ts'

export const readersStop = defineFault({
  spec: z.strictObject({ fault: z.literal('readers-stop'), group: z.string().min(1) }),
  effects: ({ group }) => ({ on: 'clients', group, does: ['slows', 'backs-up'] }),
  draw: ({ dice, groups }) => ({ fault: 'readers-stop', group: dice.pick(groups) }) as const,
  says: (spec) => `clients of group ${spec.group} stop reading`,
  async inject(spec, context) {
    const bytesBefore = await bytesInWindow(spec.group, context)
    await context.setReading(spec.group, true)
    return {
      async measure() {
        const { isFrozen, ...measured } = await measureFrozen(spec.group, context)
        // For clients that got nothing before, getting nothing now proves nothing.
        return { isActive: isFrozen && bytesBefore > 0, evidence: { bytesBefore, ...measured } }
      },
      async heal() {
        await context.setReading(spec.group, false)
        return { group: spec.group }
      },
    }
  },
})
