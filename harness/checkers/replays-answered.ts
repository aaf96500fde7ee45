/**
 * Every replay is answered in time and holds what the buffer must hold: what had reached clients
 * before it was asked for, but for what the run itself took away, by a reset or by an outage of
 * Redis. That what is replayed comes once and in order is for the stream to judge.
 */
import { z } from 'zod'
import type { History } from '../history/history.ts'
import { Ranges } from '../history/ranges.ts'
import type { PartitionRecords } from '../history/records.ts'
import type { Checker } from './checker.ts'
import { cannotTell, conclude, many, seconds, type Doubt, type Violation } from './conclude.ts'
import { count, milliseconds, name, names, type GroupName, type PhaseName } from './options.ts'
import {
  firstArrivalsOf,
  isAsked,
  isDisturbed,
  replayedIn,
  replaysOf,
  resetsOf,
  storedMicros,
  unstoredWindows,
  type FirstArrivals,
  type Frame,
  type Replay,
  type Reset,
} from './replays.ts'

export interface ReplaysAnsweredOptions<G extends string = string, P extends string = string> {
  readonly groups: readonly GroupName<G>[]
  /** Only those that were asked for in this phase. */
  readonly phase?: PhaseName<P>
  /** Longest time from the request to its `replay_complete`. */
  readonly limitMs: number
  /** So many replays, with so many records in all, are worth a judgement. */
  readonly replaysMin: number
  readonly recordsMin: number
  /** The buffer is so large that all is in it but what the run took away itself. */
  readonly isRetained?: boolean
  /** What reached nobody is asked for as well, where a later record of its partition did. */
  readonly passedToo?: boolean
  /** Only what was sent after Redis came back is asked for: what was before is another question. */
  readonly sinceOutage?: boolean
  /** Only what was sent from the beginning of this phase on is asked for. */
  readonly sincePhase?: PhaseName<P>
  /** Only what answered replays hold is asked for: that they are answered is another question. */
  readonly holdsOnly?: boolean
  /** Records of one replay on this target: only from there on may it be called capped. */
  readonly recordsMax?: number | undefined
}

export const replaysAnswered: Checker<ReplaysAnsweredOptions> = {
  says: 'Every replay is answered in time and holds what the buffer must hold.',
  restsOn: ['times'],
  options: z.strictObject({
    groups: names,
    phase: name.exactOptional(),
    limitMs: milliseconds,
    replaysMin: count,
    recordsMin: count,
    isRetained: z.boolean().exactOptional(),
    passedToo: z.boolean().exactOptional(),
    sinceOutage: z.boolean().exactOptional(),
    sincePhase: name.exactOptional(),
    holdsOnly: z.boolean().exactOptional(),
    recordsMax: count.optional(),
  }),
  judge(history, options) {
    const { groups, phase, limitMs, isRetained = false } = options
    const all = replaysOf(history).filter((one) => isAsked(history, one, groups, phase))
    const replays = all.filter((one) => !isCutShort(history, one, limitMs))
    const fix = 'see in the report why clients did not connect'
    if (replays.length === 0) return cannotTell('no-replay', 'No client asked for a replay.', fix)
    if (options.sinceOutage === true && unstoredWindows(history).length === 0) {
      return cannotTell('no-outage', 'The run never took Redis away.', 'See why the fault failed.')
    }
    const answered = replays.filter(({ complete }) => complete !== undefined)
    const ground = groundOf(history, options)
    const judged = answered.map((replay) => accountOf(ground, replay))
    const late = replays.flatMap((replay) => notAnswered(replay, limitMs))
    const evidence = {
      replays: replays.length,
      endedByUs: all.length - replays.length,
      answered: answered.length,
      records: answered.reduce((sum, replay) => sum + replayedIn(replay), 0),
      owed: judged.reduce((sum, { owed }) => sum + owed, 0),
      overlapping: answered.filter((replay) => hasTraffic(history, replay)).length,
      slowestMs:
        answered.length === 0
          ? null
          : Math.max(...answered.map(({ askedAt, end }) => Math.round((end - askedAt) / 1_000))),
      limitMs,
    }
    return conclude({
      violations: [
        ...(options.holdsOnly === true ? [] : late),
        ...(isRetained ? judged.flatMap(({ violations }) => violations) : []),
        ...(isRetained ? answered.flatMap((replay) => needlessTold(ground, replay)) : []),
      ],
      doubts: [
        ...(options.holdsOnly === true ? late.map(elsewhere) : []),
        ...doubtsOf(replays, evidence, options),
        ...unknownLimit(answered, options),
      ],
      holds: { rule: 'answered', says: holdsText(evidence, isRetained) },
      exercised: answered.length,
      evidence,
    })
  },
}

