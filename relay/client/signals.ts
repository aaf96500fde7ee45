/**
 * Which runs a frame of the relay about the stream affects. Only those are marked: a run of another
 * partition, or one that has ended, stays valid.
 */
import type { FrameOf, ServerFrame } from '../../proto/control-frames.ts'
import type { Cursors } from './cursors.ts'
import type { RunFlag } from './flags.ts'
import type { Run } from './run.ts'
import type { Runs } from './runs.ts'

/** Runs that were newly marked, by thread. */
export type Flagged = readonly string[]

/** Marks the runs that a frame affects; most frames affect none. */
export function markRuns(frame: ServerFrame, runs: Runs, cursors: Cursors): Flagged {
  if (frame.type === 'gap') return markGap(frame, runs, cursors)
  if (frame.type === 'disconnect') return mark(runs, 'disconnected', () => true)
  if (frame.type !== 'cursor_stale') return []
  return mark(runs, 'stale-cursor', (run) => run.partition === frame.partition)
}

/** Records are missing: in the named thread, else in the partition, else anywhere. */
function markGap(gap: FrameOf<'gap'>, runs: Runs, cursors: Cursors): Flagged {
  const { partition, lastOffset, threadId } = gap
  if (threadId !== undefined) return mark(runs, 'stream-gap', (run) => run.thread === threadId)
  if (partition === undefined) return mark(runs, 'stream-gap', () => true)
  const isOld = lastOffset !== undefined && cursors.isRepeat({ partition, offset: lastOffset })
  return isOld ? [] : mark(runs, 'stream-gap', (run) => run.partition === partition)
}

function mark(runs: Runs, flag: RunFlag, concerns: (run: Run) => boolean): Flagged {
  const concerned = runs
    .all()
    .filter((run) => run.status === 'running' && !run.flags.has(flag) && concerns(run))
  for (const run of concerned) run.flags.add(flag)
  return concerned.map(({ thread }) => thread)
}
