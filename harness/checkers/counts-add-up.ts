/**
 * Counters of the same thing must agree: every record read has one outcome, every error a type,
 * every record that a client missed was dropped. Counters of one scrape may differ for a moment;
 * if two scrapes in a row differ, they do not add up.
 */
import { z } from 'zod'
import type { Micros } from '../history/event.ts'
import type { History } from '../history/history.ts'
import type { SignalName } from '../history/signals.ts'
import { checker } from './checker.ts'
import {
  conclude,
  many,
  seconds,
  sentence,
  type Doubt,
  type Violation,
} from './reading/conclude.ts'
import { count } from './options.ts'

const schema = z.strictObject({
  /** Fewest comparisons of records read with their outcomes to judge by. */
  comparisonsMin: count,
})

/** Two counts of the same thing. */
interface Sum {
  readonly rule: string
  readonly one: string
  readonly other: string
  readonly pairs: (history: History) => readonly Pair[]
}

/** The two counts at one time; undefined where they were not read at rest. */
interface Pair {
  readonly t: Micros
  readonly one: number
  readonly other: number
}

const sums: readonly Sum[] = [
  {
    rule: 'outcomes-missing',
    one: 'records received',
    other: 'outcomes of records',
    pairs: receivedAtRest,
  },
  inOneScrape('errors-without-type', {
    one: ['decoding errors', 'decodeFailed'],
    other: ['decoding errors by type', 'decodeErrors'],
  }),
  inOneScrape('old-errors-differ', {
    one: ['old records that failed', 'oldDecodeFailed'],
    other: ['errors of old records', 'oldDecodeErrors'],
  }),
  inOneScrape('lag-without-drop', {
    one: ['records that clients missed', 'clientLag'],
    other: ['dropped records', 'droppedTotal'],
  }),
]

export const countsAddUp = checker({
  says: 'Counters of the same thing agree.',
  options: schema,
  judge(history, { comparisonsMin }) {
    const all = sums.map((sum) => ({ sum, pairs: sum.pairs(history) }))
    const [outcomes] = all
    const compared = all.filter(({ pairs }) => pairs.some(({ one, other }) => one + other > 0))
    return conclude({
      violations: all.flatMap(({ sum, pairs }) => differing(sum, pairs)),
      doubts: [tooFew(outcomes?.pairs ?? [], comparisonsMin)],
      holds: { rule: 'adds-up', says: sentence(compared.map(sayEqual).join('; ')) },
      exercised: compared.reduce((total, { pairs }) => total + pairs.length, 0),
      counted: 'comparisons of two counts',
      evidence: Object.fromEntries(
        all.flatMap(({ sum, pairs }) => [
          [`${sum.rule} compared`, pairs.length],
          [`${sum.rule} different`, pairs.filter(isDifferent).length],
        ]),
      ),
    })
  },
})

interface Compared {
  readonly sum: Sum
  readonly pairs: readonly Pair[]
}

/** Such as "records received equal outcomes of records in 41 comparisons (up to 3,067)". */
function sayEqual({ sum: { one, other }, pairs }: Compared): string {
  const most = pairs.reduce((highest, pair) => Math.max(highest, pair.one), 0)
  const times = many(pairs.length, 'comparison')
  return `${one} equal ${other} in ${times} (up to ${most.toLocaleString('en')})`
}

const isDifferent = ({ one, other }: Pair): boolean => one !== other

function differing({ rule, one, other }: Sum, pairs: readonly Pair[]): Violation[] {
  const at = pairs.findIndex((pair, i) => {
    const next = pairs[i + 1]
    return isDifferent(pair) && next !== undefined && isDifferent(next)
  })
  const found = pairs[at + 1]
  if (at < 0 || found === undefined) return []
  const says =
    `The target counted ${found.one} ${one} and ${found.other} ${other} ${seconds(found.t)} into ` +
    `the run; both must be equal (different in ${pairs.filter(isDifferent).length} of ` +
    `${many(pairs.length, 'comparison')}).`
  return [{ rule, says, at: found.t }]
}

function tooFew(pairs: readonly Pair[], wanted: number): Doubt | undefined {
  const found = pairs.filter(({ one, other }) => one + other > 0).length
  if (found >= wanted) return undefined
  return {
    rule: 'too-little',
    says:
      `Records received and their outcomes could be compared ${many(found, 'time')}; at least ` +
      `${wanted} are needed.`,
    fix: 'check that the target exports both, and extend the quiet phases',
  }
}

/** Two signals of one scrape of /metrics. */
function inOneScrape(
  rule: string,
  named: Readonly<Record<'one' | 'other', readonly [says: string, signal: SignalName]>>,
): Sum {
  const { one, other } = named
  return {
    rule,
    one: one[0],
    other: other[0],
    pairs(history) {
      const left = history.signal(one[1], { from: 'metrics' })
      const right = history.signal(other[1], { from: 'metrics' })
      return left.t.flatMap((t, i): Pair[] => {
        const [a, b] = [left.v[i], right.v[i]]
        return a == null || b == null ? [] : [{ t, one: a, other: b }]
      })
    },
  }
}

/**
 * The received count of /health against the outcomes of the two scrapes around it, if those are
 * equal: then nothing was in flight in between.
 */
function receivedAtRest(history: History): Pair[] {
  const outcomes = history.signal('received', { from: 'metrics' })
  const missing = history.signal('payloadMissing', { from: 'metrics' })
  const received = history.signal('received', { from: 'health' })
  const scraped = outcomes.t.map((t, i) => ({
    t,
    sum: outcomes.v[i] == null ? undefined : (outcomes.v[i] ?? 0) + (missing.v[i] ?? 0),
  }))
  // Both are by time: the scrapes around a poll are never before those around the last one.
  let next = 0
  return received.t.flatMap((t, i): Pair[] => {
    const one = received.v[i]
    while (next < scraped.length && (scraped[next]?.t ?? 0) <= t) next += 1
    const [before, after] = [scraped[next - 1], scraped[next]]
    if (one == null || before?.sum === undefined || before.sum !== after?.sum) return []
    return [{ t, one, other: before.sum }]
  })
}
