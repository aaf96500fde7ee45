/** The relay is asked to stop, and started again when it is healed. */
import { z } from 'zod'
import { DeadlineError } from '../../relay/world/deadline.ts'
import type { RelayProcess } from '../targets/target.ts'
import { defineFault } from './fault.ts'
import { isGone, processOf, startAgain, termLimitMs } from './relay-process.ts'

const restartSpec = z.strictObject({
  fault: z.literal('restart-relay'),
  /**
   * Added to the environment from then on, unchecked: for values that no setting can have. A relay
   * that refuses them is started without them.
   */
  environment: z.record(z.string(), z.string()).readonly().exactOptional(),
  /** Back before the phase begins, where it would stay away for as long as the phase lasts. */
  isBackAtOnce: z.literal(true).exactOptional(),
})

export const restartRelay = defineFault<z.infer<typeof restartSpec>>({
  spec: restartSpec,
  effects: () => ({ on: 'relay', does: ['ends-relay'] }),
  isOverAtOnce: ({ isBackAtOnce = false }) => isBackAtOnce,
  draw: () => ({ fault: 'restart-relay' }) as const,
  says: ({ environment = {}, isBackAtOnce = false }) => {
    const values = Object.entries(environment).map(([name, value]) => `${name}=${value}`)
    const further = values.length === 0 ? '' : ` with ${values.join(', ')}`
    const atOnce = isBackAtOnce ? ' at once' : ''
    return `relay stopped (SIGTERM) and started again${atOnce}${further}`
  },
  async inject({ environment }, context) {
    const relay = processOf(context)
    const pid = relay.pid
    const beganMs = context.clock.nowMs()
    const ended = await endInOrder(relay)
    const tookMs = Math.round(context.clock.nowMs() - beganMs)
    return {
      measure: async () => ({
        isActive: isGone(pid),
        evidence: { pid, exitCode: ended.code, hasObeyed: ended.hasObeyed, tookMs },
      }),
      heal: () => startAgain(relay, context, environment),
    }
  },
})

/** A relay that does not end when it is asked to is killed: it must be restarted all the same. */
async function endInOrder(relay: RelayProcess) {
  try {
    return { ...(await relay.kill('SIGTERM', termLimitMs)), hasObeyed: true }
  } catch (error) {
    if (!(error instanceof DeadlineError)) throw error
    return { ...(await relay.kill('SIGKILL', termLimitMs)), hasObeyed: false }
  }
}
