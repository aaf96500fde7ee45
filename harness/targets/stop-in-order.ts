/** How a relay that the harness has started is ended, whether as a process or in a container. */
import { sleep, type Clock } from '../../relay/world/clock.ts'
import { DeadlineError } from '../../relay/world/deadline.ts'
import type { OwnedChild } from '../world/owned-child.ts'
import type { RelayProcess } from './target.ts'

/** A relay that honours SIGTERM ends within this time; after it, SIGKILL. */
const stopGraceMs = 15_000
/** What the last lines of a relay may take to arrive. */
const lastWordsMs = 250

/**
 * SIGTERM to the relay itself and the time to end in order; SIGKILL to one that does not. Then the
 * child that we started ends, also where it is a wrapper with children that still run.
 */
export async function stopInOrder(clock: Clock, kill: RelayProcess['kill'], child: OwnedChild) {
  const ended = await endRelay(kill)
  await child.stop(0)
  // The last log lines of a failed relay say why; they arrive a moment after its exit.
  if (ended.code !== 0) await sleep(clock, lastWordsMs)
  return ended
}

async function endRelay(kill: RelayProcess['kill']) {
  try {
    const { code } = await kill('SIGTERM', stopGraceMs)
    return { code, isKilled: false }
  } catch (error) {
    if (!(error instanceof DeadlineError)) throw error
    await kill('SIGKILL', stopGraceMs).catch(() => undefined)
    return { code: null, isKilled: true }
  }
}
