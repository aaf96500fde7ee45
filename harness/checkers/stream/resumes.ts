/** Resumes of one client, each with the answer that ended its replay. */
import type { ControlIn, ControlOut, Micros } from '../../history/event.ts'
import type { History } from '../../history/history.ts'
import type { Session } from '../../history/windows.ts'
import { isBefore, type Mark } from './mark.ts'

export interface Resume {
  readonly client: number
  /** `earliest`, `latest` or `cursor`. */
  readonly from: string
  readonly asked: Mark
  /** When `replay_complete` came; undefined where none came in that connection. */
  readonly completed: Mark | undefined
  readonly isCapped: boolean
  /** The connection in which it was asked. */
  readonly session: Session
}

/** Resumes by client, in the order in which they were sent. */
export function resumesOf(history: History): ReadonlyMap<number, readonly Resume[]> {
  const sent = history.events('sent').filter(([, , , what]) => what.startsWith('resume:'))
  const completes = history
    .events('control')
    .filter(([, , , { type }]) => type === 'replay_complete')
  const answers = Map.groupBy(completes, ([, , client]) => client)
  const resumes = new Map<number, readonly Resume[]>()
  for (const [client, asked] of Map.groupBy(sent, ([, , one]) => one)) {
    const sessions = history.sessions.get(client) ?? []
    resumes.set(client, answered(history, asked, answers.get(client) ?? [], sessions))
  }
  return resumes
}

/** Within a connection, answers come in the order of the requests. */
function answered(
  history: History,
  sent: readonly ControlOut[],
  answers: readonly ControlIn[],
  sessions: readonly Session[],
): Resume[] {
  const markOf = (event: ControlIn | ControlOut): Mark => ({
    t: event[1],
    order: history.orderOf(event),
  })
  let next = 0
  return sent.flatMap((event): Resume[] => {
    const [, t, client, what] = event
    const session = sessions.findLast(({ begin }) => begin <= t)
    if (session === undefined) return []
    const asked = markOf(event)
    while (next < answers.length && isBefore(markOf(answers[next] as ControlIn), asked)) next += 1
    const answer = answers[next]
    const isIts = answer !== undefined && answer[1] <= session.end
    if (isIts) next += 1
    return [
      {
        client,
        from: what.slice('resume:'.length),
        asked,
        completed: isIts ? markOf(answer) : undefined,
        isCapped: isIts && answer[3]['capped'] === true,
        session,
      },
    ]
  })
}

/** Whether `at` lies between a resume and its answer. */
export function isInReplay(resumes: readonly Resume[], at: Mark): boolean {
  return resumes.some(({ asked, completed, session }) => {
    if (!isBefore(asked, at) || at.t < session.begin || at.t > session.end) return false
    return completed === undefined || isBefore(at, completed)
  })
}

/** How many resumes the client sent within a time. */
export const resumesWithin = (resumes: readonly Resume[], begin: Micros, end: Micros): number =>
  resumes.filter(({ asked: { t } }) => t >= begin && t <= end).length
