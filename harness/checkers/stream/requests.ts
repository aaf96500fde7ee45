/**
 * Replays compared with their requests: a replay from a cursor begins after it. The cursor is the
 * client's own: the highest offset of each partition that it had at the request.
 */
import type { Micros } from '../../history/event.ts'
import type { History } from '../../history/history.ts'
import type { Account, SessionAccount } from './account.ts'
import type { Causes } from './causes.ts'
import type { Flaw } from './flaw.ts'
import { endOf, isBefore } from './mark.ts'
import { resumesOf, type Resume } from './resumes.ts'

/** Records of replays from before the cursor, less the overlap that the protocol documents. */
export function beyondRequest(
  history: History,
  accounts: readonly Account[],
  causes: Causes,
  overlapMax: number,
): Flaw[] {
  const resumes = resumesOf(history)
  const decoding = decodingClients(history)
  const stale = Map.groupBy(
    history.events('control').filter(([, , , { type }]) => type === 'cursor_stale'),
    ([, , client]) => client,
  )
  return accounts.flatMap((account) => {
    const own = resumes.get(account.client) ?? []
    if (own.length === 0 || decoding.has(account.client)) return []
    const refused = (stale.get(account.client) ?? [])
      .filter(([, , , frame]) => Number(frame['partition']) === account.partition)
      .map(([, t]) => t)
    return own.flatMap((resume, index) => {
      if (resume.from !== 'cursor' || isUnderWay(own, index)) return []
      if (isRefused(resume, refused, causes)) return []
      return beyond(account, resume, overlapMax)
    })
  })
}

/** The reference client decides its own cursor: it counts only what it could apply. */
function decodingClients(history: History): ReadonlySet<number> {
  const events = [...history.events('runstate'), ...history.events('refusal')]
  return new Set(events.map(([, , client]) => client))
}

/** While the previous request is unanswered, a record may belong to either. */
function isUnderWay(resumes: readonly Resume[], index: number): boolean {
  const [before, one] = [resumes[index - 1], resumes[index]]
  if (before === undefined || one === undefined || before.session !== one.session) return false
  return before.completed === undefined || isBefore(one.asked, before.completed)
}

/** A cursor may be refused once the run removed what it points to. */
function isRefused(
  { asked, session }: Resume,
  refused: readonly Micros[],
  { redisOutages, resets, restarts }: Causes,
): boolean {
  if (!refused.some((t) => t >= asked.t && t <= session.end)) return false
  return [...redisOutages, ...resets, ...restarts].some(({ begin }) => begin <= asked.t)
}

function beyond(
  { client, partition, sessions }: Account,
  resume: Resume,
  overlapMax: number,
): Flaw[] {
  const { session, asked, completed } = resume
  const within = sessions.find((one) => one.session === session)
  const cursor = cursorAt(sessions, asked.t)
  if (within === undefined || cursor === undefined) return []
  const limit = cursor - overlapMax
  return within.runs.flatMap((run): Flaw[] => {
    if (run.path !== 'replay' || run.from <= asked.t || run.first > limit) return []
    if (completed !== undefined && !isBefore(endOf(run), completed)) return []
    const [first, last] = [run.first, Math.min(run.last, limit)]
    const where = { client, group: session.group, partition, first, last }
    const shows = { cursor, askedAt: asked.t }
    return [
      { kind: 'replay-beyond-request', ...where, count: last - first + 1, at: run.from, shows },
    ]
  })
}

/** The highest offset that had come by `t`; undefined if none had. */
function cursorAt(sessions: readonly SessionAccount[], t: Micros): number | undefined {
  let highest: number | undefined
  for (const { session, runs, highest: all } of sessions) {
    if (session.begin > t) break
    if (session.end < t) {
      highest = Math.max(highest ?? -1, all ?? -1)
      continue
    }
    for (const { until, last } of runs) {
      if (until <= t) highest = Math.max(highest ?? -1, last)
    }
  }
  return highest === -1 ? undefined : highest
}
