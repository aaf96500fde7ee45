/**
 * What a relay declared missing to one client: exact ranges where a frame names them, else a
 * number of records, which pays for as many missing ones.
 */
import type { ControlIn, Micros } from '../../history/event.ts'
import { Ranges } from '../../history/ranges.ts'

/** A declaration that names its records. */
export interface DeclaredRange {
  readonly t: Micros
  readonly partition: number
  readonly first: number
  readonly last: number
}
/** A declaration that only counts; without a partition it is about any of them. */
export interface DeclaredCount {
  readonly t: Micros
  readonly partition: number | undefined
  readonly count: number
}
/** All declarations to one client. */
export interface Declared {
  readonly ranges: readonly DeclaredRange[]
  readonly counts: readonly DeclaredCount[]
  /** Times at which a replay was called capped: what follows until live is declared missing. */
  readonly capped: readonly Micros[]
}

type Frame = Readonly<Record<string, unknown>>

/** Reads the declarations out of the control frames that one client received. */
export function declaredTo(frames: readonly ControlIn[]): Declared {
  const ranges: DeclaredRange[] = []
  const counts: DeclaredCount[] = []
  const capped: Micros[] = []
  for (const [, t, , frame] of frames) {
    if (frame['type'] === 'replay_complete' && frame['capped'] === true) capped.push(t)
    if (frame['type'] === 'cursor_stale') ranges.push(...staleRange(t, frame))
    if (frame['type'] !== 'gap') continue
    const exact = exactRanges(t, frame)
    ranges.push(...exact)
    if (exact.length === 0) counts.push(countOf(t, frame))
  }
  return { ranges, counts, capped }
}

/** The exact ranges of one partition as a set. */
export function declaredRanges(declared: Declared, partition: number): Ranges {
  const set = new Ranges()
  for (const range of declared.ranges) {
    if (range.partition === partition) set.add(range.first, range.last)
  }
  return set
}

const numberOf = (value: unknown): number | undefined => {
  if (typeof value !== 'number' && typeof value !== 'string') return undefined
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : undefined
}

/** The client asked from `requested` on; below `oldest` there is nothing any more. */
function staleRange(t: Micros, frame: Frame): DeclaredRange[] {
  const partition = numberOf(frame['partition'])
  const requested = numberOf(frame['requested'])
  const oldest = numberOf(frame['oldest'])
  if (partition === undefined || requested === undefined || oldest === undefined) return []
  return [{ t, partition, first: requested + 1, last: oldest - 1 }]
}

/** A gap names one range itself, or several in a list. */
function exactRanges(t: Micros, frame: Frame): DeclaredRange[] {
  const lists = Object.values(frame).filter((value) => Array.isArray(value))
  const candidates = [frame, ...(lists.flat() as unknown[])]
  return candidates.flatMap((candidate) => {
    if (typeof candidate !== 'object' || candidate === null) return []
    const fields = candidate as Frame
    const partition = numberOf(fields['partition'])
    const first = numberOf(fields['firstOffset'] ?? fields['first'])
    const last = numberOf(fields['lastOffset'] ?? fields['last'])
    if (partition === undefined || first === undefined || last === undefined) return []
    return [{ t, partition, first, last }]
  })
}

const countOf = (t: Micros, frame: Frame): DeclaredCount => ({
  t,
  partition: numberOf(frame['partition']),
  count: Math.max(0, numberOf(frame['count']) ?? 0),
})
