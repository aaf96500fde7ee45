/** What faults of the relay's own process have in common. Only for targets of ours. */
import type { RelayProcess } from '../targets/target.ts'
import { identify } from '../world/processes.ts'
import { isTrouble } from '../world/trouble.ts'
import { isDescribable, isRelayGone, type Evidence, type FaultContext } from './fault.ts'
import { until } from '../world/until.ts'

/** A relay must end on SIGTERM within this time. */
export const termLimitMs = 15_000
/** And be ready again within this one: Kafka waits for a killed member as long as its session. */
const startLimitMs = 60_000
const whyCharsMax = 500

/** The relay's process, which must be ours and alive: what is dead cannot be killed. */
export function processOf(context: FaultContext): RelayProcess {
  if (context.relay === undefined) {
    throw new Error(
      'this fault needs a relay that the harness starts, but the target is a URL; ' +
        'use --target reference or --target-command',
    )
  }
  if (isGone(context.relay.pid)) {
    throw new Error(`the relay (process ${context.relay.pid}) has already exited`)
  }
  return context.relay
}

export const isGone = (pid: number) => identify(pid) === undefined

/** A relay may refuse these settings by exiting immediately; then it is started without them. */
export async function startAgain(
  relay: RelayProcess,
  context: FaultContext,
  environment?: Readonly<Record<string, string>>,
): Promise<Evidence> {
  const beganMs = context.clock.nowMs()
  try {
    await relay.start(startLimitMs, environment)
  } catch (error) {
    if (environment === undefined || !hasRefused(error)) throw error
    await relay.start(startLimitMs)
    return { pid: relay.pid, isRefused: true, why: (error as Error).message.slice(0, whyCharsMax) }
  }
  const readyMs = Math.round(context.clock.nowMs() - beganMs)
  return { pid: relay.pid, readyMs, ...(await settled(context)) }
}

/**
 * Waits until the group is stable with the target: Kafka removes a killed member only after its
 * session timeout, and what the new one does before that proves nothing. A group that never gets
 * stable is reported, not thrown: it may be the relay's own failure.
 */
async function settled(context: FaultContext): Promise<Evidence> {
  const { group } = context
  if (!(await isDescribable(context))) return { isSettled: null }
  const asked = await until(
    context,
    group.settleLimitMs,
    200,
    () => group.ownedByTarget(),
    (held = []) => held.length >= group.partitions || isRelayGone(context),
  )
  const partitionsHeld = asked.answer?.length ?? null
  const settledMs = Math.round(asked.tookMs)
  return { isSettled: partitionsHeld === group.partitions, settledMs, partitionsHeld }
}

const hasRefused = (error: unknown) => isTrouble((error as Error).cause, 'child-died')
