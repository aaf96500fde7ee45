/**
 * What /health makes of an outage, in three claims. It does not call a relay broken that is not;
 * it stops calling it well while it is cut off; and it does not hold an outage against the relay
 * that is over. A relay may remember trouble for its own window, and no longer.
 */
import { z } from 'zod'
import type { Health, Micros, Page } from '../history/event.ts'
import type { History } from '../history/history.ts'
import { tearDownPhase, type FaultWindow } from '../history/windows.ts'
import { checker, type Judgement } from './checker.ts'
import {
  cannotTell,
  conclude,
  many,
  seconds,
  type Doubt,
  type Violation,
} from './reading/conclude.ts'
import { lastHealOf, seeFaults } from './reading/last-heal.ts'
import { milliseconds, type OptionsOf } from './options.ts'

const schema = z.discriminatedUnion('asks', [
  /** Before anything that is the relay's trouble, and while only Redis or clients are. */
  z.strictObject({ asks: z.literal('false-alarms') }),
  /** Longest time from when Kafka was seen to be gone until /health stops saying "well". */
  z.strictObject({ asks: z.literal('detection'), limitMs: milliseconds }),
  /**
   * Longest time from the last heal until /health says "well" again: what the relay needs to come
   * back, and on top the window for which it remembers trouble.
   */
  z.strictObject({ asks: z.literal('recovery'), limitMs: milliseconds, windowMs: milliseconds }),
])
export type HealthRecoversOptions = OptionsOf<typeof schema>

const wellStatuses = new Set(['healthy', 'waiting'])
const readyStatus = 200
const absentStatus = 404
/** Polls after the limit that are worth a judgement. */
const pollsMin = 3
/** Of faults of its own process and its group a relay may say whatever it likes meanwhile. */
const isOwn = ({ effects }: FaultWindow): boolean =>
  effects.on === 'relay' || effects.on === 'consumer-group'

export const healthRecovers = checker({
  says: '/health tells an outage while it lasts, forgets it afterwards, and tells no other.',
  restsOn: ['times'],
  options: schema,
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
})

/** What is said while everything is ended by us is nobody's business. */
const watchedUntil = (history: History): Micros =>
  history.phase(tearDownPhase)?.begin ?? history.phase('settle')?.end ?? Infinity

const isKafkaFault = ({ effects }: FaultWindow): boolean => effects.on === 'kafka'
const isOfRelay = (fault: FaultWindow): boolean =>
  isKafkaFault(fault) || isOwn(fault)

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
  const judged = polls.filter(([, t]) => t >= wellAt)
  const notReady = unready(history, steady.end, until)
  const ready = readyPolls(history, steady.end, until).length - notReady.length
  const beside = judged.filter(([, t]) => isDisturbedAt(history, t)).length
  const during = beside > 0 ? ` (${beside} of them during other faults)` : ''
  const andReady = ready > 0 ? `, and /readyz answered 200 in all of ${ready}` : ''
  return conclude({
    violations: falseAlarms(judged, notReady),
    doubts: [
      polls.length < pollsMin ? tooFew(polls.length) : undefined,
      polls.some(isWell) ? undefined : neverCalledWell(polls.length),
      judged.length < pollsMin ? tooFew(judged.length) : undefined,
    ],
    holds: {
      rule: 'no-false-alarm',
      says:
        'While neither the relay nor Kafka was disturbed, /health called the relay well in all ' +
        `of ${many(judged.length, 'poll')}${during}${andReady}.`,
    },
    exercised: judged.length,
    counted: 'polls of /health',
    evidence: {
      polls: judged.length,
      pollsWhileOthersDisturbed: beside,
      pollsBeforeFirstWell: polls.length - judged.length,
      ready,
    },
  })
}

