/** Feeds one input to a relay and says what was wrong with the relay meanwhile, if anything was. */
import { sleep } from '../../relay/world/clock.ts'
import { act } from './act.ts'
import { batchBytes } from './batch-bytes.ts'
import { partitions, rssBytesMax, turnMsMax, type Place } from './place.ts'
import type { Step } from './steps.ts'
import type { Taken } from './watch-protocol.ts'

export interface Tried {
  /** What is wrong with the relay: one sentence. */
  readonly wrong: string | undefined
  /** Whether the relay is fit for another input. */
  readonly isSpent: boolean
  readonly taken: Taken | undefined
  /** Steps that Kafka did not take. */
  readonly refused: number
}

/** How long a sound record may take behind an input. */
const soundMs = 20_000
/** A loop that stands still may go on within this time; else the relay is given up. */
const standMs = 1_500

/** Feeds one input, then a sound record into each partition, which the honest client must get. */
export async function tryOut(steps: readonly Step[], place: Place): Promise<Tried> {
  await place.watchdog.take()
  const standing = place.watchdog.standing
  const fed = feed(steps, place)
  // A blocked relay may take forever to finish; it is judged before.
  fed.catch(() => undefined)
  const stoodMs = await Promise.race([fed.then(() => undefined), standing])
  const isOver = await Promise.race([
    fed.then(() => true),
    ...(stoodMs === undefined ? [] : [sleep(place.clock, standMs).then(() => false)]),
  ])
  if (!isOver) return { wrong: standsStill(stoodMs!), isSpent: true, taken: undefined, refused: 0 }
  const { wrong, refused } = await fed
  const taken = await place.watchdog.take()
  const lasting = wrong ?? tooLarge(taken)
  const isSlow = taken.slowestTurnMs > turnMsMax
  const found = lasting ?? (isSlow ? standsStill(taken.slowestTurnMs) : undefined)
  return { wrong: found, isSpent: lasting !== undefined, taken, refused }
}

async function feed(
  steps: readonly Step[],
  place: Place,
): Promise<{ readonly wrong: string | undefined; readonly refused: number }> {
  let refused = 0
  for (const step of steps) {
    const acted = await act(step, place)
    if (acted.isRefused) refused += 1
  }
  const plain = { codec: 'none', headers: 0, padding: 0, frames: 1 } as const
  for (let partition = 0; partition < partitions; partition += 1) {
    const batch = batchBytes({ ...plain, values: [place.mark()] }, place.clock.unixMs())
    if (!(await place.put(partition, batch))) throw new Error('Kafka refused a sound record')
  }
  return { wrong: await place.heard(soundMs), refused }
}

const standsStill = (ms: number) =>
  `the loop burnt ${Math.round(ms)} ms of CPU between a question and its answer, ` +
  `limit ${turnMsMax} ms`

function tooLarge({ rssBytesMax: rssBytes }: Taken): string | undefined {
  if (rssBytes <= rssBytesMax) return undefined
  const mib = (bytes: number) => Math.round(bytes / 1_048_576)
  return `the relay has ${mib(rssBytes)} MiB in memory, limit ${mib(rssBytesMax)} MiB`
}
