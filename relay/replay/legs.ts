/**
 * The legs of a replay: which range of each partition it covers, and whether the client's cursor
 * could be used. Pure.
 */
import type { Retained } from './seam.ts'
import type { ResumeRequest } from './resume.ts'

/** The range of a partition that a replay covers: above `after`, below `before`. */
export interface Leg {
  readonly partition: number
  readonly after: bigint
  readonly before: bigint
}
/** A cursor that is older than the oldest retained record, or not of this log. */
export interface Stale {
  readonly partition: number
  readonly requested: bigint
  readonly oldest: bigint
}

/** What is known of a partition when a replay begins. */
export interface Known {
  readonly partition: number
  readonly retained: Retained | undefined
  /** The first offset that is delivered live; undefined when none is. */
  readonly fence: bigint | undefined
  /** The end of its log, where it is known; cursors beyond it are not trusted. */
  readonly logEnd: bigint | undefined
  /** The buffer's epoch now. */
  readonly epoch: string
}

/** Undefined where the partition needs no replay and no answer. */
export function legOf(
  request: ResumeRequest,
  known: Known,
): { readonly leg: Leg; readonly stale?: Stale } | undefined {
  const { partition, retained, fence } = known
  const before = fence ?? (retained && retained.newest + 1n)
  if (before === undefined) return undefined
  const oldest = retained === undefined || retained.oldest > before ? before : retained.oldest
  const fromOldest = { partition, after: oldest - 1n, before }
  const requested = cursorOf(request, partition)
  if (requested === undefined) return { leg: fromOldest }
  const stale = { partition, requested, oldest }
  if (isForeign(request, known, requested)) return { leg: fromOldest, stale }
  const leg = { partition, after: requested, before }
  return requested < oldest - 1n ? { leg, stale } : { leg }
}

/** A resume by thread has no offsets: its replay scans all retained records. */
const cursorOf = ({ mode, from, cursors }: ResumeRequest, partition: number) =>
  mode === 'partition' && from === 'cursor' ? cursors.get(partition) : undefined

/** A cursor of another epoch, or beyond the end of the log: it counts as never given. */
function isForeign(request: ResumeRequest, known: Known, requested: bigint): boolean {
  const { epoch, fence, logEnd } = known
  if (request.epoch !== undefined && request.epoch !== epoch) return true
  if (logEnd === undefined) return false
  return requested >= (fence !== undefined && fence > logEnd ? fence : logEnd)
}
