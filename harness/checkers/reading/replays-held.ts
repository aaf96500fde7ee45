/**
 * What a replay must hold, and what may be missing: only a reset and an outage of Redis remove
 * anything.
 */
import type { History } from '../../history/history.ts'
import { Ranges } from '../../history/ranges.ts'
import type { PartitionRecords } from '../../history/records.ts'
import { allowances } from './allowances.ts'
import { many, type Violation } from './conclude.ts'
import {
  firstArrivalsOf,
  replayedIn,
  resetsOf,
  unstoredWindows,
  type FirstArrivals,
  type Frame,
  type Replay,
  type Reset,
} from './replays.ts'

const { storedMicros } = allowances

/** What the buffer must hold, as the harness knows it. */
export interface Ground {
  readonly history: History
  readonly firsts: FirstArrivals
  readonly resets: readonly Reset[]
  /** Whether a record sent at `t` may be missing because Redis was unreachable. */
  readonly isUnstored: (t: number) => boolean
  /** What was sent before is not required. */
  readonly since: number
  /** What a replay must hold. */
  readonly says: string
  /** Whether a replay may have left out the rest. */
  readonly isCapped: (replay: Replay) => boolean
}

/** What of it is required. */
interface Asked {
  readonly passedToo?: boolean
  readonly sinceOutage?: boolean
  readonly sincePhase?: string
  readonly recordsMax?: number | undefined
}

export function groundOf(
  history: History,
  { passedToo = false, sinceOutage = false, sincePhase, recordsMax = 0 }: Asked,
): Ground {
  const windows = unstoredWindows(history)
  const outages = sinceOutage ? windows.map(({ end }) => end) : []
  const phase = sincePhase === undefined ? -Infinity : history.phase(sincePhase)?.begin
  return {
    history,
    firsts: passedToo ? passedBy(firstArrivalsOf(history)) : firstArrivalsOf(history),
    resets: resetsOf(history),
    isUnstored: (t) => windows.some(({ begin, end }) => t >= begin && t <= end),
    since: Math.max(phase ?? Infinity, ...outages),
    says: passedToo
      ? 'every record up to those that clients had before'
      : 'what clients had before',
    isCapped: (one) => one.complete?.['capped'] === true && replayedIn(one) >= recordsMax,
  }
}

/** When each record, or a later one of its partition, first reached any client. */
function passedBy(firsts: FirstArrivals): FirstArrivals {
  const passed = new Map<number, Float64Array>()
  for (const [partition, times] of firsts) {
    const least = Float64Array.from(times)
    for (let i = least.length - 2; i >= 0; i -= 1) {
      least[i] = Math.min(least[i] as number, least[i + 1] as number)
    }
    passed.set(partition, least)
  }
  return passed
}

/** What was sent by then may be missing in a replay: resets during it, and those before it. */
const forgottenBy = ({ resets }: Ground, { end }: Replay): number =>
  Math.max(-Infinity, ...resets.filter(({ askedAt }) => askedAt <= end).map(({ doneAt }) => doneAt))

export interface Account {
  readonly owed: number
  readonly violations: readonly Violation[]
}

/** What a replay owed, and the first record of it, by partition, that never arrived. */
export function accountOf(ground: Ground, replay: Replay): Account {
  if (replay.from === 'latest') return { owed: 0, violations: [] }
  const violations: Violation[] = []
  let owed = 0
  for (const [partition, records] of ground.history.stream().records) {
    const had = replay.from === 'cursor' ? cursorOf(ground.history, replay, partition) : -1
    const got = gotIn(ground.history, replay, partition)
    const limit = ground.isCapped(replay) ? lastOf(replay, partition) : Infinity
    const missing: number[] = []
    for (const index of owedIn(ground, replay, records)) {
      const offset = records.offsets[index] as number
      if (offset <= had || offset > limit) continue
      owed += 1
      if (!got.has(offset)) missing.push(offset)
    }
    if (missing.length > 0) violations.push(notReplayed(ground, replay, partition, missing))
  }
  return { owed, violations }
}

