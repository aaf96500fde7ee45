/**
 * What /health makes of an outage, in three claims. It does not call a relay broken that is not;
 * it stops calling it well while it is cut off; and it does not hold an outage against the relay
 * that is over. A relay may remember trouble for its own window, and no longer.
 */
import { z } from 'zod'
import type { Health, Micros } from '../history/event.ts'
import type { History } from '../history/history.ts'
import { strikePhase, type FaultWindow } from '../history/windows.ts'
import type { Checker, Judgement } from './checker.ts'
import { cannotTell, conclude, seconds, type Doubt, type Violation } from './conclude.ts'
import { lastHealOf } from './last-heal.ts'
import { milliseconds } from './options.ts'
import { faultWord } from './stream/excuses.ts'

export type WellAgainOptions =
  /** Before anything that is the relay's trouble, and while only Redis or clients are. */
  | { readonly asks: 'false-alarms' }
  /** Longest time from when Kafka was seen to be gone until /health stops saying "well". */
  | { readonly asks: 'detection'; readonly limitMs: number }
  /**
   * Longest time from the last heal until /health says "well" again: what the relay needs to come
   * back, and on top the window for which it remembers trouble.
   */
  | { readonly asks: 'recovery'; readonly limitMs: number; readonly windowMs: number }

const wellStatuses = new Set(['healthy', 'waiting'])
const readyStatus = 200
const absentStatus = 404
/** Polls after the limit that are worth a judgement. */
const pollsMin = 3
/** Faults of the relay's own process, which may say of itself whatever it likes meanwhile. */
const ownFaults = new Set(['kill-relay', 'pause-relay', 'restart-relay', 'rebalance'])

export const wellAgain: Checker<WellAgainOptions> = {
  says: '/health tells an outage while it lasts, forgets it afterwards, and tells no other.',
  restsOn: ['times'],
  options: z.discriminatedUnion('asks', [
    z.strictObject({ asks: z.literal('false-alarms') }),
    z.strictObject({ asks: z.literal('detection'), limitMs: milliseconds }),
    z.strictObject({
      asks: z.literal('recovery'),
      limitMs: milliseconds,
      windowMs: milliseconds,
    }),
  ]),
  judge(history, options) {
    switch (options.asks) {
      case 'false-alarms':
        return judgeFalseAlarms(history)
      case 'detection':
        return judgeDetection(history, options.limitMs)
      case 'recovery':
        return judgeRecovery(history, options)
    }
  },
}

/** What is said while everything is ended by us is nobody's business. */
const watchedUntil = (history: History): Micros =>
  history.phase(strikePhase)?.begin ?? history.phase('settle')?.end ?? Infinity

const isKafkaFault = ({ spec }: FaultWindow): boolean => spec['hop'] === 'kafka'
const isOfRelay = (fault: FaultWindow): boolean =>
  isKafkaFault(fault) || ownFaults.has(faultWord(fault))

function judgeFalseAlarms(history: History): Judgement {
  const steady = history.phase('steady')
  if (steady === undefined) {
    return cannotTell('no-phase', 'The run never reached its steady state.', 'see why it did not')
  }
  const begins = history.faults.filter(isOfRelay).map(({ begin }) => begin)
  const until = Math.min(watchedUntil(history), ...begins)
  const polls = pollsWithin(history, steady.end, until)
  // What it remembers of its own start, before anything was asked of it, is no false alarm.
  const wellAt = history.events('health').find((poll) => isWell(poll))?.[1] ?? Infinity
  const alarms = polls.filter((poll) => !isWell(poll) && poll[1] > wellAt)
  return conclude({
    violations: [
      ...alarms.map((poll): Violation => {
        const says = `Nothing was wrong with the relay or Kafka; /health said ${wordOf(poll)}.`
        return { rule: 'false-alarm', says, at: poll[1] }
      }),
      ...unready(history, steady.end, until).map(([, at, , status]) => {
        const says = `Nothing was wrong with the relay or Kafka; /readyz answered ${status}.`
        return { rule: 'false-alarm', says, at }
      }),
    ],
    doubts: [
      polls.length < pollsMin ? tooFew(polls.length) : undefined,
      polls.some(isWell) ? undefined : neverWell,
    ],
    holds: {
      rule: 'no-false-alarm',
      says: `In ${polls.length} polls without trouble of its own /health called the relay well.`,
    },
    exercised: polls.length,
    evidence: { polls: polls.length },
  })
}

function judgeDetection(history: History, limitMs: number): Judgement {
  const faults = history.faults.filter(isKafkaFault)
  const [first] = faults
  if (first === undefined) return cannotTell('no-fault', 'Kafka was never taken from the relay.')
  const detected = faults.map((fault) => detectionOf(history, fault, limitMs))
  const late = detected.flatMap(({ violation }) => violation ?? [])
  const slowest = Math.max(0, ...detected.map(({ tookMicros }) => tookMicros ?? 0))
  return conclude({
    violations: late,
    doubts: detected.map(({ doubt }) => doubt),
    holds: {
      rule: 'detected',
      says: `/health told the outage ${seconds(slowest)} after it began (limit ${limitMs} ms).`,
    },
    exercised: detected.reduce((sum, { polls }) => sum + polls, 0),
    evidence: { outages: faults.length, slowestMs: Math.round(slowest / 1_000), limitMs },
  })
}

