/**
 * Records past their time to live in Redis are not replayed: only memory, which has no time limit,
 * may still hold its few newest records.
 */
import { z } from 'zod'
import type { History } from '../history/history.ts'
import { checker } from './checker.ts'
import { cannotTell, conclude, many, seconds, type Violation } from './reading/conclude.ts'
import { count, groupRefs, milliseconds, phaseRef } from './options.ts'
import {
  firstArrivalsOf,
  isAsked,
  replaysOf,
  type FirstArrivals,
  type Replay,
} from './reading/replays.ts'

const schema = z.strictObject({
  groups: groupRefs,
  /** Only replays requested in this phase. */
  phase: phaseRef,
  /** How long a record may be kept in Redis, with the time to delete it. */
  limitMs: milliseconds,
  /** Records that memory may hold of any age. */
  memoryRecordsMax: count,
})

export const replaysExpire = checker({
  says: 'Records past their time to live are no longer replayed.',
  options: schema,
  judge(history, { groups, phase, limitMs, memoryRecordsMax }) {
    const replays = replaysOf(history).filter((one) => {
      const isWhole = one.complete !== undefined && one.from !== 'latest'
      return isWhole && isAsked(history, one, groups, phase)
    })
    const fix = 'see the finding about replays being answered'
    if (replays.length === 0) return cannotTell('no-replay', 'No replay was answered.', fix)
    const firsts = firstArrivalsOf(history)
    const counts = replays.map((replay) => agesOf(history, firsts, replay, limitMs))
    const expired = Math.min(...counts.map((one) => one.expired))
    const replayed = Math.max(...counts.map(({ old }) => old))
    const age = `that clients got more than ${seconds(limitMs * 1_000)} before`
    return conclude({
      violations: counts.flatMap(({ replay, old }) =>
        keptTooLong(replay, old, memoryRecordsMax, age),
      ),
      doubts: [
        expired <= memoryRecordsMax
          ? {
              rule: 'too-little',
              says:
                `There were ${many(expired, 'record')} ${age}; more than ${memoryRecordsMax} are ` +
                'needed, because memory may hold that many of any age.',
              fix: 'give a higher load, or see why so few records reached clients',
            }
          : undefined,
      ],
      holds: {
        rule: 'expired',
        says:
          `Of ${many(expired, 'record')} ${age}, ` +
          `${many(replays.length, 'replay')} held ` +
          `${replays.length > 1 ? 'at most ' : ''}${replayed} ` +
          `(limit ${memoryRecordsMax}: the records that memory may hold).`,
      },
      exercised: replays.length,
      counted: 'replays',
      evidence: {
        replays: replays.length,
        expired,
        replayed,
        memoryRecordsMax,
        limitMs,
      },
    })
  },
})

/** Records that clients got that long before, and how many of them a replay held. */
function agesOf(history: History, firsts: FirstArrivals, replay: Replay, limitMs: number) {
  const due = replay.askedAt - limitMs * 1_000
  let expired = 0
  let old = 0
  for (const [partition, records] of history.stream().records) {
    const times = firsts.get(partition) as Float64Array
    for (const t of times) if (t < due) expired += 1
    for (const run of replay.runs) {
      if (run.partition !== partition) continue
      for (let offset = run.first; offset <= run.last; offset += 1) {
        const index = records.indexOf(offset)
        if (index >= 0 && (times[index] as number) < due) old += 1
      }
    }
  }
  return { replay, expired, old }
}

function keptTooLong(
  { client, end }: Replay,
  old: number,
  most: number,
  age: string,
): Violation[] {
  if (old <= most) return []
  const says =
    `A replay to client ${client} must hold at most ${many(most, 'record')}, from memory, ` +
    `${age}; it held ${old}.`
  return [{ rule: 'kept-too-long', says, at: end }]
}