function notReplayed(
  ground: Ground,
  { client, from, end }: Replay,
  partition: number,
  missing: number[],
): Violation {
  const says =
    `A replay from ${from} to client ${client} must hold ${ground.says}; ` +
    `${many(missing.length, 'record')} of partition ${partition} never arrived, the first at ` +
    `offset ${missing[0]}.`
  return { rule: 'not-replayed', says, at: end }
}

/** Records that the relay had and that the run did not remove. */
function* owedIn(
  ground: Ground,
  replay: Replay,
  { partition, length, sentAt, malformed, offsets }: PartitionRecords,
): Generator<number> {
  const forgotten = Math.max(ground.since, forgottenBy(ground, replay))
  const times = ground.firsts.get(partition) as Float64Array
  for (let i = 0; i < length; i += 1) {
    const t = sentAt[i] as number
    const isKept = t > forgotten && !ground.isUnstored(t) && !malformed.has(offsets[i] as number)
    if (isKept && (times[i] as number) <= replay.askedAt - storedMicros) yield i
  }
}

/** What the client got in this connection, live or replayed. */
function gotIn(history: History, { client, session }: Replay, partition: number): Ranges {
  const got = new Ranges()
  const runs = history.stream().deliveries.get(client)?.runs(partition) ?? []
  for (const { first, last, from, until } of runs) {
    if (from >= session.begin && until <= session.end) got.add(first, last)
  }
  return got
}

/** What the client had at the request: its cursor. */
function cursorOf(history: History, { client, askedAt }: Replay, partition: number): number {
  const runs = history.stream().deliveries.get(client)?.runs(partition) ?? []
  return Math.max(-1, ...runs.filter(({ until }) => until <= askedAt).map(({ last }) => last))
}

const lastOf = ({ runs }: Replay, partition: number): number =>
  Math.max(-1, ...runs.filter((run) => run.partition === partition).map(({ last }) => last))

/** Declarations, within the replay, of a loss without a cause. */
export function needlessTold(ground: Ground, replay: Replay): Violation[] {
  const { client, told, end } = replay
  return told.flatMap((frame): Violation[] => {
    const range = rangeOf(frame)
    if (range === undefined) return []
    const { partition, first, last } = range
    const isStale = frame['type'] === 'cursor_stale'
    const isEmpty = last < first
    const isNeedless = isEmpty
      ? isStale && forgottenBy(ground, replay) === -Infinity
      : hasKept(ground, replay, range)
    if (!isNeedless) return []
    const what = isStale
      ? `its cursor ${first - 1} in partition ${partition} is older than ${last + 1}`
      : `there is a gap in partition ${partition}, offsets ${first} to ${last}`
    const why = isEmpty
      ? 'although nothing was reset'
      : 'although no reset and no outage of Redis removed all of that'
    const says = `The relay told client ${client} that ${what}, ${why}.`
    return [{ rule: isStale ? 'stale-needless' : 'gap-needless', says, at: end }]
  })
}

/** Whether records of a range were stored and nothing has removed them. */
function hasKept(ground: Ground, replay: Replay, { partition, first, last }: Range): boolean {
  const records = ground.history.stream().records.get(partition)
  if (records === undefined) return false
  const forgotten = Math.max(ground.since, forgottenBy(ground, replay))
  return records.offsets.some((offset, i) => {
    if (offset < first || offset > last) return false
    const t = records.sentAt[i] as number
    return t > forgotten && !ground.isUnstored(t) && !records.malformed.has(offset)
  })
}

interface Range {
  readonly partition: number
  readonly first: number
  readonly last: number
}

/** What a frame declares missing. A frame with only a count has no place: `stream` judges it. */
function rangeOf({ type, ...frame }: Frame): Range | undefined {
  const number = (field: string) => Number(frame[field] ?? NaN)
  const range =
    type === 'gap'
      ? { first: number('firstOffset'), last: number('lastOffset') }
      : type === 'cursor_stale'
        ? { first: number('requested') + 1, last: number('oldest') - 1 }
        : undefined
  if (range === undefined) return undefined
  const placed = { partition: number('partition'), ...range }
  return Object.values(placed).every(Number.isSafeInteger) ? placed : undefined
}
