/** The relay is killed without warning, and started again when it is healed. */
import { z } from 'zod'
import { defineFault } from './fault.ts'
import { isGone, processOf, startAgain, termLimitMs } from './relay-process.ts'

export const killRelay = defineFault({
  spec: z.strictObject({ fault: z.literal('kill-relay') }),
  effects: () => ({ on: 'relay', does: ['ends-relay'] }),
  draw: () => ({ fault: 'kill-relay' }) as const,
  says: () => 'relay process killed (SIGKILL) and started again',
  async inject(_, context) {
    const relay = processOf(context)
    const pid = relay.pid
    await relay.kill('SIGKILL', termLimitMs)
    return {
      measure: async () => ({
        isActive: isGone(pid),
        evidence: { pid, isGone: isGone(pid) },
      }),
      heal: () => startAgain(relay, context),
    }
  },
})
