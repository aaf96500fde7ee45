/**
 * Every replay is answered in time and holds what the buffer must hold: what had reached clients
 * before the request, except what the run itself removed by a reset or an outage of Redis. Order
 * and duplicates within a replay are judged by `stream`.
 */
import { z } from 'zod'
import type { History } from '../history/history.ts'
import { checker } from './checker.ts'
import {
  cannotTell,
  conclude,
  many,
  seconds,
  type Doubt,
  type Violation,
} from './reading/conclude.ts'
import { count, groupRefs, milliseconds, phaseRef, type OptionsOf } from './options.ts'
import { accountOf, groundOf, needlessTold } from './reading/replays-held.ts'
import {
  isAsked,
  isDisturbed,
  replayedIn,
  replaysOf,
  unstoredWindows,
  type Replay,
} from './reading/replays.ts'

const schema = z.strictObject({
  groups: groupRefs,
  /** Only replays requested in this phase. */
  phase: phaseRef.exactOptional(),
  /** Longest time from the request to its `replay_complete`. */
  limitMs: milliseconds,
  /** Fewest replays, and fewest records in all, to judge by. */
  replaysMin: count,
  recordsMin: count,
  /** The buffer is so large that only the run itself removes anything from it. */
  isRetained: z.boolean().exactOptional(),
  /** Also requires records that reached no client, if a later one of their partition did. */
  passedToo: z.boolean().exactOptional(),
  /** Requires only what was sent after Redis came back: what was before is judged elsewhere. */
  sinceOutage: z.boolean().exactOptional(),
  /** Requires only what was sent since the start of this phase. */
  sincePhase: phaseRef.exactOptional(),
  /** Judges only the content of answered replays: whether they are answered is judged elsewhere. */
  holdsOnly: z.boolean().exactOptional(),
  /** The target's limit of records in one replay: only from there on it may be capped. */
  recordsMax: count.optional(),
})
export type ReplaysAnsweredOptions = OptionsOf<typeof schema>

export const replaysAnswered = checker({
  says: 'Every replay is answered in time and holds what the buffer must hold.',
  restsOn: ['times'],
  options: schema,
  judge(history, options) {
    const { groups, phase, limitMs, isRetained = false } = options
    const all = replaysOf(history).filter((one) => isAsked(history, one, groups, phase))
    const replays = all.filter((one) => !isCutShort(history, one, limitMs))
    const fix = 'see in the report why clients did not connect'
    if (replays.length === 0) return cannotTell('no-replay', 'No client requested a replay.', fix)
    if (options.sinceOutage === true && unstoredWindows(history).length === 0) {
      return cannotTell('no-outage', 'The run never cut Redis off.', 'see why the fault failed')
    }
    const answered = replays.filter(({ complete }) => complete !== undefined)
    const ground = groundOf(history, options)
    const judged = answered.map((replay) => accountOf(ground, replay))
    const late = replays.flatMap((replay) => notAnswered(replay, limitMs))
    const evidence = {
      replays: replays.length,
      endedByUs: all.length - replays.length,
      answered: answered.length,
      records: answered.reduce((sum, replay) => sum + replayedIn(replay), 0),
      owed: judged.reduce((sum, { owed }) => sum + owed, 0),
      overlapping: answered.filter((replay) => hasTraffic(history, replay)).length,
      slowestMs:
        answered.length === 0
          ? null
          : Math.max(...answered.map(({ askedAt, end }) => Math.round((end - askedAt) / 1_000))),
      limitMs,
    }
    return conclude({
      violations: [
        ...(options.holdsOnly === true ? [] : late),
        ...(isRetained ? judged.flatMap(({ violations }) => violations) : []),
        ...(isRetained ? answered.flatMap((replay) => needlessTold(ground, replay)) : []),
      ],
      doubts: [
        ...(options.holdsOnly === true ? late.map(elsewhere) : []),
        ...doubtsOf(replays, evidence, options),
        ...unknownLimit(answered, options),
      ],
      holds: { rule: 'answered', says: holdsText(evidence, isRetained) },
      exercised: answered.length,
      counted: 'replays',
      evidence,
    })
  },
})

interface Evidence {
  readonly answered: number
  readonly records: number
  readonly owed: number
  readonly overlapping: number
  readonly slowestMs: number | null
  readonly limitMs: number
}

