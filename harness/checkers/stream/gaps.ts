/**
 * Declared gaps of one client. A gap must name exactly what did not arrive in its connection, and
 * something that the harness saw must have removed it. A needless, false or inexact declaration is
 * a flaw of its own; what is not declared stays a hole.
 */
import type { Run } from '../../history/deliveries.ts'
import { Ranges, type Range } from '../../history/ranges.ts'
import type { PartitionRecords } from '../../history/records.ts'
import type { Account, SessionAccount } from './account.ts'
import type { Declaration, DeclaredRange } from './declared.ts'
import type { Flaw } from './flaw.ts'
import { endOf, isBefore, type Mark } from './mark.ts'
import { indexFrom } from './owed.ts'
import type { Reason, Reasons, Telling } from './reasons.ts'
import { isInReplay, type Resume } from './resumes.ts'

/** The facts about one partition. */
export interface Known {
  readonly records: PartitionRecords
  /** Records that are owed to no client. */
  readonly exempt: Ranges
  /** Highest known offset. */
  readonly end: number
}

/** A client and all that was declared to it. */
export interface Told {
  readonly client: number
  readonly accounts: readonly Account[]
  readonly declarations: readonly Declaration[]
  readonly resumes: readonly Resume[]
  readonly known: ReadonlyMap<number, Known>
  readonly reasons: Reasons
  /** The end of a replay that was capped at the known limit, by connection and partition. */
  cappedAfter(within: SessionAccount, partition: number, at: Mark): number | undefined
}

export interface JudgedGaps {
  /** What is declared missing within a connection, rightly or not: no hole is declared twice. */
  readonly declared: ReadonlyMap<SessionAccount, Ranges>
  readonly flaws: readonly Flaw[]
  /** Records declared missing for a reason that cannot be proven or disproven. */
  readonly unexplained: number
}

/** Judges the declarations that name their records. */
export function judgeRanges(told: Told): JudgedGaps {
  const declared = new Map<SessionAccount, Ranges>()
  const flaws: Flaw[] = told.declarations.flatMap((one) => inexact(one, told))
  let unexplained = 0
  for (const account of told.accounts) {
    const known = told.known.get(account.partition)
    for (const [index, within] of account.sessions.entries()) {
      const own = rangesWithin(account, index, told.declarations)
      if (own.length === 0) continue
      const gone = new Ranges()
      const notGone = arrivedOf(own, within, told.resumes)
      for (const [i, at] of own.entries()) {
        const had = notGone[i] as readonly Range[]
        flaws.push(...falsehoods(account, within, at, had, known))
        if (known === undefined) continue
        const truly = without(at.range, had, known.end)
        const judged = reasoned(account, within, { ...at, truly }, known, told)
        flaws.push(...judged.flaws)
        unexplained += judged.unknown
        for (const part of truly) gone.add(part.first, part.last)
      }
      declared.set(within, gone)
    }
  }
  return { declared, flaws, unexplained }
}

/** A range and the frame that names it. */
interface At {
  readonly by: Declaration
  readonly range: Range
}

function rangesWithin(account: Account, index: number, declarations: readonly Declaration[]): At[] {
  const { partition, sessions } = account
  return withinSession(declarations, sessions, index).flatMap((by) =>
    by.ranges
      .filter((range: DeclaredRange) => range.partition === partition)
      .map((range) => ({ by, range })),
  )
}

/** The declarations that came within the connection of that index. */
export function withinSession(
  declarations: readonly Declaration[],
  sessions: readonly SessionAccount[],
  index: number,
): readonly Declaration[] {
  const begin = sessions[index]?.session.begin ?? 0
  const next = sessions[index + 1]?.session.begin ?? Infinity
  return declarations.filter(({ t }) => t >= begin && t < next)
}

/**
 * What of each range arrived anyway: after the gap and before another resume or, for a gap in live
 * records, before it in the same connection. One sweep each way.
 */
function arrivedOf(
  gaps: readonly At[],
  { runs }: SessionAccount,
  resumes: readonly Resume[],
): readonly (readonly Range[])[] {
  const had: Range[][] = gaps.map(() => [])
  const before = new Ranges()
  let next = 0
  for (const [i, { by, range }] of gaps.entries()) {
    while (next < runs.length && isBefore(endOf(runs[next] as Run), by)) {
      const run = runs[next] as Run
      before.add(run.first, run.last)
      next += 1
    }
    if (!isInReplay(resumes, by)) had[i]?.push(...before.within(range.first, range.last))
  }
  let later = new Ranges()
  let asked = resumes.length - 1
  let last = runs.length - 1
  for (let i = gaps.length - 1; i >= 0; i -= 1) {
    const { by, range } = gaps[i] as At
    for (; last >= 0 && !isBefore(endOf(runs[last] as Run), by); last -= 1) {
      const run = runs[last] as Run
      for (; isAskedBetween(resumes[asked], by, run); asked -= 1) later = new Ranges()
      later.add(run.first, run.last)
    }
    for (; isAskedBetween(resumes[asked], by); asked -= 1) later = new Ranges()
    had[i]?.push(...later.within(range.first, range.last))
  }
  return had
}

