/**
 * What the relay says about the stream, and which runs it concerns. Only those are marked: a run
 * of another partition, or one that has ended, is as right as before.
 */
import type { FrameOf } from '../../proto/control-frames.ts'
import type { Cursors } from './cursors.ts'
import type { RunFlag } from './flags.ts'
import type { Run } from './run.ts'
import type { Runs } from './runs.ts'

/** Runs that were newly marked, by thread. */
export type Flagged = readonly string[]

/** Records are missing: in the thread that is named, else in the partition, else anywhere. */
export function markGap(gap: FrameOf<'gap'>, runs: Runs, cursors: Cursors): Flagged {
  const { partition, lastOffset, threadId } = gap
  if (threadId !== undefined) return mark(runs, 'stream-gap', (run) => run.thread === threadId)
  if (partition === undefined) return mark(runs, 'stream-gap', () => true)
  const isOld = lastOffset !== undefined && cursors.isRepeat({ partition, offset: lastOffset })
  return isOld ? [] : mark(runs, 'stream-gap', (run) => run.partition === partition)
}

/** What the client asked for is gone from one partition. */
export function markStale({ partition }: FrameOf<'cursor_stale'>, runs: Runs): Flagged {
  return mark(runs, 'stale-cursor', (run) => run.partition === partition)
}

/** The connection ends; what still runs may be ahead of what is shown. */
export function markDisconnected(runs: Runs): Flagged {
  return mark(runs, 'disconnected', () => true)
}

function mark(runs: Runs, flag: RunFlag, concerns: (run: Run) => boolean): Flagged {
  const concerned = runs
    .all()
    .filter((run) => run.status === 'running' && !run.flags.has(flag) && concerns(run))
  for (const run of concerned) run.flags.add(flag)
  return concerned.map(({ thread }) => thread)
}
