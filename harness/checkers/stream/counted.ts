/**
 * Gaps that only give a count. The count accounts for what is missing around the gap: in its
 * connection, in its partition if it names one, between the last record before it and the first
 * after it. A larger count is false.
 */
import type { Run } from '../../history/deliveries.ts'
import { Ranges, type Range } from '../../history/ranges.ts'
import { tolerances } from '../../history/tolerances.ts'
import type { Account, SessionAccount } from './account.ts'
import type { Declaration } from './declared.ts'
import type { Flaw } from './flaw.ts'
import { eachReason, tellingOf, withinSession, type Told } from './gaps.ts'
import { endOf, isBefore, type Mark } from './mark.ts'
import { ackedWithin, indexFrom, type Hole } from './owed.ts'
import { isInReplay } from './resumes.ts'

const { joiningMicros } = tolerances

export interface Paid {
  /** The remaining holes, with what remains of them. */
  readonly holes: readonly Hole[]
  readonly flaws: readonly Flaw[]
  readonly unexplained: number
}

export function payByCount(holes: readonly Hole[], told: Told): Paid {
  const payer = new Payer(holes, told)
  const sessions = told.accounts[0]?.sessions ?? []
  for (const index of sessions.keys()) {
    const own = withinSession(told.declarations, sessions, index)
    for (const by of own) if (by.ranges.length === 0) payer.pay(by, index)
  }
  return payer.paid()
}

/** The records around a gap, and when the one after it came. */
interface Bracket extends Range {
  readonly endsAt: Mark
}
interface Place {
  readonly account: Account
  readonly within: SessionAccount
  readonly around: Bracket
}

class Payer {
  readonly #told: Told
  readonly #holes: readonly Hole[]
  readonly #byAccount: ReadonlyMap<SessionAccount, readonly Hole[]>
  readonly #left: Map<Hole, number>
  /** What gaps at the same position have already declared, by position. */
  readonly #spent = new Map<string, number>()
  readonly #flaws: Flaw[] = []
  #unexplained = 0

  constructor(holes: readonly Hole[], told: Told) {
    this.#told = told
    this.#holes = holes
    this.#left = new Map(holes.map((hole) => [hole, hole.count]))
    this.#byAccount = Map.groupBy(holes, ({ within }) => within)
  }

  pay(by: Declaration, index: number): void {
    let budget = by.count ?? 0
    const { accounts, client } = this.#told
    for (const place of this.#placesOf(by, index)) {
      if (budget > 0) budget -= this.#payIn(place, by, budget)
    }
    if (budget <= 0) return
    const group = accounts[0]?.sessions[index]?.session.group ?? ''
    const where = { client, group, partition: by.partition ?? -1, first: -1, last: -1 }
    const shows = { declared: by.count ?? 0, missing: (by.count ?? 0) - budget }
    this.#flaws.push({ kind: 'gap-false', ...where, count: budget, at: by.t, shows })
  }

  paid(): Paid {
    const holes = this.#holes.flatMap((hole) => {
      const count = this.#left.get(hole) ?? 0
      return count > 0 ? [{ ...hole, count }] : []
    })
    return { holes, flaws: this.#flaws, unexplained: this.#unexplained }
  }

  /**
   * Partitions that the gap may account for, ordered by when a record follows it there: what a
   * later gap can account for as well is left to that one as long as possible.
   */
  #placesOf(by: Declaration, index: number): Place[] {
    const places = this.#told.accounts.flatMap((account): Place[] => {
      const within = account.sessions[index]
      const isNamed = by.partition === undefined || by.partition === account.partition
      const around = within && isNamed ? bracket(account, within, by, this.#told) : undefined
      return within === undefined || around === undefined ? [] : [{ account, within, around }]
    })
    return places.sort((a, b) => (isBefore(a.around.endsAt, b.around.endsAt) ? -1 : 1))
  }

  /** Returns how much of the count this partition uses. */
  #payIn({ account, within, around }: Place, by: Declaration, budget: number): number {
    const known = this.#told.known.get(account.partition)
    if (known === undefined) return 0
    const key = `${account.partition}/${within.session.begin}/${around.first}`
    const spent = this.#spent.get(key) ?? 0
    const used = Math.min(budget, missingIn(around, within, known) - spent)
    if (used <= 0) return 0
    this.#spent.set(key, spent + used)
    this.#payHoles(account, within, by, around, used)
    return used
  }

  #payHoles(
    { client, partition }: Account,
    within: SessionAccount,
    by: Declaration,
    around: Range,
    used: number,
  ): void {
    const { known, reasons } = this.#told
    const records = known.get(partition)?.records
    const telling = tellingOf(by, within, partition, this.#told)
    const { group } = within.session
    let open = used
    const holes = this.#byAccount.get(within) ?? []
    for (let i = firstFrom(holes, around.first); i < holes.length && open > 0; i += 1) {
      const hole = holes[i] as Hole
      const left = this.#left.get(hole) ?? 0
      if (hole.last > around.last) break
      if (records === undefined || left === 0) continue
      const paid = Math.min(open, left)
      this.#left.set(hole, left - paid)
      open -= paid
      let judged = paid
      eachReason(records, hole, telling, reasons, (reason, first, last, size) => {
        const count = Math.min(size, judged)
        judged -= count
        if (count === 0 || reason === 'there') return
        if (reason === 'unknown') this.#unexplained += count
        else {
          const where = { client, group, partition, first, last, count, at: by.t }
          this.#flaws.push({ kind: 'gap-needless', ...where })
        }
      })
    }
  }
}

