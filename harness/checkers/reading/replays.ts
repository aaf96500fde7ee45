/**
 * Replays as clients saw them: requested, filled, and ended by one frame; and resets. What a relay
 * must have follows from what reached clients, what was produced and which faults were injected:
 * what the relay reports about itself never counts.
 */
import type { Run } from '../../history/deliveries.ts'
import {
  timeOf,
  type Closed,
  type ControlIn,
  type ControlOut,
  type HistoryEvent,
  type Micros,
} from '../../history/event.ts'
import type { History } from '../../history/history.ts'
import { tolerances } from '../../history/tolerances.ts'
import {
  tearDownPhase,
  does,
  type FaultWindow,
  type Session,
  type Window,
} from '../../history/windows.ts'
import { allowances } from './allowances.ts'

const { endSeenLateMicros } = tolerances
const { redisReconnectMicros, resetMicros, storedMicros } = allowances

export type Frame = Readonly<Record<string, unknown>>

/**
 * What ended a replay: its last frame; another request of the same client; the relay, which closed
 * the connection; the harness (a fault, or the client's own close); or the end of the run.
 */
export type ReplayEnd = 'answer' | 'next' | 'relay' | 'us' | 'run'

/** One resume and its outcome within its connection. */
export interface Replay {
  readonly client: number
  readonly group: string
  /** `earliest`, `latest` or `cursor`. */
  readonly from: string
  readonly askedAt: Micros
  /** When `replay_complete` came, or the connection ended, or the run. */
  readonly end: Micros
  readonly endedBy: ReplayEnd
  /** The frame that ended it; undefined if none came. */
  readonly complete: Frame | undefined
  /** How the connection ended, if that ended the replay. */
  readonly closed: Closed | undefined
  /** Other control frames that came meanwhile, in their order. */
  readonly told: readonly Frame[]
  readonly runs: readonly Run[]
  /** Records that came damaged, by partition and offset. */
  readonly garbled: readonly (readonly [partition: number, offset: number])[]
  /** The connection. */
  readonly session: Session
}

/** A moment of one client: frames of one chunk share their time and differ only by order. */
interface Moment {
  readonly t: Micros
  readonly order: number
}
const isBefore = (a: Moment, b: Moment) => a.t < b.t || (a.t === b.t && a.order < b.order)

/** All replays, by client and time. */
export function replaysOf(history: History): Replay[] {
  const frames = Map.groupBy(history.events('control'), ([, , client]) => client)
  const asked = history.events('sent').filter(([, , , what]) => what.startsWith('resume:'))
  const byClient = Map.groupBy(asked, ([, , client]) => client)
  return [...byClient].flatMap(([client, sent]) =>
    sent.flatMap((one, index) => {
      const session = history.sessions
        .get(client)
        ?.find(({ begin, end }) => begin <= one[1] && end >= one[1])
      if (session === undefined) return []
      return [replayOf(history, session, one, sent[index + 1], frames.get(client) ?? [])]
    }),
  )
}

function replayOf(
  history: History,
  session: Session,
  asked: ControlOut,
  next: ControlOut | undefined,
  frames: readonly ControlIn[],
): Replay {
  const momentOf = (event: HistoryEvent): Moment => ({
    t: timeOf(event),
    order: history.orderOf(event),
  })
  const { client, group } = session
  const isSuperseded = next !== undefined && next[1] <= session.end
  const begin = momentOf(asked)
  const limit = isSuperseded ? momentOf(next) : { t: session.end, order: Infinity }
  const own = frames.filter((frame) => {
    const moment = momentOf(frame)
    return isBefore(begin, moment) && isBefore(moment, limit)
  })
  const complete = own.find(([, , , { type }]) => type === 'replay_complete')
  const end = complete === undefined ? limit : momentOf(complete)
  const isWithin = (moment: Moment) => moment.t >= begin.t && isBefore(moment, end)
  const runs = history.stream().deliveries.get(client)?.all ?? []
  const damaged = history.events('garbled').filter((event) => {
    return event[2] === client && event[3] >= 0 && isWithin(momentOf(event))
  })
  const endedBy =
    complete !== undefined ? 'answer' : isSuperseded ? 'next' : enderOf(history, session)
  return {
    client,
    group,
    from: asked[3].slice('resume:'.length),
    askedAt: begin.t,
    end: end.t,
    endedBy,
    complete: complete?.[3],
    closed: complete === undefined && !isSuperseded ? session.closed : undefined,
    told: own.filter((one) => isBefore(momentOf(one), end)).map(([, , , frame]) => frame),
    runs: runs.filter(({ path, from, until: t, order }) => {
      return path === 'replay' && from >= begin.t && isWithin({ t, order })
    }),
    garbled: damaged.map(([, , , partition, offset]) => [partition, Number(offset)] as const),
    session,
  }
}

/** Whether an expectation is about it. */
export function isAsked(
  history: History,
  { group, askedAt }: Replay,
  groups: readonly string[],
  phase: string | undefined,
): boolean {
  if (!groups.includes(group)) return false
  if (phase === undefined) return true
  const window = history.phase(phase)
  return window !== undefined && askedAt >= window.begin && askedAt <= window.end
}

/** Records that came in a replay, damaged ones included. */
export const replayedIn = ({ runs, garbled }: Replay): number =>
  runs.reduce((sum, { first, last }) => sum + last - first + 1, garbled.length)