function falseAlarms(judged: readonly Health[], notReady: readonly Page[]): Violation[] {
  const alarms = judged.filter((poll) => !isWell(poll))
  const wanted = 'with neither the relay nor Kafka disturbed'
  const found = `(${alarms.length} of ${judged.length} polls did not call it well)`
  return [
    ...alarms.map((poll): Violation => {
      const says = `/health was to call the relay well ${wanted}; it ${saidOf(poll)} ${found}.`
      return { rule: 'false-alarm', says, at: poll[1] }
    }),
    ...notReady.map(({ t: at, status }) => {
      const says = `/readyz was to answer 200 ${wanted}; it answered ${status}.`
      return { rule: 'false-alarm', says, at }
    }),
  ]
}

const isDisturbedAt = (history: History, t: Micros): boolean =>
  history.faults.some(({ begin, end }) => t >= begin && t <= end)

function judgeDetection(history: History, limitMs: number): Judgement {
  const faults = history.faults.filter(isKafkaFault)
  const [first] = faults
  if (first === undefined) {
    return cannotTell('no-fault', 'The run never took Kafka away.', seeFaults)
  }
  const detected = faults.map((fault) => detectionOf(history, fault, limitMs))
  const late = detected.flatMap(({ violation }) => violation ?? [])
  const took = detected.flatMap(({ tookMicros }) => tookMicros ?? [])
  const slowest = took.length === faults.length ? Math.max(...took) : undefined
  return conclude({
    violations: late,
    doubts: detected.map(({ doubt }) => doubt),
    holds: {
      rule: 'detected',
      says:
        `/health stopped calling the relay well ${seconds(slowest ?? 0)} after ` +
        `Kafka went out of reach${faults.length > 1 ? ', at the latest' : ''} ` +
        `(limit ${seconds(limitMs * 1_000)}).`,
    },
    exercised: detected.reduce((sum, { polls }) => sum + polls, 0),
    counted: 'polls of /health',
    evidence: {
      outages: faults.length,
      slowestMs: slowest === undefined ? null : Math.round(slowest / 1_000),
      limitMs,
    },
  })
}

interface Detection {
  readonly polls: number
  readonly tookMicros?: Micros | undefined
  readonly violation?: Violation
  readonly doubt?: Doubt
}

/** From the moment at which the fault was seen to bite. */
function detectionOf(history: History, fault: FaultWindow, limitMs: number): Detection {
  const from = fault.activeSince ?? fault.begin
  const due = from + limitMs * 1_000
  const polls = pollsWithin(history, from, fault.end)
  const before = history.events('health').findLast(([, t]) => t < fault.begin)
  if (before !== undefined && !isWell(before)) return { polls: polls.length, doubt: neverWell }
  const told = polls.find((poll) => !isWell(poll))
  const tookMicros = told && told[1] - from
  const late = polls.find(([, t]) => t > due)
  const limit = seconds(limitMs * 1_000)
  if (told !== undefined && told[1] <= due) return { polls: polls.length, tookMicros }
  if (late === undefined) {
    return { polls: polls.length, doubt: unseen(fault.end - from, limitMs * 1_000) }
  }
  const after = `${seconds((told ?? polls.at(-1) ?? late)[1] - from)} after that`
  const found =
    told === undefined
      ? `${after}, in its last poll of the outage, it still ${saidOf(polls.at(-1) ?? late)}`
      : `it did so ${after}`
  const says =
    `/health was to stop calling the relay well ${limit} after Kafka went out of reach; ${found}.`
  const violation = { rule: 'outage-not-told', says, at: late[1] }
  return { polls: polls.length, tookMicros, violation }
}

