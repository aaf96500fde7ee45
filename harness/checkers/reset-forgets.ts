/**
 * What was reset must not come back in a later replay, and an answer must not say "cleared" of a
 * store that could not be reached. The reset covers what had reached clients when it was sent; the
 * answer does not decide that, and is itself judged by it.
 */
import { z } from 'zod'
import type { History } from '../history/history.ts'
import { allowances } from './reading/allowances.ts'
import { checker } from './checker.ts'
import {
  cannotTell,
  conclude,
  many,
  seconds,
  type Doubt,
  type Violation,
} from './reading/conclude.ts'
import { milliseconds } from './options.ts'
import {
  firstArrivalsOf,
  hadBefore,
  redisOutages,
  replayedIn,
  replaysOf,
  resetsOf,
  sentBy,
  type FirstArrivals,
  type Replay,
  type Reset,
} from './reading/replays.ts'

const { storedMicros } = allowances

const schema = z.strictObject({
  /** Longest time from a reset to its answer. */
  limitMs: milliseconds,
})

export const resetForgets = checker({
  says: 'A reset removes everything before it, and reports "cleared" only if it is.',
  options: schema,
  judge(history, { limitMs }) {
    const resets = resetsOf(history)
    const fix = 'see in the report why the client that sends the reset did not connect'
    if (resets.length === 0) return cannotTell('no-reset', 'No client reset the buffer.', fix)
    const firsts = firstArrivalsOf(history)
    const first = Math.min(...resets.map(({ answeredAt, askedAt }) => answeredAt ?? askedAt))
    const asked = replaysOf(history).filter(({ askedAt, from }) => {
      return askedAt >= first && from !== 'latest'
    })
    const later = asked.filter(({ complete }) => complete !== undefined)
    const records = later.reduce((sum, replay) => sum + replayedIn(replay), 0)
    return conclude({
      violations: [
        ...resets.flatMap((reset) => unanswered(history, reset, limitMs)),
        ...resets.flatMap((reset) => untrue(history, reset)),
        ...resets.flatMap((reset) => revenants(history, firsts, later, reset)),
        ...resets.flatMap((reset) => untrueOffsets(history, firsts, reset)),
      ],
      doubts: doubtsOf(history, firsts, { resets, asked, later }),
      holds: {
        rule: 'forgotten',
        says:
          `${many(resets.length, 'reset')} ${slowest(resets)} (limit ` +
          `${seconds(limitMs * 1_000)}); none of ${many(records, 'record')} in ` +
          `${many(later.length, 'later replay')} had reached a client before the reset.`,
      },
      exercised: later.length,
      counted: 'later replays',
      evidence: {
        resets: resets.length,
        saidCleared: resets.filter(({ isCleared }) => isCleared).length,
        replaysAfterwards: later.length,
        recordsAfterwards: records,
        slowestMs: slowestMs(resets),
        limitMs,
      },
    })
  },
})

function slowestMs(resets: readonly Reset[]): number | null {
  const took = resets.flatMap(({ askedAt, answeredAt = NaN }) => answeredAt - askedAt)
  const known = took.filter((one) => !Number.isNaN(one))
  return known.length === 0 ? null : Math.round(Math.max(...known) / 1_000)
}

const slowest = (resets: readonly Reset[]): string =>
  `${resets.length > 1 ? 'were answered, the slowest in' : 'was answered in'} ` +
  seconds((slowestMs(resets) ?? 0) * 1_000)

/** A reset that the run left no time to answer is unknown, not wrong. */
function unanswered(history: History, reset: Reset, limitMs: number): Violation[] {
  const { client, askedAt, answeredAt, isRefused } = reset
  const deadline = askedAt + limitMs * 1_000
  const isInTime = answeredAt !== undefined && answeredAt <= deadline
  if (isInTime || isRefused || isStillOpen(history, reset, limitMs)) return []
  const took = answeredAt === undefined ? undefined : seconds(answeredAt - askedAt)
  const found = took === undefined ? 'no answer came' : `it took ${took}`
  const within = `within ${seconds(limitMs * 1_000)}`
  const says = `The reset by client ${client} must be answered ${within}; ${found}.`
  return [{ rule: 'reset-not-answered', says, at: deadline }]
}

const isStillOpen = (history: History, { askedAt, answeredAt }: Reset, limitMs: number) =>
  answeredAt === undefined && history.end < askedAt + limitMs * 1_000

