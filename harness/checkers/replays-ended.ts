/**
 * A replay that a client cannot read in time is ended as a whole, even if each single write
 * succeeds: not before its timeout, and with the right reason. The client sees the end later,
 * because it first reads what buffers hold. A client that reads fast gets the whole replay.
 */
import { z } from 'zod'
import { tolerances } from '../history/tolerances.ts'
import { checker } from './checker.ts'
import {
  cannotTell,
  conclude,
  many,
  seconds,
  type Doubt,
  type Violation,
} from './reading/conclude.ts'
import { groupRefs, milliseconds } from './options.ts'
import { replayedIn, replaysOf, type Replay } from './reading/replays.ts'

const { otherClockMicros } = tolerances

const schema = z.strictObject({
  /** Clients that request more than they can read within the replay timeout. */
  groups: groupRefs,
  /** Clients that request the same and read fast. */
  quick: groupRefs.exactOptional(),
  /** The replay timeout of this target: the relay may not end a replay much earlier. */
  timeoutMs: milliseconds.exactOptional(),
  /** Longest time from the request to the end of the connection, buffers included. */
  limitMs: milliseconds,
})

/** Close codes that mean something other than "this took too long, reconnect". */
const wrongCodes: ReadonlyMap<number, string> = new Map([
  [1000, 'that all is done'],
  [1002, 'that the client broke the protocol'],
  [1003, 'that the client sent what is not served'],
  [1007, 'that the client sent invalid text'],
  [1009, 'that the client sent too much'],
  [1010, 'that an extension was missing'],
])

export const replaysEnded = checker({
  says: 'A replay that takes too long as a whole is ended at its timeout, with the right reason.',
  restsOn: ['times'],
  options: schema,
  judge(history, { groups, quick, timeoutMs = 0, limitMs }) {
    const all = replaysOf(history).filter(({ endedBy }) => endedBy !== 'us' && endedBy !== 'next')
    const slow = all.filter(({ group }) => groups.includes(group))
    const fast = all.filter(({ group }) => quick?.includes(group))
    const fix = 'see in the report why clients did not connect'
    if (slow.length === 0) return cannotTell('no-replay', 'No slow client requested a replay.', fix)
    const limit = limitMs * 1_000
    const late = slow.filter(({ askedAt, end }) => end - askedAt > limit)
    const cut = slow.filter((one) => one.endedBy === 'relay' && !late.includes(one))
    const whole = fast.filter(({ complete }) => complete !== undefined)
    const took = [...cut, ...late].map(({ askedAt, end }) => end - askedAt)
    const fastest = took.length === 0 ? null : Math.min(...took)
    const slowest = took.length === 0 ? null : Math.max(...took)
    return conclude({
      violations: [
        ...late.map((one) => goesOn(one, limit)),
        ...cut.flatMap((one) => tooEarly(one, timeoutMs * 1_000)),
        ...cut.flatMap(wrongWords),
        ...fast.flatMap((one) => notServed(one, timeoutMs * 1_000)),
      ],
      doubts: doubtsOf(slow, quick && fast, timeoutMs * 1_000),
      holds: {
        rule: 'ended',
        says:
          `${many(cut.length, 'replay')} to slow clients ${cut.length === 1 ? 'was' : 'were'} ` +
          `ended ${between(fastest ?? 0, slowest ?? 0)} after the request ` +
          `(${limitsText(timeoutMs * 1_000 - otherClockMicros, limit)})` +
          `${whole.length > 0 ? `; ${many(whole.length, 'fast replay')} arrived whole` : ''}.`,
      },
      exercised: cut.length + late.length,
      counted: 'replays',
      evidence: {
        replays: slow.length,
        cut: cut.length,
        quickReplays: fast.length,
        quickWhole: whole.length,
        records: slow.reduce((sum, one) => sum + replayedIn(one), 0),
        fastestMs: fastest === null ? null : Math.round(fastest / 1_000),
        slowestMs: slowest === null ? null : Math.round(slowest / 1_000),
        timeoutMs,
        limitMs,
      },
    })
  },
})