interface Evidence {
  readonly answered: number
  readonly records: number
  readonly owed: number
  readonly overlapping: number
  readonly slowestMs: number | null
  readonly limitMs: number
}

function holdsText(evidence: Evidence, isRetained: boolean): string {
  const { answered, records, owed, overlapping, slowestMs, limitMs } = evidence
  const slowest = seconds((slowestMs ?? 0) * 1_000)
  const limit = `(limit ${seconds(limitMs * 1_000)})`
  const replays = `${many(answered, 'replay')} with ${many(records, 'record')}`
  const took =
    answered === 1
      ? `was answered in ${slowest} ${limit}, while records came`
      : `were answered, the slowest in ${slowest} ${limit}, ` +
        `${overlapping} of them while records came`
  const isHeld = isRetained && owed > 0
  const held = isHeld ? `; none of ${many(owed, 'record')} that had to come was missing` : ''
  return `${replays} ${took}${held}.`
}

/**
 * A replay that our own fault, goodbye or next request ended says nothing about the relay, unless
 * its time was over by then, and we had kept nobody from ending it.
 */
function isCutShort(history: History, replay: Replay, limitMs: number): boolean {
  const { endedBy, askedAt, end } = replay
  const deadline = askedAt + limitMs * 1_000
  if (endedBy !== 'us' && endedBy !== 'next') return false
  return end <= deadline || isDisturbed(history, replay, { begin: askedAt, end: deadline })
}

function notAnswered({ client, askedAt, end, ...replay }: Replay, limitMs: number): Violation[] {
  const { endedBy, closed } = replay
  const tookMicros = end - askedAt
  const isLate = tookMicros > limitMs * 1_000
  if (!isLate && endedBy !== 'relay') return []
  const found =
    endedBy === 'relay'
      ? `the relay hung up after ${seconds(tookMicros)} (code ${closed?.[3]}${whyOf(closed)})`
      : endedBy === 'answer'
        ? `it took ${seconds(tookMicros)}`
        : `none had come after ${seconds(tookMicros)}`
  const says =
    `Client ${client} was to get replay_complete within ${seconds(limitMs * 1_000)} of its ` +
    `request ${seconds(askedAt)} into the run; ${found}.`
  return [{ rule: 'not-answered', says, at: Math.min(end, askedAt + limitMs * 1_000) }]
}

const whyOf = (closed: Replay['closed']): string =>
  closed === undefined || closed[4] === '' ? '' : `, "${closed[4]}"`

const elsewhere = ({ rule, says }: Violation): Doubt => ({
  rule,
  says,
  fix: 'see first why replays are not answered: what asks for their time tells',
})

function doubtsOf(
  replays: readonly Replay[],
  evidence: Readonly<Record<'answered' | 'owed' | 'overlapping' | 'records', number>>,
  { replaysMin, recordsMin, isRetained, limitMs }: ReplaysAnsweredOptions,
): (Doubt | undefined)[] {
  const { answered, owed, overlapping, records } = evidence
  const waiting = replays.filter(({ endedBy }) => endedBy === 'run')
  const worth = isRetained === true ? Math.min(owed, records) : records
  return [
    waiting.length > 0
      ? {
          rule: 'ended-too-soon',
          says:
            `The run ended while ${many(waiting.length, 'replay')} had waited for less than ` +
            `${seconds(limitMs * 1_000)}.`,
          fix: 'run longer, or give the target a shorter REPLAY_TIMEOUT_SECS',
        }
      : undefined,
    answered < replaysMin || worth < recordsMin
      ? {
          rule: 'too-little',
          says:
            `At least ${many(replaysMin, 'replay')} with ${many(recordsMin, 'record')}` +
            `${isRetained === true ? ' that clients had had before' : ''} had to be answered; ` +
            `${many(answered, 'replay')} with ${many(worth, 'record')} ` +
            `${answered === 1 ? 'was' : 'were'}.`,
          fix: 'see first why so few records reached clients at all: the stream tells',
        }
      : undefined,
    overlapping === 0
      ? {
          rule: 'no-traffic',
          says: 'No record was acknowledged while a replay was under way.',
          fix: 'give a higher load, so that records come while clients are replayed to',
        }
      : undefined,
  ]
}

