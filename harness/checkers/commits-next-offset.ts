/**
 * A group must commit the next offset to read: with one less, the last record of every partition
 * comes again after each restart; with one more, a record is never read. It is judged where nothing
 * is sent, so that there is one right answer: once clients have the last record, the group is
 * stable with the target in it, and a commit was due since.
 */
import { z } from 'zod'
import type { LagTruth, Micros } from '../history/event.ts'
import type { History } from '../history/history.ts'
import { tolerances } from '../history/tolerances.ts'
import type { Window } from '../history/windows.ts'
import { checker } from './checker.ts'
import { kafkaDefaults } from './reading/allowances.ts'
import {
  cannotTell,
  conclude,
  many,
  seconds,
  type Doubt,
  type Violation,
} from './reading/conclude.ts'
import { milliseconds, phaseRef, type OptionsOf } from './options.ts'
import { exemptions } from './stream/exempt.ts'

const { commitSeenLateMs } = tolerances

const schema = z.strictObject({
  /** A window without load, long enough for a commit and a look at it. */
  phase: phaseRef,
  /** Longest time between two commits; default 5 s, which is that of Kafka's own clients. */
  commitIntervalMs: milliseconds.exactOptional(),
  /**
   * `behind`: nothing that was read comes again · `ahead`: nothing is committed that was not read;
   * default is both. A violation of the other makes this one unknown.
   */
  asks: z.enum(['behind', 'ahead']).exactOptional(),
})
type CommitsNextOffsetOptions = OptionsOf<typeof schema>

const runLonger = 'extend the quiet phase, or give the commit interval: commitIntervalMs'

export const commitsNextOffset = checker({
  says: 'When nothing is left to read, the committed offset is the end of the log.',
  restsOn: ['lag-truth'],
  options: schema,
  judge(history, { phase: phaseName, commitIntervalMs = kafkaDefaults.commitIntervalMs, asks }) {
    const phase = history.phase(phaseName)
    if (phase === undefined) {
      const says = `Phase ${phaseName} did not run.`
      return cannotTell('no-phase', says, 'let the run finish')
    }
    const asked = history.events('lagtruth').filter(([, t]) => t <= phase.end)
    const last = asked.at(-1)
    if (last === undefined || last[1] < phase.begin) {
      const says = `The broker did not report the group's commits in ${phaseName}.`
      return cannotTell('not-asked', says, 'see why the broker did not answer the harness')
    }
    const waitMs = commitIntervalMs + commitSeenLateMs
    const marks = marksOf(last, asked, headsOf(history, phase))
    const seen = marks.map((mark) => askedOf(asks, mark, judgeMark(mark, last, waitMs)))
    const judged = marks.filter((_, i) => seen[i]?.doubt === undefined)
    return conclude({
      violations: seen.flatMap(({ violation }) => violation ?? []),
      doubts: [marks.length === 0 ? noRecords : undefined, ...seen.map(({ doubt }) => doubt)],
      holds: { rule: 'next', says: holds(asks, judged) },
      exercised: judged.length,
      counted: 'partitions',
      evidence: {
        partitions: marks.length,
        judged: judged.length,
        askedAtSeconds: last[1] / 1e6,
        commitIntervalMs,
      },
    })
  },
})

function holds(asks: CommitsNextOffsetOptions['asks'], judged: readonly Mark[]): string {
  const records = judged.reduce((sum, { logEnd }) => sum + logEnd, 0)
  const where = `In ${many(judged.length, 'partition')} (log ends of ${records} together)`
  return asks === 'ahead'
    ? `${where} nothing is committed beyond the end of the log.`
    : `${where} the committed offset is the end of the log.`
}

const noRecords: Doubt = {
  rule: 'nothing-exercised',
  says: 'No partition held a record when the broker was asked last.',
  fix: 'see why the producer could not write to Kafka',
}

/** How far the harness's clients have read a partition. */
interface Head {
  /** The next offset after everything that reached a client, or need not. */
  readonly next: number
  /** When the consumer last brought something. */
  readonly lastAt: Micros
}

const noHead: Head = { next: 0, lastAt: 0 }