interface Detection {
  readonly polls: number
  readonly tookMicros?: Micros
  readonly violation?: Violation
  readonly doubt?: Doubt
}

/** From the moment at which the fault was seen to bite. */
function detectionOf(history: History, fault: FaultWindow, limitMs: number): Detection {
  const from = fault.bitAt ?? fault.begin
  const due = from + limitMs * 1_000
  const polls = pollsWithin(history, from, fault.end)
  const before = history.events('health').findLast(([, t]) => t < fault.begin)
  if (before !== undefined && !isWell(before)) return { polls: polls.length, doubt: neverWell }
  const told = polls.find((poll) => !isWell(poll))
  if (told !== undefined && told[1] <= due) {
    return { polls: polls.length, tookMicros: told[1] - from }
  }
  const late = polls.find(([, t]) => t > due)
  if (late === undefined) {
    const lasted = seconds(fault.end - from)
    const says = `The outage lasted ${lasted}; /health may take ${limitMs} ms to tell of it.`
    return { polls: polls.length, doubt: { rule: 'too-short', says, fix: 'cut Kafka off longer' } }
  }
  const says =
    `Kafka was out of reach for ${seconds(late[1] - from)} (limit ${limitMs} ms), ` +
    `and /health still said ${wordOf(polls.findLast(([, t]) => t <= late[1]) ?? late)}.`
  return { polls: polls.length, violation: { rule: 'outage-not-told', says, at: late[1] } }
}

interface Recovery {
  readonly limitMs: number
  readonly windowMs: number
}

function judgeRecovery(history: History, { limitMs, windowMs }: Recovery): Judgement {
  const last = lastHealOf(history)
  if (typeof last !== 'number') return last
  const until = watchedUntil(history)
  const polls = pollsWithin(history, last, until)
  const limit = last + (limitMs + windowMs) * 1_000
  const due = polls.filter(([, t]) => t > limit)
  const wellAt = polls[polls.findLastIndex((poll) => !isWell(poll)) + 1]?.[1]
  const shown = wellAt === undefined ? 'never' : `${seconds(wellAt - last)} after the heal`
  const isRestored = hasDelivered(history, last)
  const found = [
    ...due.filter((poll) => !isWell(poll)).map((poll) => broken(poll, last, windowMs)),
    ...unready(history, limit, until).map(([, at, , status]) => {
      const says = `${seconds(at - last)} after the last heal /readyz still answered ${status}.`
      return { rule: 'not-ready', says, at }
    }),
  ]
  return conclude({
    violations: isRestored ? found : [],
    doubts: [
      isRestored ? undefined : notRestored,
      due.length < pollsMin
        ? {
            rule: 'too-short',
            says: `The run ended before ${limitMs} + ${windowMs} ms had passed since the heal.`,
            fix: 'run longer, or give the window for which the target remembers trouble',
          }
        : undefined,
    ],
    holds: {
      rule: 'well-again',
      says: `/health called the relay well ${shown} (its window is ${windowMs} ms).`,
    },
    exercised: due.length,
    evidence: { lastHealAt: last, polls: polls.length, due: due.length, wellAt: wellAt ?? null },
  })
}

const notRestored: Doubt = {
  rule: 'not-restored',
  says: 'No record was delivered after the last heal: the relay may be called broken rightly.',
  fix: 'see the verdict on the stream',
}

/** What a client got after a moment says that the relay works, whatever it says itself. */
function hasDelivered(history: History, after: Micros): boolean {
  const { deliveries } = history.stream()
  return [...deliveries.values()].some(({ all }) => all.some(({ until }) => until > after))
}

const pollsWithin = (history: History, begin: Micros, end: Micros): readonly Health[] =>
  history.events('health').filter(([, t]) => t > begin && t < end)

/** Polls of /readyz that were not answered "ready"; none where there is no such page. */
function unready(history: History, begin: Micros, end: Micros) {
  const all = history.events('page').filter(([, , path]) => path === '/readyz')
  const isAbsent = all.every(([, , , status]) => status === 0 || status === absentStatus)
  if (isAbsent) return []
  return all.filter(([, t, , status]) => t > begin && t < end && status !== readyStatus)
}

function wordOf([, , , , body]: Health): string {
  const word = body?.['status']
  return typeof word === 'string' ? word : 'nothing'
}

const isWell = (poll: Health): boolean => wellStatuses.has(wordOf(poll))

function broken(poll: Health, last: Micros, windowMs: number): Violation {
  const [, at] = poll
  const says =
    `${seconds(at - last)} after the last heal, and past its window of ${windowMs} ms, /health ` +
    `was to call the relay well; it said ${wordOf(poll)}.`
  return { rule: 'called-broken', says, at }
}

const neverWell: Doubt = {
  rule: 'not-well-before',
  says: '/health did not call the relay well before the outage, so it had nothing to change.',
  fix: 'see what /health says of its start, or run longer before the outage',
}

const tooFew = (polls: number): Doubt => ({
  rule: 'too-short',
  says: `/health was asked ${polls} times only.`,
  fix: 'see the trouble of the run: /health could not be asked',
})