function unseen(lasted: Micros, limit: Micros): Doubt {
  const rule = 'too-short'
  if (lasted <= limit) {
    const may = `/health may take ${seconds(limit)} to tell of it`
    const says = `The outage lasted ${seconds(lasted)}; ${may}.`
    return { rule, says, fix: 'cut Kafka off longer' }
  }
  const later = `later than ${seconds(limit)}, its limit`
  const says = `In the outage of ${seconds(lasted)} /health was not asked ${later}.`
  return { rule, says, fix: 'see the trouble of the run: /health could not be asked' }
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
  const isRestored = hasDelivered(history, last)
  const wanted = `from ${seconds(limit - last)} after the last heal on`
  const found = [
    ...due.filter((poll) => !isWell(poll)).map((poll): Violation => {
      const after = `${seconds(poll[1] - last)} after the heal`
      const says = `/health was to call the relay well ${wanted}; ${after} it ${saidOf(poll)}.`
      return { rule: 'called-broken', says, at: poll[1] }
    }),
    ...unready(history, limit, until).map(({ t: at, status }) => {
      const after = `${seconds(at - last)} after the heal`
      const says = `/readyz was to answer 200 ${wanted}; ${after} it answered ${status}.`
      return { rule: 'not-ready', says, at }
    }),
  ]
  return conclude({
    violations: isRestored ? found : [],
    doubts: [
      isRestored ? undefined : notRestored,
      due.length < pollsMin ? tooShort(due.length, limit - last) : undefined,
      wasCalledBroken(history, until) ? undefined : neverBroken,
    ],
    holds: {
      rule: 'health-recovers',
      says:
        `/health called the relay well again ${seconds((wellAt ?? last) - last)} after the last ` +
        `heal (limit ${seconds(limit - last)}: ${seconds(limitMs * 1_000)} to come back and ` +
        `${seconds(windowMs * 1_000)} of memory).`,
    },
    exercised: due.length,
    counted: 'polls of /health',
    evidence: {
      lastHealAt: last,
      polls: polls.length,
      due: due.length,
      wellAt: wellAt ?? null,
      limitMs: limitMs + windowMs,
    },
  })
}

const tooShort = (due: number, limit: Micros): Doubt => ({
  rule: 'too-short',
  says:
    `/health was asked ${many(due, 'time')} later than ${seconds(limit)} after the last heal, ` +
    `its limit; at least ${pollsMin} times are needed.`,
  fix: 'run longer, or give the window for which the target remembers trouble',
})

/** Whether there was anything to forget: since the first fault it was called something else. */
const wasCalledBroken = (history: History, until: Micros): boolean => {
  const begin = Math.min(...history.faults.map((fault) => fault.begin))
  return pollsWithin(history, begin, until).some((poll) => !isWell(poll))
}

const neverBroken: Doubt = {
  rule: 'never-broken',
  says: '/health called the relay well all the time, so there was nothing that it could forget.',
  fix: 'see the verdict on whether /health tells an outage at all',
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
function unready(history: History, begin: Micros, end: Micros): readonly Page[] {
  return readyPolls(history, begin, end).filter(({ status }) => status !== readyStatus)
}

function readyPolls(history: History, begin: Micros, end: Micros): readonly Page[] {
  const all = history.events('page').filter(({ path }) => path === '/readyz')
  const isAbsent = all.every(({ status }) => status === 0 || status === absentStatus)
  return isAbsent ? [] : all.filter(({ t }) => t > begin && t < end)
}

function wordOf([, , , , body]: Health): string {
  const word = body?.['status']
  return typeof word === 'string' ? word : 'nothing'
}

function saidOf(poll: Health): string {
  const [, , , status, body] = poll
  return body === null || typeof body['status'] !== 'string'
    ? `gave no status (HTTP ${status})`
    : `said "${body['status']}"`
}

const isWell = (poll: Health): boolean => wellStatuses.has(wordOf(poll))

const neverWell: Doubt = {
  rule: 'not-well-before',
  says: '/health did not call the relay well before the outage, so it had nothing to change.',
  fix: 'see what /health says of its start, or run longer before the outage',
}

const neverCalledWell = (polls: number): Doubt => ({
  rule: 'not-well-before',
  says: `/health called the relay well in none of ${polls} polls: it may still tell of its start.`,
  fix: 'see what /health says of its start, or run longer before the outage',
})

const tooFew = (polls: number): Doubt => ({
  rule: 'too-short',
  says: `/health was asked ${many(polls, 'time')}; at least ${pollsMin} are needed.`,
  fix: 'see the trouble of the run: /health could not be asked',
})
