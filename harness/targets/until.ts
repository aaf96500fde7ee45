/** How the stack tests wait: for what must come, looking again and again, and never for ever. */
import { sleep, systemClock as clock } from '../../relay/world/clock.ts'
import { DeadlineError } from '../../relay/world/deadline.ts'

const limitMs = 20_000
const lookEveryMs = 20

/** Waits until `holds`, or fails by saying what was waited for. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const endMs = clock.nowMs() + limitMs
  while (!(await holds())) {
    if (clock.nowMs() > endMs) throw new DeadlineError(what, limitMs)
    await sleep(clock, lookEveryMs)
  }
}