const limitsText = (least: number, most: number): string =>
  least > 0 ? `limits ${seconds(least)} and ${seconds(most)}` : `limit ${seconds(most)}`

const between = (least: number, most: number): string =>
  seconds(least) === seconds(most) ? seconds(most) : `${seconds(least)} to ${seconds(most)}`

function goesOn({ client, askedAt, end }: Replay, limit: number): Violation {
  const says =
    `The replay to client ${client} must end within ${seconds(limit)}; ` +
    `it took ${seconds(end - askedAt)}.`
  return { rule: 'replay-goes-on', says, at: askedAt + limit }
}

function tooEarly({ client, askedAt, end }: Replay, timeout: number): Violation[] {
  if (end - askedAt >= timeout - otherClockMicros) return []
  const says =
    `The replay to client ${client} has a timeout of ${seconds(timeout)}; ` +
    `the relay ended it after ${seconds(end - askedAt)}.`
  return [{ rule: 'given-up-early', says, at: end }]
}

/** An error frame is best; a connection that only ends gives no wrong reason. */
function wrongWords({ client, told, closed, end }: Replay): Violation[] {
  const error = told.find(({ type }) => type === 'error')
  const code = error?.['code']
  if (code === 'REPLAY_TIMEOUT') return []
  const meaning = wrongCodes.get(closed?.code ?? 1006)
  if (error === undefined && meaning === undefined) return []
  const found =
    error === undefined
      ? `was closed with ${closed?.code}, which means ${meaning}`
      : `got ${JSON.stringify(code)}`
  const says =
    `Client ${client} must get REPLAY_TIMEOUT, or be closed as slow (4000 and above, ` +
    `1008, 1011 to 1013, or no code at all); it ${found}.`
  return [{ rule: 'given-up-wrongly', says, at: end }]
}

/** A client that reads fast is not slow; but if everything is slow, its timeout may be right. */
function notServed({ client, endedBy, askedAt, end, ...replay }: Replay, timeout: number) {
  const tookMicros = end - askedAt
  const isOverTime = tookMicros >= timeout - otherClockMicros
  const isSlowAtAll = isOverTime && replay.runs.length > 0
  if (endedBy === 'answer' || isSlowAtAll || (endedBy === 'run' && !isOverTime)) return []
  const found =
    endedBy === 'relay' ? `the relay closed it after ${seconds(tookMicros)}` : 'it got none'
  const says =
    `Client ${client} reads fast and must get its replay within ${seconds(timeout)}; ${found}.`
  return [{ rule: 'quick-not-served', says, at: Math.min(end, askedAt + timeout) }]
}

function doubtsOf(
  slow: readonly Replay[],
  fast: readonly Replay[] | undefined,
  timeout: number,
): (Doubt | undefined)[] {
  const open = [...slow, ...(fast ?? [])].filter(({ endedBy }) => endedBy === 'run')
  const whole = slow.filter(({ complete }) => complete !== undefined)
  const served = fast?.filter(({ complete }) => complete !== undefined) ?? []
  return [
    whole.length > 0
      ? {
          rule: 'too-quick',
          says:
            `${whole.length} of ${slow.length} slow clients got a whole replay in time: ` +
            'they never reached the timeout.',
          fix: `give a shorter REPLAY_TIMEOUT_SECS than ${seconds(timeout)}, or a higher load`,
        }
      : undefined,
    open.length > 0
      ? {
          rule: 'ended-too-soon',
          says:
            `The run ended during ${many(open.length, 'replay')}, within ` +
            `${open.length === 1 ? 'its' : 'their'} timeout.`,
          fix: 'run longer, or give the target a shorter REPLAY_TIMEOUT_SECS',
        }
      : undefined,
    fast !== undefined && (served.length < fast.length || fast.length === 0)
      ? {
          rule: 'quick-too-slow',
          says:
            fast.length === 0
              ? 'No fast client requested a replay: perhaps no client could get one in time.'
              : `${served.length} of ${fast.length} fast clients got a ` +
                'replay in time: perhaps no client could.',
          fix: 'run on a less busy machine, or with a longer REPLAY_TIMEOUT_SECS',
        }
      : undefined,
  ]
}
