/**
 * Replays that ended at a limit. A relay may end a replay there and say `capped`, once it has
 * delivered as many records as the limit allows; the rest is owed to the next resume.
 */
import type { Session } from '../../history/windows.ts'
import type { Account, SessionAccount } from './account.ts'
import { isBefore, type Mark } from './mark.ts'
import type { Hole } from './owed.ts'
import type { Resume } from './resumes.ts'

export interface Caps {
  /** Caps for which it is not known whether the limit was reached. */
  readonly unknown: number
  /** Whether a hole lies between a capped replay, the last of its connection, and live records. */
  excuses(hole: Hole): boolean
  /** Whether a replay of the connection said `capped` before the limit was reached. */
  isForged(session: Session): boolean
  /** What a replay left out that ended at the known limit before `at` begins behind this offset. */
  after(within: SessionAccount, partition: number, at: Mark): number | undefined
}

type Cap = 'reached' | 'unknown' | 'forged'

/** `recordsMax`: the limit of the target; undefined if not known. */
export function capsOf(
  resumes: readonly Resume[],
  accounts: readonly Account[],
  recordsMax: number | undefined,
): Caps {
  const last = new Map<number, { readonly resume: Resume; readonly cap: Cap }>()
  const forged = new Set<number>()
  let unknown = 0
  for (const resume of resumes) {
    const { begin } = resume.session
    last.delete(begin)
    if (!resume.isCapped) continue
    const cap = capOf(resume, accounts, recordsMax)
    if (cap === 'unknown') unknown += 1
    if (cap === 'forged') forged.add(begin)
    else last.set(begin, { resume, cap })
  }
  return {
    unknown,
    isForged: ({ begin }) => forged.has(begin),
    excuses({ first, last: end, within: { session, replayed, live } }) {
      if (!last.has(session.begin)) return false
      return first > (replayed.last ?? -1) && end < (live.first ?? Infinity)
    },
    after({ session, replayed }, _, at) {
      const completed = last.get(session.begin)?.resume.completed
      if (completed === undefined || isBefore(at, completed)) return undefined
      return replayed.last ?? -1
    },
  }
}

function capOf(resume: Resume, accounts: readonly Account[], recordsMax: number | undefined): Cap {
  if (recordsMax === undefined) return 'unknown'
  const brought = accounts.reduce((sum, { sessions }) => sum + broughtBy(resume, sessions), 0)
  return brought >= recordsMax ? 'reached' : 'forged'
}

function broughtBy(
  { session: { begin }, asked, completed }: Resume,
  sessions: readonly SessionAccount[],
): number {
  const within = sessions.find(({ session }) => session.begin === begin)
  return (within?.runs ?? [])
    .filter(({ path, from, until, order }) => {
      if (path !== 'replay' || from <= asked.t) return false
      return completed === undefined || isBefore({ t: until, order }, completed)
    })
    .reduce((sum, { first, last }) => sum + last - first + 1, 0)
}