function untrue(history: History, { askedAt, answeredAt, isCleared }: Reset): Violation[] {
  if (!isCleared || answeredAt === undefined) return []
  const severed = redisOutages(history).find(
    ({ activeSince = Infinity, end }) => activeSince <= askedAt && end >= answeredAt,
  )
  if (severed === undefined) return []
  const says =
    `Redis was unreachable from before the reset ${seconds(askedAt)} into the run until ` +
    'after its answer; the answer said that the buffer was cleared.'
  return [{ rule: 'cleared-untrue', says, at: answeredAt }]
}

/** An answer may name at most this many partitions, and leave out others. */
const namedMax = 100

/** The stream positions in the answer, compared with what came since the last reset. */
function untrueOffsets(history: History, firsts: FirstArrivals, reset: Reset): Violation[] {
  const { client, askedAt, answer, answeredAt } = reset
  if (answer === undefined || answeredAt === undefined) return []
  const before = resetsOf(history).filter((one) => one.askedAt < askedAt)
  const since = Math.max(-Infinity, ...before.map(({ doneAt }) => doneAt))
  const least = hadBefore(history, firsts, askedAt - storedMicros, since)
  const most = sentBy(history, answeredAt)
  const latest = (answer['latestOffsetsByPartition'] ?? {}) as Readonly<Record<string, unknown>>
  const named = Object.keys(latest).map(Number)
  const due = named.length >= namedMax ? [] : least.keys()
  return [...new Set([...named, ...due])].flatMap((partition) => {
    const told = latest[partition]
    const from = least.get(partition) ?? -1
    const to = most.get(partition) ?? -1
    if (Number(told) >= from && Number(told) <= to) return []
    const says =
      `The answer to the reset by client ${client} must report ` +
      `${from === to ? `offset ${to}` : `an offset from ${from} to ${to}`} for partition ` +
      `${partition}; it reported ${told === undefined ? 'none' : JSON.stringify(told)}.`
    return [{ rule: 'offsets-untrue', says, at: answeredAt }]
  })
}

function revenants(
  history: History,
  firsts: FirstArrivals,
  later: readonly Replay[],
  { answeredAt, askedAt }: Reset,
): Violation[] {
  if (answeredAt === undefined) return []
  const forgotten = hadBefore(history, firsts, askedAt)
  return later.flatMap((replay) => {
    if (replay.askedAt < answeredAt) return []
    const isOld = (partition: number, first: number) => first <= (forgotten.get(partition) ?? -1)
    const old = replay.runs.find(({ partition, first }) => isOld(partition, first))
    if (old === undefined) return []
    const says =
      `No replay after the reset may hold what clients had before it (partition ` +
      `${old.partition} up to offset ${forgotten.get(old.partition)}); a replay to client ` +
      `${replay.client} held offset ${old.first}.`
    return [{ rule: 'forgotten-replayed', says, at: old.from }]
  })
}

interface Asked {
  readonly resets: readonly Reset[]
  readonly asked: readonly Replay[]
  readonly later: readonly Replay[]
}

function doubtsOf(
  history: History,
  firsts: FirstArrivals,
  { resets, asked, later }: Asked,
): (Doubt | undefined)[] {
  const refused = resets.filter(({ isRefused }) => isRefused)
  const unheard = resets.filter(({ answeredAt }) => answeredAt === undefined)
  const hadAny = resets.some(({ askedAt }) => hadBefore(history, firsts, askedAt).size > 0)
  return [
    refused.length > 0
      ? {
          rule: 'reset-refused',
          says: `${refused.length} of ${resets.length} resets got an error frame.`,
          fix: 'let the target accept resets from this address without a token',
        }
      : undefined,
    unheard.length > 0
      ? {
          rule: 'ended-too-soon',
          says:
            `The run ended while ${many(unheard.length, 'reset')} waited for an answer, within ` +
            'the limit.',
          fix: 'run longer',
        }
      : undefined,
    hadAny
      ? undefined
      : {
          rule: 'nothing-before',
          says: 'No record had reached any client before the reset: there was nothing to remove.',
          fix: 'first see in the verdict on the stream why no record reached clients',
        },
    later.length === 0
      ? {
          rule: 'no-replay',
          says:
            asked.length === 0
              ? 'No replay was requested after the reset.'
              : `Of ${many(asked.length, 'replay')} after the reset none was answered.`,
          fix: 'see why replays are not answered, and run longer',
        }
      : undefined,
    later.length > 0 && later.every((replay) => replayedIn(replay) === 0)
      ? {
          rule: 'nothing-replayed',
          says: 'No replay after the reset held any record, which proves nothing about old ones.',
          fix: 'see why replays are empty, or run longer after the reset',
        }
      : undefined,
  ]
}
