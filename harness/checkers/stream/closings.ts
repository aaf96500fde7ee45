/**
 * Connections that the relay closed without a cause in this run. An outage of Kafka or Redis is not
 * a cause, and neither is the close code that the relay sends.
 */
import type { Micros } from '../../history/event.ts'
import type { History } from '../../history/history.ts'
import { tolerances } from '../../history/tolerances.ts'
import type { Session } from '../../history/windows.ts'
import { allowances } from '../reading/allowances.ts'
import { isWithin, type Causes } from './causes.ts'
import type { Flaw } from './flaw.ts'
import type { StreamLimits } from './limits.ts'
import type { Ending } from './owed.ts'
import { resumesOf } from './resumes.ts'

const { drainMicros, endSeenLateMicros, floodWrittenLateMicros } = tolerances
const { givenUpMicrosMin } = allowances

/** This many pings in a burst are a flood. */
const floodFramesMin = 100

/** Which connections were closed without a cause. */
export type Causeless = ReadonlySet<Session>

export function causelessEnds(
  history: History,
  causes: Causes,
  ending: Ending,
  { replayTimeoutMs }: Pick<StreamLimits, 'replayTimeoutMs'>,
): Causeless {
  const offenders = offendersOf(history)
  const hasTimedOut = timedOut(history, replayTimeoutMs)
  const ended = [...history.sessions.values()].flat().filter((session) => {
    const { closed } = session
    if (closed === undefined || closed.by === 'client' || closed.t >= ending.at) return false
    if (hasCause(session, closed.t, causes) || hasTimedOut(session, closed.t)) return false
    return !hasOffended(session, offenders)
  })
  return new Set(ended)
}

/** Whether, by `at`, the timeout of an unanswered replay was over. */
function timedOut(
  history: History,
  limitMs: number | undefined,
): (session: Session, at: Micros) => boolean {
  if (limitMs === undefined) return () => false
  const resumes = resumesOf(history)
  return (session, at) =>
    (resumes.get(session.client) ?? []).some(
      ({ session: within, asked, completed }) =>
        within === session && completed === undefined && at - asked.t >= limitMs * 1_000,
    )
}

function hasCause(session: Session, at: Micros, causes: Causes): boolean {
  if (isWithin(causes.broken(session), at, 0, endSeenLateMicros)) return true
  return causes
    .slow(session)
    .some(({ begin, end }) => at >= begin + givenUpMicrosMin && at <= end + drainMicros)
}

/** When clients sent something that a relay may close them for. */
type Offenders = ReadonlyMap<number, readonly Micros[]>

function offendersOf(history: History): Offenders {
  const sent = history
    .events('sent')
    .filter(([, , , what, count]) => isHostile(what) || count >= floodFramesMin)
  const times = new Map<number, Micros[]>()
  for (const [, t, client] of sent) {
    const known = times.get(client)
    if (known === undefined) times.set(client, [t])
    else known.push(t)
  }
  return times
}

const isHostile = (what: string): boolean => what.startsWith('hostile:')

const hasOffended = ({ client, begin, end }: Session, offenders: Offenders): boolean =>
  (offenders.get(client) ?? []).some((t) => t >= begin && t <= end + floodWrittenLateMicros)

export function closingFlaws(
  causeless: Causeless,
  isJudged: (session: Session) => boolean,
): Flaw[] {
  return [...causeless].filter(isJudged).map((session): Flaw => {
    const { client, group, begin, end: at, closed } = session
    const { code, reason, by } = closed as NonNullable<Session['closed']>
    const shows = { code, reason, by, openForMs: Math.round((at - begin) / 1_000) }
    const where = { client, group, partition: -1, first: -1, last: -1 }
    return { kind: 'closed-without-cause', ...where, count: 1, at, shows }
  })
}