function enderOf(history: History, { end, group, closed }: Session): ReplayEnd {
  if (closed === undefined) return 'run'
  const isOurs = history.faults.some((fault) => {
    const { on, group: hit } = fault.effects
    const isOnTheWay = on === 'client-link' && hit === group
    const isNear = end >= fault.begin && end <= fault.end + endSeenLateMicros
    return isNear && fault.isActive !== false && (isOnTheWay || on === 'relay')
  })
  const settled = history.phase('settle')?.end ?? history.phase(tearDownPhase)?.begin
  // The harness ends connections that are open after settling; either side may close first.
  if (settled === undefined ? closed.by === 'client' : end >= settled) return 'run'
  return isOurs || closed.by === 'client' ? 'us' : 'relay'
}

/** Whether any fault was active within a time, or the client itself did not read. */
export function isDisturbed(
  history: History,
  { session }: Replay,
  { begin, end }: Window,
): boolean {
  const disturbances: readonly Window[] = [...history.faults, ...session.stalls]
  return disturbances.some((one) => one.begin <= end && one.end >= begin)
}

/** When each acknowledged record first reached any client: from then on the relay had it. */
export type FirstArrivals = ReadonlyMap<number, Float64Array>

/** By partition and index of the record; `Infinity` for what reached no client. */
export function firstArrivalsOf(history: History): FirstArrivals {
  const { records, deliveries } = history.stream()
  const firsts = new Map<number, Float64Array>()
  for (const [partition, { length }] of records) {
    firsts.set(partition, new Float64Array(length).fill(Infinity))
  }
  for (const one of deliveries.values()) {
    one.eachArrival((partition, first, many, t) => {
      const known = records.get(partition)
      const times = firsts.get(partition)
      if (known === undefined || times === undefined) return
      for (let offset = first; offset < first + many; offset += 1) {
        const index = known.indexOf(offset)
        if (index >= 0 && t < (times[index] as number)) times[index] = t
      }
    })
  }
  return firsts
}

/** By partition, the highest offset that any client had before `t`, of those sent since. */
export function hadBefore(
  history: History,
  firsts: FirstArrivals,
  t: Micros,
  sentSince: Micros = -Infinity,
): ReadonlyMap<number, number> {
  const had = new Map<number, number>()
  for (const [partition, { length, offsets, sentAt }] of history.stream().records) {
    const times = firsts.get(partition) as Float64Array
    for (let i = length - 1; i >= 0 && !had.has(partition); i -= 1) {
      const isThere = (times[i] as number) < t && (sentAt[i] as number) > sentSince
      if (isThere) had.set(partition, offsets[i] as number)
    }
  }
  return had
}

/** By partition, the highest offset sent to Kafka by `t`. */
export function sentBy(history: History, t: Micros): ReadonlyMap<number, number> {
  const sent = new Map<number, number>()
  for (const [partition, { length, offsets, sentAt }] of history.stream().records) {
    for (let i = length - 1; i >= 0 && !sent.has(partition); i -= 1) {
      if ((sentAt[i] as number) <= t) sent.set(partition, offsets[i] as number)
    }
  }
  return sent
}

/** A reset of the replay buffer, as its client saw it. */
export interface Reset {
  readonly client: number
  readonly askedAt: Micros
  /** The answer, and when it came; undefined where none came. */
  readonly answer: Frame | undefined
  readonly answeredAt: Micros | undefined
  /** The answer says that the buffer is cleared. */
  readonly isCleared: boolean
  /** The relay answered with an error: it accepts no resets from this client. */
  readonly isRefused: boolean
  /** The latest time at which it can have taken effect. What was sent by then may be removed. */
  readonly doneAt: Micros
}

export function resetsOf(history: History): Reset[] {
  const frames = history.events('control')
  return history.events('sent').flatMap((sent) => {
    const [, askedAt, client, what] = sent
    if (what !== 'reset') return []
    const asked = { t: askedAt, order: history.orderOf(sent) }
    const session = history.sessions
      .get(client)
      ?.find(({ begin, end }) => begin <= askedAt && end >= askedAt)
    const answer = frames.find((frame) => {
      const [, t, to, { type }] = frame
      const isAnswer = type === 'cursor_reset_complete' || type === 'error'
      const isItsOwn = to === client && t <= (session?.end ?? Infinity)
      return isAnswer && isItsOwn && isBefore(asked, { t, order: history.orderOf(frame) })
    })
    const isRefused = answer?.[3]['type'] === 'error'
    const frame = isRefused ? undefined : answer?.[3]
    return [
      {
        client,
        askedAt,
        answer: frame,
        answeredAt: answer?.[1],
        isCleared: frame?.['bufferCleared'] === true,
        isRefused,
        doneAt: isRefused ? -Infinity : (answer?.[1] ?? askedAt + resetMicros),
      },
    ]
  })
}

/** Outages of Redis that the run caused, except those proven to have had no effect. */
export const redisOutages = (history: History): FaultWindow[] =>
  history.faults.filter(
    (fault) =>
      does(fault, 'severs') && fault.effects.on === 'redis' && fault.isActive !== false,
  )

/** When records may be missing from the buffer because of an outage of Redis. */
export const unstoredWindows = (history: History): Window[] => [
  ...redisOutages(history).map(({ begin, healedAt = Infinity }) => unstored(begin, healedAt)),
  // Once another Redis has taken over there is one that can be used, long before the old one ends.
  ...failovers(history).map(({ begin, activeSince, healedAt = Infinity }) =>
    unstored(begin, activeSince ?? healedAt),
  ),
]
const unstored = (begin: Micros, usableAt: Micros): Window => ({
  begin: begin - storedMicros,
  end: usableAt + redisReconnectMicros,
})

/** Outages that the run caused, as far as known; a fault that could not be injected is none. */
const failovers = (history: History): FaultWindow[] =>
  history.faults.filter((fault) => {
    const { isActive, failure } = fault
    return does(fault, 'replaces-server') && (isActive ?? failure === undefined)
  })