/** Index of the first hole that begins at or behind an offset; holes ascend. */
function firstFrom(holes: readonly Hole[], offset: number): number {
  let low = 0
  let high = holes.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((holes[middle] as Hole).first < offset) low = middle + 1
    else high = middle
  }
  return low
}

/** The offsets between the last that came before the gap and the first that came after. */
function bracket(
  { partition }: Account,
  within: SessionAccount,
  by: Declaration,
  { known, resumes }: Told,
): Bracket | undefined {
  const records = known.get(partition)?.records
  if (records === undefined) return undefined
  const { runs, session } = within
  const resume = isInReplay(resumes, by)
    ? resumes.findLast(({ asked }) => isBefore(asked, by))
    : undefined
  const at = firstBehind(runs, by)
  let before = -1
  const { t: asked } = resume?.asked ?? { t: -1 }
  // A gap comes after the highest offset so far; earlier steps back change nothing.
  for (let i = at - 1; i >= 0 && (runs[i] as Run).from > asked; i -= 1) {
    const { first, last } = runs[i] as Run
    before = Math.max(before, last)
    if (resume === undefined && first > (within.lowest ?? 0)) break
  }
  if (before < 0) before = beginning(within, records, session.begin, resume?.from)
  const next = runs[at]?.first
  const last = next === undefined ? lastSentBy(records, by.t) : next - 1
  const { from: t = Infinity, order = Infinity } = runs[at] ?? {}
  const endsAt = { t, order }
  return before < last ? { first: before + 1, last, endsAt } : undefined
}

/** Nothing came before the gap: missing records count from the cursor, or from the connection. */
function beginning(
  { cursor }: SessionAccount,
  { sentAt, offsets, length }: Parameters<typeof indexFrom>[0],
  begin: number,
  resumed: string | undefined,
): number {
  if (resumed !== undefined) return resumed === 'cursor' ? (cursor ?? -1) : -1
  for (let i = 0; i < length; i += 1) {
    if ((sentAt[i] as number) >= begin - joiningMicros) return (offsets[i] as number) - 1
  }
  return offsets[length - 1] ?? -1
}

function lastSentBy({ sentAt, offsets, length }: Parameters<typeof indexFrom>[0], t: number) {
  for (let i = length - 1; i >= 0; i -= 1) {
    if ((sentAt[i] as number) <= t) return offsets[i] as number
  }
  return -1
}

function firstBehind(runs: readonly Run[], by: Declaration): number {
  let low = 0
  let high = runs.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (isBefore(endOf(runs[middle] as Run), by)) low = middle + 1
    else high = middle
  }
  return low
}

/** Acknowledged records that the connection did not deliver and that are owed to a client. */
function missingIn(
  { first, last }: Range,
  { replayed, live }: SessionAccount,
  { records, exempt }: { records: Parameters<typeof ackedWithin>[1]; exempt: Ranges },
): number {
  let open: readonly Range[] = [{ first, last }]
  for (const set of [replayed, live, exempt]) {
    open = open.flatMap((part) => set.missing(part.first, part.last))
  }
  return open.reduce((sum, part) => sum + ackedWithin(part, records), 0)
}
