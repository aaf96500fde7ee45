/**
 * A replay that a client cannot take in time is given up as a whole, however well each single write
 * goes on. The client sees its end later than it came: what buffers hold is read first.
 */
import { z } from 'zod'
import type { Checker } from './checker.ts'
import { cannotTell, conclude, seconds, type Violation } from './conclude.ts'
import { milliseconds, names, type GroupName } from './options.ts'
import { replayedIn, replaysOf, type Replay } from './replays.ts'

export interface ReplaysEndedOptions<G extends string = string> {
  /** Clients that ask for more than they can take in the time of a replay. */
  readonly groups: readonly GroupName<G>[]
  /** Longest time from the request to the end of the connection, buffers included. */
  readonly limitMs: number
}

export const replaysEnded: Checker<ReplaysEndedOptions> = {
  says: 'A replay that takes too long as a whole is given up.',
  restsOn: ['times'],
  options: z.strictObject({ groups: names, limitMs: milliseconds }),
  judge(history, { groups, limitMs }) {
    const limit = limitMs * 1_000
    const replays = replaysOf(history).filter(({ group }) => groups.includes(group))
    if (replays.length === 0) return cannotTell('no-replay', 'No client asked for a replay.')
    const inTime = replays.filter(({ askedAt, end }) => end - askedAt <= limit)
    const cut = inTime.filter(({ complete }) => complete === undefined)
    const late = replays.filter((one) => !inTime.includes(one))
    const slowest = Math.max(...replays.map(({ askedAt, end }) => end - askedAt))
    return conclude({
      violations: late.map((one) => goesOn(one, limit)),
      doubts: [
        cut.length < replays.length
          ? { rule: 'too-quick', says: 'A replay was whole in time: its deadline was not asked.' }
          : undefined,
      ],
      holds: {
        rule: 'ended',
        says: `${cut.length} replays were given up, the last after ${seconds(slowest)}.`,
      },
      exercised: cut.length + late.length,
      evidence: {
        replays: replays.length,
        cut: cut.length,
        records: replays.reduce((sum, one) => sum + replayedIn(one), 0),
        slowestMs: Math.round(slowest / 1_000),
      },
    })
  },
}

function goesOn({ client, askedAt, end }: Replay, limit: number): Violation {
  const says =
    `The replay to client ${client} was to be over within ${seconds(limit)}; ` +
    `it went on for ${seconds(end - askedAt)}.`
  return { rule: 'replay-goes-on', says, at: askedAt + limit }
}