/** Whether a resume was sent after a gap and, if there is a run, after that run as well. */
const isAskedBetween = (resume: Resume | undefined, by: Mark, run?: Run): boolean =>
  resume !== undefined &&
  isBefore(by, resume.asked) &&
  (run === undefined || run.from <= resume.asked.t)

function without({ first, last }: Range, had: readonly Range[], end: number): readonly Range[] {
  const known = new Ranges()
  for (const part of had) known.add(part.first, part.last)
  return known.missing(first, Math.min(last, end))
}

/** Declared missing although the client had or got it, or although it never existed. */
function falsehoods(
  { client, partition }: Account,
  { session: { group } }: SessionAccount,
  { by, range }: At,
  had: readonly Range[],
  known: Known | undefined,
): Flaw[] {
  const made = { first: Math.max(range.first, (known?.end ?? -1) + 1), last: range.last }
  const once = new Ranges()
  for (const part of had) once.add(part.first, part.last)
  const all = made.first <= made.last ? [...once.all, made] : once.all
  return all.map(({ first, last }) => {
    const count = last - first + 1
    return { kind: 'gap-false', client, group, partition, first, last, count, at: by.t }
  })
}

/** Sorts what is really missing by whether something removed it. */
function reasoned(
  { client, partition }: Account,
  within: SessionAccount,
  { by, truly }: At & { readonly truly: readonly Range[] },
  { records, exempt }: Known,
  told: Told,
): { flaws: Flaw[]; unknown: number } {
  const telling = tellingOf(by, within, partition, told)
  const flaws: Flaw[] = []
  let unknown = 0
  const { group } = within.session
  for (const part of truly) {
    for (const open of exempt.missing(part.first, part.last)) {
      eachReason(records, open, telling, told.reasons, (reason, first, last, count) => {
        if (reason === 'unknown') unknown += count
        if (reason !== 'none') return
        const where = { client, group, partition, first, last, count, at: by.t }
        flaws.push({ kind: 'gap-needless', ...where })
      })
    }
  }
  return { flaws, unknown }
}

export function tellingOf(
  at: Mark,
  within: SessionAccount,
  partition: number,
  { resumes, cappedAfter }: Pick<Told, 'resumes' | 'cappedAfter'>,
): Telling {
  return {
    t: at.t,
    session: within.session,
    isInReplay: isInReplay(resumes, at),
    lowest: within.replayed.first,
    cappedAfter: cappedAfter(within, partition, at),
  }
}

/** Calls `see` for every stretch of acknowledged records with the same reason. */
export function eachReason(
  records: PartitionRecords,
  { first, last }: Range,
  telling: Telling,
  reasons: Reasons,
  see: (reason: Reason, first: number, last: number, count: number) => void,
): void {
  const end = indexFrom(records, last + 1)
  let begin = indexFrom(records, first)
  let reason: Reason | undefined
  for (let i = begin; i <= end; i += 1) {
    const next = i < end ? reasons.of(records, i, telling) : undefined
    if (next === reason) continue
    if (reason !== undefined) {
      see(reason, records.offsets[begin] as number, records.offsets[i - 1] as number, i - begin)
    }
    reason = next
    begin = i
  }
}

/** A count beside a range is its size, with or without records that are owed to no client. */
function inexact({ t, ranges, count }: Declaration, { client, accounts, known }: Told): Flaw[] {
  const [range] = ranges
  if (range === undefined || count === undefined) return []
  const size = ranges.reduce((sum, { first, last }) => sum + last - first + 1, 0)
  const left = ranges.reduce((sum, { partition, first, last }) => {
    const exempt = known.get(partition)?.exempt.within(first, last) ?? []
    return sum + exempt.reduce((all, part) => all + part.last - part.first + 1, 0)
  }, 0)
  if (count <= size && count >= size - left) return []
  const { partition, first, last } = range
  const group = accounts[0]?.sessions.findLast(({ session }) => session.begin <= t)?.session.group
  const where = { client, group: group ?? '', partition, first, last }
  const shows = { declared: count, named: size }
  return [{ kind: 'gap-inexact', ...where, count: 1, at: t, shows }]
}
