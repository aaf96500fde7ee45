/**
 * What no honest client says harms nobody but, at worst, whoever says it. Each frame is judged by
 * its own row, and blamed only for what it did alone, on a connection on which nothing else was
 * said: what a connection died of may be another frame than the last.
 */
import { z } from 'zod'
import type { History } from '../history/history.ts'
import { hostileFrames, type HostileFrame, type HostileTopic } from '../stimuli/hostile-frames.ts'
import type { Checker } from './checker.ts'
import { conclude, type Doubt, type Violation } from './conclude.ts'
import { reactionTo } from './hostile/reaction.ts'
import { relayDeath } from './hostile/relay-death.ts'
import { trialsOf, type Trial } from './hostile/trials.ts'
import { milliseconds } from './options.ts'

export interface HostileAnsweredOptions {
  /** Longest time to a reaction. */
  readonly limitMs: number
  /** Which frames this is about; others are judged elsewhere. */
  readonly about: HostileTopic
}

export const hostileAnswered: Checker<HostileAnsweredOptions> = {
  says: 'Each hostile frame gets the reaction that it is owed, and ends nobody for less.',
  restsOn: ['times'],
  options: z.strictObject({
    limitMs: milliseconds,
    about: z.enum(['multi-byte', 'limits', 'nonsense']),
  }),
  judge(history, { limitMs, about }) {
    const limit = limitMs * 1_000
    const rows = hostileFrames.filter((row) => row.about === about)
    const trials = trialsOf(history, rows)
    const alone = trials.filter(({ isAlone }) => isAlone)
    const inTurn = trials.filter(({ isAlone }) => !isAlone)
    const death = relayDeath(history, trials, limit)
    const found = [...(death.violation ? [death.violation] : []), ...blamed(history, alone, limit)]
    const open = inTurn.filter((trial) => reactionTo(history, trial, limit)?.violation)
    const answered = rows.filter((row) => isAnswered(history, row, trials, limit))
    return conclude({
      violations: found,
      doubts: [
        death.doubt,
        unconfirmed(history, open, limit),
        unsaid(history, rows, trials),
        undecided(rows, answered, limitMs),
      ],
      holds: {
        rule: 'answered',
        says: `${trials.length} hostile frames of ${rows.length} kinds got what they are owed.`,
      },
      exercised: answered.length,
      evidence: {
        about,
        kinds: rows.length,
        kindsAnswered: answered.length,
        said: inTurn.length,
        saidAlone: alone.length,
      },
    })
  },
}

/**
 * What frames did that were said alone. A last word may be lost with a reset, once or twice; a
 * kind whose answer is lost each time is not answered.
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

/** So many answers in a row that were lost with a reset were not lost by chance. */
const lossesMin = 3

/** Whether a kind was seen to get what it is owed, at least once. */
function isAnswered(
  history: History,
  row: HostileFrame,
  trials: readonly Trial[],
  limit: number,
): boolean {
  const own = trials.filter((trial) => trial.row === row)
  return own.some((trial) => reactionTo(history, trial, limit) === undefined)
}

/** Frames of connections that did not outlive them, of which none did it again alone. */
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
  const candidates = [...new Set(names)].map((name) => `"${name}"`).join(', ')
  return {
    rule: 'not-confirmed',
    says: `${found} Said alone, none of them did it again: ${candidates}.`,
    fix: 'run it again; what happens only now and then needs the log of the relay',
  }
}

function unsaid(
  history: History,
  rows: readonly HostileFrame[],
  trials: readonly Trial[],
): Doubt | undefined {
  const names = rows.filter((row) => !trials.some((trial) => trial.row === row))
  if (names.length === 0) return undefined
  const speakers = new Set(trialsOf(history, hostileFrames).map(({ session }) => session.group))
  const refused = history.events('refused').find(([, , group]) => speakers.has(group))
  const because =
    refused === undefined ? '' : `; clients were not let in any more (status ${refused[3]})`
  return {
    rule: 'not-said',
    says: `Nobody got to say ${names.map(({ name }) => `"${name}"`).join(', ')}${because}.`,
    fix: 'see what ended the clients before, and run it again without that',
  }
}

function undecided(
  rows: readonly HostileFrame[],
  answered: readonly HostileFrame[],
  limitMs: number,
): Doubt | undefined {
  const names = rows.filter((row) => !answered.includes(row)).map(({ name }) => `"${name}"`)
  if (names.length === 0) return undefined
  return {
    rule: 'too-short',
    says: `Nobody waited ${limitMs} ms for the reaction to ${names.join(', ')}.`,
    fix: 'run it again; the machine may have been busy',
  }
}