function holdsText(evidence: Evidence, isRetained: boolean): string {
  const { answered, records, owed, overlapping, slowestMs, limitMs } = evidence
  const slowest = seconds((slowestMs ?? 0) * 1_000)
  const limit = `(limit ${seconds(limitMs * 1_000)})`
  const replays = `${many(answered, 'replay')} with ${many(records, 'record')}`
  const took =
    answered === 1
      ? `was answered in ${slowest} ${limit}, under load`
      : `were answered, the slowest in ${slowest} ${limit}, ` +
        `${overlapping} of them under load`
  const isHeld = isRetained && owed > 0
  const held = isHeld ? `; none of ${many(owed, 'required record')} was missing` : ''
  return `${replays} ${took}${held}.`
}

/**
 * A replay that a fault, the client's close or its next request ended proves nothing about the
 * relay, unless its time was already over and nothing had kept the relay from ending it.
 */
function isCutShort(history: History, replay: Replay, limitMs: number): boolean {
  const { endedBy, askedAt, end } = replay
  const deadline = askedAt + limitMs * 1_000
  if (endedBy !== 'us' && endedBy !== 'next') return false
  return end <= deadline || isDisturbed(history, replay, { begin: askedAt, end: deadline })
}

function notAnswered({ client, askedAt, end, ...replay }: Replay, limitMs: number): Violation[] {
  const { endedBy, closed } = replay
  const tookMicros = end - askedAt
  const isLate = tookMicros > limitMs * 1_000
  if (!isLate && endedBy !== 'relay') return []
  const found =
    endedBy === 'relay'
      ? `the relay closed it after ${seconds(tookMicros)} (code ${closed?.code}${whyOf(closed)})`
      : endedBy === 'answer'
        ? `it took ${seconds(tookMicros)}`
        : `none had come after ${seconds(tookMicros)}`
  const says =
    `Client ${client} must get replay_complete within ${seconds(limitMs * 1_000)} of its ` +
    `request ${seconds(askedAt)} into the run; ${found}.`
  return [{ rule: 'not-answered', says, at: Math.min(end, askedAt + limitMs * 1_000) }]
}

const whyOf = (closed: Replay['closed']): string =>
  closed === undefined || closed.reason === '' ? '' : `, "${closed.reason}"`

const elsewhere = ({ rule, says }: Violation): Doubt => ({
  rule,
  says,
  fix: 'first see the finding about replays being answered in time',
})

function doubtsOf(
  replays: readonly Replay[],
  evidence: Readonly<Record<'answered' | 'owed' | 'overlapping' | 'records', number>>,
  { replaysMin, recordsMin, isRetained, limitMs }: ReplaysAnsweredOptions,
): (Doubt | undefined)[] {
  const { answered, owed, overlapping, records } = evidence
  const waiting = replays.filter(({ endedBy }) => endedBy === 'run')
  const worth = isRetained === true ? Math.min(owed, records) : records
  return [
    waiting.length > 0
      ? {
          rule: 'ended-too-soon',
          says:
            `The run ended while ${many(waiting.length, 'replay')} had waited for less than ` +
            `${seconds(limitMs * 1_000)}.`,
          fix: 'run longer, or give the target a shorter REPLAY_TIMEOUT_SECS',
        }
      : undefined,
    answered < replaysMin || worth < recordsMin
      ? {
          rule: 'too-little',
          says:
            `At least ${many(replaysMin, 'replay')} with ${many(recordsMin, 'record')}` +
            `${isRetained === true ? ' that clients had before' : ''} must be answered; ` +
            `${many(answered, 'replay')} with ${many(worth, 'record')} ` +
            `${answered === 1 ? 'was' : 'were'}.`,
          fix: 'first see in the verdict on the stream why so few records reached clients',
        }
      : undefined,
    overlapping === 0
      ? {
          rule: 'no-traffic',
          says: 'No record was acknowledged during a replay.',
          fix: 'give a higher load, so that records arrive during replays',
        }
      : undefined,
  ]
}

function unknownLimit(
  answered: readonly Replay[],
  { recordsMax }: ReplaysAnsweredOptions,
): Doubt[] {
  const capped = answered.filter(({ complete }) => complete?.['capped'] === true).length
  if (capped === 0 || recordsMax !== undefined) return []
  const says = `${many(capped, 'replay')} said "capped"; the limit of this target is not known.`
  const fix = 'give the limit of the target with --know replayRecordsMax=…'
  return [{ rule: 'limit-unknown', says, fix }]
}

/** Whether Kafka acknowledged records between the request and the last frame. */
function hasTraffic(history: History, { askedAt, end }: Replay): boolean {
  for (const records of history.stream().records.values()) {
    const { ackedAt, length } = records
    for (let i = length - 1; i >= 0 && (ackedAt[i] as number) >= askedAt; i -= 1) {
      if ((ackedAt[i] as number) <= end) return true
    }
  }
  return false
}
