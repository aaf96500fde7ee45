/**
 * Every replay must end with one frame of one shape, and may declare nothing missing that the
 * buffer still has. That what is replayed is whole and comes once is for the stream to judge.
 */
import { z } from 'zod'
import type { History } from '../history/history.ts'
import type { Checker } from './checker.ts'
import { cannotTell, conclude, seconds, type Violation } from './conclude.ts'
import { count, milliseconds, names, type GroupName } from './options.ts'
import {
  redisOutages,
  replayedIn,
  replaysOf,
  resetsOf,
  type Frame,
  type Replay,
  type Reset,
} from './replays.ts'

export interface ReplaysAnsweredOptions<G extends string = string> {
  readonly groups: readonly GroupName<G>[]
  /** Longest time from the request to its `replay_complete`. */
  readonly limitMs: number
  /** So many replays, with so many records in all, are worth a judgement. */
  readonly replaysMin: number
  readonly recordsMin: number
  /** The buffer is so large that all is in it but what was reset, or sent while Redis was gone. */
  readonly isRetained?: boolean
}

/** What `replay_complete` holds in every mode. */
const fields = ['totalReplayed', 'mode', 'lastOffsetsByPartition', 'capped'] as const
/** Acknowledged so long before the request, or before an outage, a record must be in the buffer. */
const storedMicros = 1_000_000
/** And acknowledged so long after Redis came back. */
const reconnectedMicros = 2_000_000

export const replaysAnswered: Checker<ReplaysAnsweredOptions> = {
  says: 'Every replay is answered in one form and declares nothing missing without need.',
  restsOn: ['times'],
  options: z.strictObject({
    groups: names,
    limitMs: milliseconds,
    replaysMin: count,
    recordsMin: count,
    isRetained: z.boolean().exactOptional(),
  }),
  judge(history, { groups, limitMs, replaysMin, recordsMin, isRetained = false }) {
    const replays = replaysOf(history).filter(({ group }) => groups.includes(group))
    if (replays.length === 0) return cannotTell('no-replay', 'No client asked for a replay.')
    const answered = replays.filter(({ complete }) => complete !== undefined)
    const records = answered.reduce((sum, replay) => sum + replayedIn(replay), 0)
    const overlapping = answered.filter((replay) => hasTraffic(history, replay)).length
    const evidence = { replays: replays.length, answered: answered.length, records, overlapping }
    const needless = isRetained ? replays.flatMap((one) => needlessLoss(history, one)) : []
    return conclude({
      violations: [
        ...replays.flatMap((replay) => lateAnswer(replay, limitMs)),
        ...answered.flatMap(missingFields),
        ...needless,
      ],
      doubts: [
        answered.length < replaysMin || records < recordsMin
          ? {
              rule: 'too-little',
              says:
                `${replaysMin} replays of ${recordsMin} records were wanted; there were ` +
                `${answered.length} of ${records}.`,
            }
          : undefined,
        overlapping === 0
          ? { rule: 'no-traffic', says: 'No record was acknowledged while a replay was under way.' }
          : undefined,
      ],
      holds: {
        rule: 'answered',
        says:
          `${answered.length} replays of ${records} records were answered, ` +
          `${overlapping} of them with records flowing.`,
      },
      exercised: answered.length,
      evidence,
    })
  },
}

function lateAnswer({ client, askedAt, end, complete }: Replay, limitMs: number): Violation[] {
  const tookMicros = end - askedAt
  if (tookMicros <= limitMs * 1_000) return []
  const found = complete === undefined ? 'none came' : `it took ${seconds(tookMicros)}`
  const says =
    `Client ${client} was to get replay_complete within ${limitMs} ms of its request ` +
    `${seconds(askedAt)} into the run; ${found}.`
  return [{ rule: 'not-answered', says, at: askedAt + limitMs * 1_000 }]
}

