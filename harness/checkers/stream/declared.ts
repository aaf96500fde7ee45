/**
 * What a relay declared missing to one client, frame by frame: exact ranges if a frame names them,
 * else a number of records. Whether it is right is decided elsewhere.
 */
import type { ControlIn, Micros } from '../../history/event.ts'
import type { History } from '../../history/history.ts'
import type { Range } from '../../history/ranges.ts'

export interface DeclaredRange extends Range {
  readonly partition: number
}

/** One frame that declares records missing. */
export interface Declaration {
  readonly t: Micros
  readonly order: number
  /** Empty if the frame has only a count. */
  readonly ranges: readonly DeclaredRange[]
  /** The count in the frame; undefined if there is none. */
  readonly count: number | undefined
  /** The partition of a count; undefined: any. */
  readonly partition: number | undefined
}

type Frame = Readonly<Record<string, unknown>>

/** The declarations in the control frames that one client received. */
export function declarationsTo(history: History, frames: readonly ControlIn[]): Declaration[] {
  return frames.flatMap((event): Declaration[] => {
    const [, t, , frame] = event
    const at = { t, order: history.orderOf(event) }
    if (frame['type'] === 'cursor_stale') {
      const ranges = staleRange(frame)
      return ranges.length > 0 ? [{ ...at, ranges, count: undefined, partition: undefined }] : []
    }
    if (frame['type'] !== 'gap') return []
    const ranges = exactRanges(frame)
    const partition = integerOf(frame['partition'])
    const count = integerOf(frame['count'])
    if (ranges.length === 0 && isOfThread(frame, partition)) return []
    return [{ ...at, ranges, count: count === undefined ? count : Math.max(0, count), partition }]
  })
}

/** Sequences of a thread say nothing about offsets. */
const isOfThread = (frame: Frame, partition: number | undefined): boolean =>
  frame['threadId'] !== undefined && partition === undefined

const integerOf = (value: unknown): number | undefined => {
  if (typeof value !== 'number' && typeof value !== 'string') return undefined
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : undefined
}

/** The client asked from `requested` on; nothing below `oldest` is retained. */
function staleRange(frame: Frame): DeclaredRange[] {
  const partition = integerOf(frame['partition'])
  const requested = integerOf(frame['requested'])
  const oldest = integerOf(frame['oldest'])
  if (partition === undefined || requested === undefined || oldest === undefined) return []
  return requested + 1 < oldest ? [{ partition, first: requested + 1, last: oldest - 1 }] : []
}

/** A gap names one range itself, or several in a list. */
function exactRanges(frame: Frame): DeclaredRange[] {
  const lists = Object.values(frame).filter((value) => Array.isArray(value))
  const candidates = [frame, ...(lists.flat() as unknown[])]
  return candidates.flatMap((candidate) => {
    if (typeof candidate !== 'object' || candidate === null) return []
    const fields = candidate as Frame
    const partition = integerOf(fields['partition'])
    const first = integerOf(fields['firstOffset'] ?? fields['first'])
    const last = integerOf(fields['lastOffset'] ?? fields['last'])
    if (partition === undefined || first === undefined || last === undefined) return []
    return last < first ? [] : [{ partition, first, last }]
  })
}