function unknownLimit(
  answered: readonly Replay[],
  { recordsMax }: ReplaysAnsweredOptions,
): Doubt[] {
  const capped = answered.filter(({ complete }) => complete?.['capped'] === true).length
  if (capped === 0 || recordsMax !== undefined) return []
  const says = `${many(capped, 'replay')} said "capped"; the limit of this target is not known.`
  const fix = 'give the limit of the target with --know replayRecordsMax=…'
  return [{ rule: 'limit-unknown', says, fix }]
}

/** What the buffer must hold, as the harness knows it. */
interface Ground {
  readonly history: History
  readonly firsts: FirstArrivals
  readonly resets: readonly Reset[]
  /** Whether a record that was sent at `t` may be missing because Redis was not there. */
  readonly isUnstored: (t: number) => boolean
  /** What was sent before is not asked for. */
  readonly since: number
  /** What a replay must hold. */
  readonly says: string
  /** Whether a replay may have left out its rest. */
  readonly isCapped: (replay: Replay) => boolean
}

function groundOf(
  history: History,
  { passedToo = false, sinceOutage = false, sincePhase, recordsMax = 0 }: ReplaysAnsweredOptions,
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
      ? 'every record up to those that had reached clients before'
      : 'what had reached clients before',
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

/** What was sent by then may be forgotten in a replay: resets that it met, and those before it. */
const forgottenBy = ({ resets }: Ground, { end }: Replay): number =>
  Math.max(-Infinity, ...resets.filter(({ askedAt }) => askedAt <= end).map(({ doneAt }) => doneAt))

interface Account {
  readonly owed: number
  readonly violations: readonly Violation[]
}

/** What a replay owed, and the first of it, by partition, that never came. */
function accountOf(ground: Ground, replay: Replay): Account {
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
    `A replay from ${from} to client ${client} was to hold ${ground.says}; ` +
    `${many(missing.length, 'such record')} of partition ${partition} never came, the first at ` +
    `offset ${missing[0]}.`
  return { rule: 'not-replayed', says, at: end }
}

/** Records that the relay had, and of which the run took nothing away. */
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

/** What the client got in this connection, however it came. */
function gotIn(history: History, { client, session }: Replay, partition: number): Ranges {
  const got = new Ranges()
  const runs = history.stream().deliveries.get(client)?.runs(partition) ?? []
  for (const { first, last, from, until } of runs) {
    if (from >= session.begin && until <= session.end) got.add(first, last)
  }
  return got
}

/** What the client had when it asked: its cursor. */
function cursorOf(history: History, { client, askedAt }: Replay, partition: number): number {
  const runs = history.stream().deliveries.get(client)?.runs(partition) ?? []
  return Math.max(-1, ...runs.filter(({ until }) => until <= askedAt).map(({ last }) => last))
}

const lastOf = ({ runs }: Replay, partition: number): number =>
  Math.max(-1, ...runs.filter((run) => run.partition === partition).map(({ last }) => last))

/** Declarations, within the replay, of a loss that nothing can have caused. */
function needlessTold(ground: Ground, replay: Replay): Violation[] {
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
      : 'although no reset and no outage of Redis took all of that away'
    const says = `Client ${client} was told that ${what}, ${why}.`
    return [{ rule: isStale ? 'stale-needless' : 'gap-needless', says, at: end }]
  })
}

/** Whether records of a range were stored and nothing has taken them away. */
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

/** What a frame declares gone. One that only counts cannot be placed: the stream judges it. */
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

/** Whether Kafka acknowledged records between the request and the last frame. */
function hasTraffic(history: History, { askedAt, end }: Replay): boolean {
  for (const records of history.stream().records.values()) {
    const { ackedAt, length } = records
    for (let i = length - 1; i >= 0 && (ackedAt[i] as number) >= askedAt; i -= 1) {
      if ((ackedAt[i] as number) <= end) return true
    }
  }
  return false
}
