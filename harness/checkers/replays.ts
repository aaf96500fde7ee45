/** Replays as clients saw them: asked for, filled, and ended by one frame. */
import type { Run } from '../history/deliveries.ts'
import type { ControlIn, Micros } from '../history/event.ts'
import type { History } from '../history/history.ts'
import type { FaultWindow, Session } from '../history/windows.ts'
import { faultWord } from './stream/excuses.ts'

export type Frame = Readonly<Record<string, unknown>>

/** One resume and what came of it within its connection. */
export interface Replay {
  readonly client: number
  readonly group: string
  /** `earliest`, `latest` or `cursor`. */
  readonly from: string
  readonly askedAt: Micros
  /** When `replay_complete` came, or the connection ended, or the run. */
  readonly end: Micros
  /** The frame that ended it; undefined where none came. */
  readonly complete: Frame | undefined
  /** Other control frames that came meanwhile. */
  readonly told: readonly Frame[]
  readonly runs: readonly Run[]
}

/** All replays, by client and time. */
export function replaysOf(history: History): Replay[] {
  const frames = Map.groupBy(history.events('control'), ([, , client]) => client)
  const asked = history.events('sent').filter(([, , , what]) => what.startsWith('resume:'))
  const byClient = Map.groupBy(asked, ([, , client]) => client)
  return [...byClient].flatMap(([client, sent]) =>
    sent.flatMap(([, askedAt, , what], index) => {
      const session = history.sessions
        .get(client)
        ?.find(({ begin, end }) => begin <= askedAt && end >= askedAt)
      if (session === undefined) return []
      const next = sent[index + 1]?.[1] ?? Infinity
      const limit = Math.min(session.end, next)
      return [replayOf(history, session, askedAt, limit, what, frames.get(client) ?? [])]
    }),
  )
}

function replayOf(
  history: History,
  { client, group }: Session,
  askedAt: Micros,
  limit: Micros,
  what: string,
  frames: readonly ControlIn[],
): Replay {
  const own = frames.filter(([, t]) => t >= askedAt && t <= limit)
  const complete = own.find(([, , , { type }]) => type === 'replay_complete')
  const end = complete?.[1] ?? limit
  const runs = history.stream().deliveries.get(client)?.all ?? []
  return {
    client,
    group,
    from: what.slice('resume:'.length),
    askedAt,
    end,
    complete: complete?.[3],
    told: own.filter((one) => one !== complete && one[1] <= end).map(([, , , frame]) => frame),
    runs: runs.filter((run) => run.path === 'replay' && run.from >= askedAt && run.until <= end),
  }
}

export const replayedIn = ({ runs }: Replay): number =>
  runs.reduce((sum, { first, last }) => sum + last - first + 1, 0)

/** A reset of the replay buffer, as the client that asked for it saw it. */
export interface Reset {
  readonly client: number
  readonly askedAt: Micros
  /** The answer, and when it came; undefined where none came. */
  readonly answeredAt: Micros | undefined
  readonly isCleared: boolean
  /** Last offset of every partition that was to be forgotten. */
  readonly forgotten: ReadonlyMap<number, number>
}

export function resetsOf(history: History): Reset[] {
  const answers = history
    .events('control')
    .filter(([, , , { type }]) => type === 'cursor_reset_complete')
  return history.events('sent').flatMap(([, askedAt, client, what]) => {
    if (what !== 'reset') return []
    const answer = answers.find(([, t, to]) => to === client && t >= askedAt)
    const frame = answer?.[3] ?? {}
    const latest = (frame['latestOffsetsByPartition'] ?? {}) as Readonly<Record<string, unknown>>
    const told = Object.entries(latest).map(([name, at]) => [Number(name), Number(at)] as const)
    const isCleared = frame['bufferCleared'] === true
    return [{ client, askedAt, answeredAt: answer?.[1], isCleared, forgotten: new Map(told) }]
  })
}

/** Faults under which nothing reaches Redis. */
const severing = new Set(['cut', 'black-hole', 'stall'])

export const redisOutages = (history: History): FaultWindow[] =>
  history.faults.filter(
    (fault) => severing.has(faultWord(fault)) && fault.spec['hop'] === 'redis',
  )