function headsOf(history: History, { end }: Window): ReadonlyMap<number, Head> {
  const heads = new Map<number, Head>()
  const exempt = exemptions(history, false)
  for (const { all } of history.stream().deliveries.values()) {
    for (const { partition, last, from, until, path } of all) {
      if (from > end) continue
      const { next, lastAt } = heads.get(partition) ?? noHead
      const isLive = path === 'live'
      heads.set(partition, {
        next: Math.max(next, last + 1),
        // A replay comes from the buffer: it needs no commit.
        lastAt: isLive ? Math.max(lastAt, until) : lastAt,
      })
    }
  }
  for (const [partition, head] of heads) {
    let { next } = head
    while (exempt.get(partition)?.all.has(next) === true) next += 1
    heads.set(partition, { ...head, next })
  }
  return heads
}

interface Mark extends Head {
  readonly partition: string
  readonly logEnd: number
  readonly committed: number
  readonly isHeld: boolean
  /** Since when the group has been settled with the target holding it, without a break. */
  readonly heldSince: Micros
}

const isStable = ([, , , state]: LagTruth) => state.toLowerCase() === 'stable'

/** Partitions that hold records, as they were when the broker was asked last. */
function marksOf(
  last: LagTruth,
  asked: readonly LagTruth[],
  heads: ReadonlyMap<number, Head>,
): Mark[] {
  const marks = Object.entries(last[4]).map(([partition, [, end, committed, isOwned]]): Mark => {
    const isHeldAt = (one: LagTruth) => isStable(one) && one[4][partition]?.[3] === true
    const broken = asked.findLastIndex((one) => !isHeldAt(one))
    return {
      partition,
      logEnd: Number(end),
      committed: Number(committed),
      isHeld: isOwned && isStable(last),
      heldSince: asked[broken + 1]?.[1] ?? last[1],
      ...(heads.get(Number(partition)) ?? noHead),
    }
  })
  return marks.filter(({ logEnd }) => logEnd > 0)
}

type Seen = { readonly violation?: Violation; readonly doubt?: Doubt }

/** The violation or doubt of the aspect that is judged: a commit behind is not one ahead. */
function askedOf(asks: CommitsNextOffsetOptions['asks'], mark: Mark, seen: Seen): Seen {
  const { violation } = seen
  if (asks === 'ahead') {
    if (violation?.rule === 'commit-ahead') return seen
    return mark.committed < 0 ? { doubt: nothingCommitted(mark) } : {}
  }
  if (asks === undefined || violation?.rule !== 'commit-ahead') return seen
  const fix = 'see the finding about records lost by a restart'
  return { doubt: { rule: violation.rule, says: violation.says, fix } }
}

const nothingCommitted = ({ partition }: Mark): Doubt => ({
  rule: 'nothing-committed',
  says: `The group committed nothing in partition ${partition}, so nothing too early either.`,
  fix: runLonger,
})

function judgeMark(mark: Mark, last: LagTruth, waitMs: number): Seen {
  const { partition, committed, logEnd } = mark
  const [, at, , state] = last
  if (committed === logEnd) return {}
  const is = committed < 0 ? 'nothing is committed' : `${committed} is committed`
  if (committed > logEnd) {
    const says = `Partition ${partition} ends at ${logEnd}; ${is}, ${committed - logEnd} beyond it.`
    return { violation: { rule: 'commit-ahead', says, at } }
  }
  if (!mark.isHeld) {
    const says =
      `The target did not hold partition ${partition} when the broker was asked last (group ` +
      `${state}), so it could not commit it.`
    const fix = 'give the session timeout of its consumer, so that the run waits for it'
    return { doubt: { rule: 'not-held', says, fix } }
  }
  if (mark.next < logEnd) {
    const had =
      mark.next === 0 ? 'no client got any of it' : `clients got it up to offset ${mark.next - 1}`
    const says = `Partition ${partition} ends at ${logEnd} and ${had}: it was not read to its end.`
    return { doubt: { rule: 'not-read', says, fix: 'see the finding stream, or run longer' } }
  }
  const waited = at - Math.max(mark.lastAt, mark.heldSince)
  const says =
    `Partition ${partition} ends at ${logEnd}; ${seconds(waited)} after clients had all of it ` +
    `and the target held it, ${is} (limit for a commit: ${seconds(waitMs * 1_000)}).`
  if (waited >= waitMs * 1_000) return { violation: { rule: 'commit-behind', says, at } }
  return { doubt: { rule: 'too-early', says, fix: runLonger } }
}
