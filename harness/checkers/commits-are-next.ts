/**
 * What a group has committed is the next offset to be read: one less, and the last record of every
 * partition comes again after each restart; one more, and one is never read. It shows where nothing
 * is sent, so that there is one right answer.
 */
import { z } from 'zod'
import type { LagTruth } from '../history/event.ts'
import type { Checker } from './checker.ts'
import { cannotTell, conclude, type Violation } from './conclude.ts'
import { name, type PhaseName } from './options.ts'

export interface CommitsAreNextOptions<P extends string = string> {
  /** A window without load, long enough for a commit and a look at it. */
  readonly phase: PhaseName<P>
}

export const commitsAreNext: Checker<CommitsAreNextOptions> = {
  says: 'Where nothing more is to be read, the committed offset is the end of the log.',
  restsOn: ['lag-truth'],
  options: z.strictObject({ phase: name }),
  judge(history, { phase: phaseName }) {
    const phase = history.phase(phaseName)
    if (phase === undefined) return cannotTell('no-phase', `There was no phase ${phaseName}.`)
    const last = history
      .events('lagtruth')
      .findLast(([, t]) => t >= phase.begin && t <= phase.end)
    if (last === undefined) return cannotTell('not-asked', 'Nobody asked the broker in time.')
    const found = marksOf(last)
    return conclude({
      violations: found.flatMap((mark) => wrong(mark, last[1])),
      holds: { rule: 'next', says: `${found.length} partitions are committed to their ends.` },
      exercised: found.length,
      evidence: { partitions: found.length, askedAt: last[1] },
    })
  },
}

interface Mark {
  readonly partition: string
  readonly logEnd: bigint
  readonly committed: bigint
}

/** Partitions that hold records. */
function marksOf([, , , , partitions]: LagTruth): Mark[] {
  return Object.entries(partitions)
    .map(([partition, [, logEnd, committed]]) => {
      return { partition, logEnd: BigInt(logEnd), committed: BigInt(committed) }
    })
    .filter(({ logEnd }) => logEnd > 0n)
}

function wrong({ partition, logEnd, committed }: Mark, at: number): Violation[] {
  if (committed === logEnd) return []
  const rule = committed < logEnd ? 'commit-behind' : 'commit-ahead'
  const says =
    `Partition ${partition} ends at ${logEnd} and was read to its end; ` +
    `committed was to be ${logEnd}, it is ${committed}.`
  return [{ rule, says, at }]
}
