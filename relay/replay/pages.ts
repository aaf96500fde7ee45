/** Pages of a replay, made from the data of a tier: pure. */
import type { ReplayPage } from './seam.ts'
import type { Block, StoredRecord } from './blocks.ts'
import type { Run } from './stretch.ts'

/** A page begins with `from`; the tier is read below `end`, the replay ends below `before`. */
export interface PagePlace {
  readonly from: bigint
  readonly end: bigint
  readonly before: bigint
}
/** What a page may hold. */
export interface PageLimits {
  readonly recordsMax: number
  /** Of all its records; the first may be larger. */
  readonly bytesMax: number
  /** Of the first one. */
  readonly firstBytesMax: number
}
/** Bytes of a page, as long as no record is larger. */
export const pageBytesMax = 1_024 * 1_024

type Hole = ReplayPage['holes'][number]

/** An empty page that says how many bytes the next record needs, because it is too large. */
export function pageTooLarge(
  { from }: Pick<PagePlace, 'from'>,
  { neededBytes }: { readonly neededBytes: number },
): ReplayPage {
  return { records: [], holes: [], through: from - 1n, hasMore: true, neededBytes }
}

/** From memory: no holes, because a run has none. */
export function pageOfRun(run: Run, from: bigint, before: bigint): ReplayPage {
  const { neededBytes } = run
  if (neededBytes !== undefined) return pageTooLarge({ from }, { neededBytes })
  const records: StoredRecord[] = []
  let through = from - 1n
  for (const { first, last, value } of run.stretches) {
    if (first >= before) break
    if (value !== undefined) records.push({ offset: first, value })
    through = last < before ? last : before - 1n
  }
  return { records, holes: [], through, hasMore: through + 1n < before }
}

/** From Redis: offsets between its blocks, or after them unless there are more, are a hole. */
export function pageOfBlocks(
  found: { readonly blocks: readonly Block[]; readonly hasMore: boolean },
  { from, end, before }: PagePlace,
): ReplayPage {
  const records: StoredRecord[] = []
  const holes: Hole[] = []
  let next = from
  for (const { first, last, records: stored } of found.blocks) {
    if (first >= end) {
      next = declare(holes, next, end)
      break
    }
    if (last < next) continue
    declare(holes, next, first)
    records.push(...stored.filter(({ offset }) => offset >= next && offset < end))
    next = last + 1n < end ? last + 1n : end
  }
  if (!found.hasMore) next = declare(holes, next, end)
  return { records, holes, through: next - 1n, hasMore: next < before }
}

/** A page of one hole, when nothing is known below `end`. */
export function pageOfHole({ from, end, before }: PagePlace, degraded?: string): ReplayPage {
  const holes: Hole[] = []
  declare(holes, from, end)
  const page = { records: [], holes, through: end - 1n, hasMore: end < before }
  return degraded === undefined ? page : { ...page, degraded }
}

/** Declares the offsets from `next` to below `end` missing, if there are any. Returns `end`. */
function declare(holes: Hole[], next: bigint, end: bigint): bigint {
  if (next < end) holes.push({ firstOffset: next, lastOffset: end - 1n })
  return end
}
