/**
 * A hostile frame may at worst end its own sender. Each frame is judged by its own row, and blamed
 * only for what it did alone, on a connection without other frames: what ended a connection may be
 * another frame than the last.
 */
import { z } from 'zod'
import type { History } from '../history/history.ts'
import { hostileFrames, hostileTopics, type HostileFrame } from '../wire/hostile-frames.ts'
import { checker } from './checker.ts'
import {
  conclude,
  many,
  seconds,
  sentence,
  type Doubt,
  type Violation,
} from './reading/conclude.ts'
import { reactionTo } from './hostile/reaction.ts'
import { relayDeath } from './hostile/relay-death.ts'
import { trialsOf, type Trial } from './hostile/trials.ts'
import { milliseconds } from './options.ts'

const schema = z.strictObject({
  /** Longest time to a reaction. */
  limitMs: milliseconds,
  /** Which frames are judged here; others are judged elsewhere. */
  about: z.enum(hostileTopics),
})

export const hostileAnswered = checker({
  says: 'Each hostile frame gets its expected reaction and ends no connection without need.',
  restsOn: ['times'],
  options: schema,
  judge(history, { limitMs, about }) {
    const limit = limitMs * 1_000
    const rows = hostileFrames.filter((row) => row.about === about)
    const trials = trialsOf(history, rows)
    const alone = trials.filter(({ isAlone }) => isAlone)
    const inTurn = trials.filter(({ isAlone }) => !isAlone)
    const death = relayDeath(history, trials, limit)
    const found = [...(death.violation ? [death.violation] : []), ...blamed(history, alone, limit)]
    const open = inTurn.filter((trial) => reactionTo(history, trial, limit)?.violation)
    const fine = trials.filter((trial) => reactionTo(history, trial, limit) === undefined)
    const answered = rows.filter((row) => fine.some((trial) => trial.row === row))
    return conclude({
      violations: found,
      doubts: [
        death.doubt,
        unconfirmed(history, open, limit),
        unsaid(history, rows, trials),
        undecided(history, rows.filter((row) => !answered.includes(row)), trials, limit),
      ],
      holds: {
        rule: 'answered',
        says: sayAnswered(rows, trials.length, fine.length, limit),
      },
      exercised: fine.length,
      counted: 'hostile frames',
      evidence: {
        about,
        kinds: rows.length,
        kindsAnswered: answered.length,
        sentInTurn: inTurn.length,
        sentAlone: alone.length,
        answered: fine.length,
      },
    })
  },
})

/**
 * What frames did that were sent alone. The answer may be lost with a reset, once or twice; a kind
 * whose answer is lost each time is not answered.
 */
function blamed(history: History, alone: readonly Trial[], limit: number): Violation[] {
  const kinds = Map.groupBy(alone, ({ row }) => row.name)
  return [...kinds.values()].flatMap((trials) => {
    const reactions = trials.map((trial) => reactionTo(history, trial, limit))
    const isLost = reactions.map((one) => one?.isLost === true)
    const mayBeLost = trials.length < lossesMin || !isLost.every(Boolean)
    return reactions.flatMap((one, at) =>
      one === undefined || one.violation === undefined || (isLost[at] && mayBeLost)
        ? []
        : [one.violation],
    )
  })
}

/** This many answers in a row lost with a reset are not chance. */
const lossesMin = 3

/** The reactions to the frames, and for how many the reaction is not known. */
function sayAnswered(
  rows: readonly HostileFrame[],
  sent: number,
  fine: number,
  limit: number,
): string {
  const rest = sent === fine ? '' : `; of ${sent - fine} the reaction is not known`
  return (
    `${fine} of ${many(sent, 'hostile frame')} of ${rows.length} kinds got the expected reaction ` +
    `(an answer, an error or none) within ${seconds(limit)}${rest}.`
  )
}

/** Frames that ended their connection together, but not alone. */
function unconfirmed(
  history: History,
  open: readonly Trial[],
  limit: number,
): Doubt | undefined {
  const [first] = open
  if (first === undefined) return undefined
  const before = (one: Trial) => one.session === first.session && one.t <= first.t
  const names = trialsOf(history, hostileFrames).filter(before).map(({ row }) => row.name)
  const found = reactionTo(history, first, limit)?.violation?.says ?? ''
  const alone = trialsOf(history, hostileFrames).filter(({ isAlone }) => isAlone)
  const isTried = (name: string) => alone.some(({ row }) => row.name === name)
  const [tried, untried] = [names.filter(isTried), names.filter((name) => !isTried(name))]
  const parts = [
    tried.length === 0 ? [] : `sent alone, ${listed(tried)} did not do it again`,
    untried.length === 0 ? [] : `${listed(untried)} was not sent alone`,
  ].flat()
  return {
    rule: 'not-confirmed',
    says: `${found} ${sentence(parts.join('; '))}`,
    fix: 'run again; for rare failures see the log of the relay',
  }
}

/** Names in quotes, each once, and not too many. */
function listed(names: readonly string[]): string {
  const all = [...new Set(names)].map((name) => `"${name}"`)
  const more = all.length > namesMax ? ` and ${all.length - namesMax} more` : ''
  return `${all.slice(0, namesMax).join(', ')}${more}`
}

const namesMax = 6

function unsaid(
  history: History,
  rows: readonly HostileFrame[],
  trials: readonly Trial[],
): Doubt | undefined {
  const names = rows.filter((row) => !trials.some((trial) => trial.row === row))
  if (names.length === 0) return undefined
  const speakers = new Set(trialsOf(history, hostileFrames).map(({ session }) => session.group))
  const refused = history.events('refused').find(({ group }) => speakers.has(group))
  const because =
    refused === undefined ? '' : `: clients were no longer accepted (status ${refused.status})`
  return {
    rule: 'not-said',
    says: `No client sent ${listed(names.map(({ name }) => name))}${because}.`,
    fix: 'see what ended the clients before, and run again without that',
  }
}

/** Kinds without any seen reaction, right or wrong. */
function undecided(
  history: History,
  rows: readonly HostileFrame[],
  trials: readonly Trial[],
  limit: number,
): Doubt | undefined {
  if (rows.length === 0) return undefined
  const own = trials.filter(({ row }) => rows.includes(row))
  const lost = own.filter((trial) => reactionTo(history, trial, limit)?.isLost === true)
  const open = lost.length > 0 ? lost.map(({ row }) => row) : rows
  const names = listed(open.map(({ name }) => name))
  const says =
    lost.length > 0
      ? `The answer to ${names} may have been lost: the connection was reset ` +
        `${many(lost.length, 'time')} (${lossesMin} times in a row would not be chance).`
      : `Connections ended within ${seconds(limit)}, before the reaction to ${names} was due.`
  return { rule: 'too-short', says, fix: 'run again; the machine may have been busy' }
}
