/** How the stack tests wait: always with a limit, and what they repeat meanwhile. */
import { sleep, systemClock as clock } from '../../relay/world/clock.ts'
import { DeadlineError } from '../../relay/world/deadline.ts'
import { until as untilOrLimit } from '../world/until.ts'

const limitMsDefault = 20_000
const lookEveryMs = 20

/** Waits until `holds`, or fails by saying what was waited for. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  limitMs = limitMsDefault,
): Promise<void> {
  const reached = await untilOrLimit({ clock }, limitMs, lookEveryMs, holds)
  if (!reached.holds) throw new DeadlineError(what, limitMs)
}

/**
 * Does something again and again, with a rest in between.
 *
 * @returns ends it; rejects if the work ever failed, which ends it as well
 */
export function repeat(restMs: number, work: () => Promise<void>): () => Promise<void> {
  const over = new AbortController()
  const run = async () => {
    while (!over.signal.aborted) {
      await work()
      await sleep(clock, restMs)
    }
  }
  const running = run()
  running.catch(() => undefined)
  return () => {
    over.abort()
    return running
  }
}