function missingFields({ client, from, complete, end }: Replay): Violation[] {
  const missing = fields.filter((field) => complete?.[field] === undefined)
  if (missing.length === 0) return []
  const says =
    `replay_complete of a resume from ${from} was to hold ${fields.join(', ')}; ` +
    `client ${client} got it without ${missing.join(', ')}.`
  return [{ rule: 'fields-missing', says, at: end }]
}

function sayLoss(frame: Frame): string {
  const told = (name: string) => (frame[name] as string | number | undefined) ?? 'unknown'
  const where = `in partition ${told('partition')}`
  return frame['type'] === 'gap'
    ? `of a gap ${where}, offsets ${told('firstOffset')} to ${told('lastOffset')}`
    : `that its cursor ${told('requested')} ${where} is older than ${told('oldest')}`
}

function needlessLoss(history: History, replay: Replay): Violation[] {
  const { client, told, end, from, complete } = replay
  const resets = resetsOf(history).filter(({ askedAt }) => askedAt <= end)
  const isExcused = (frame: Frame) => isForgotten(frame, resets) || isOfOutage(history, frame)
  const gaps = told.filter((frame) => frame['type'] === 'gap' && !isExcused(frame))
  const stale = told.filter(({ type, requested, oldest }) => {
    return type === 'cursor_stale' && Number(requested) + 1 >= Number(oldest)
  })
  const violations = [...gaps, ...stale].map((frame): Violation => {
    const says = `Nothing that client ${client} asked for was gone; it was told ${sayLoss(frame)}.`
    return { rule: frame['type'] === 'gap' ? 'gap-needless' : 'stale-needless', says, at: end }
  })
  if (from !== 'earliest' || complete === undefined || complete['capped'] === true) {
    return violations
  }
  return [...violations, ...lateBeginnings(history, replay)]
}

/** A reset while a replay is under way takes away what it has not come to. */
function isForgotten({ partition, lastOffset }: Frame, resets: readonly Reset[]): boolean {
  const last = Number(lastOffset)
  return resets.some(({ forgotten }) => last <= (forgotten.get(Number(partition)) ?? -1))
}

/** What was sent while Redis was gone may be gone as well, from the first record to the last. */
function isOfOutage(history: History, { partition, firstOffset, lastOffset }: Frame): boolean {
  const records = history.stream().records.get(Number(partition))
  const ends = [firstOffset, lastOffset].map((offset) => {
    const index = records?.indexOf(Number(offset)) ?? -1
    return records === undefined || index < 0 ? undefined : records.record(index).ackedAt
  })
  return ends.every((t) =>
    t !== undefined && redisOutages(history).some(({ begin, healedAt = Infinity }) => {
      return t >= begin - storedMicros && t <= healedAt + reconnectedMicros
    }),
  )
}

/** A replay of all there is must begin with the oldest record that nobody had reset. */
function lateBeginnings(history: History, { client, askedAt, runs, end }: Replay): Violation[] {
  const forgotten = resetsOf(history).filter(({ askedAt: at }) => at <= askedAt)
  return [...history.stream().records].flatMap(([partition, records]): Violation[] => {
    const reset = Math.max(-1, ...forgotten.map((one) => one.forgotten.get(partition) ?? Infinity))
    const oldest = records.offsets.find((offset) => offset > reset)
    if (oldest === undefined) return []
    const ackedAt = records.record(records.indexOf(oldest)).ackedAt
    if (ackedAt > askedAt - storedMicros) return []
    const own = runs.filter((run) => run.partition === partition)
    const first = Math.min(...own.map((run) => run.first))
    if (first <= oldest) return []
    const found = own.length === 0 ? 'nothing of it came' : `it began with ${first}`
    const says =
      `A replay of everything to client ${client} was to begin with offset ${oldest} of ` +
      `partition ${partition}; ${found}.`
    return [{ rule: 'beginning-missing', says, at: end }]
  })
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
