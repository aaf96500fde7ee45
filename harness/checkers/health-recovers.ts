/**
 * How /health reports an outage, in three claims: it does not report a working relay as broken; it
 * stops reporting "healthy" while the relay is cut off; and it recovers after the outage. A relay
 * may keep a problem for its own window, and no longer.
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
  /** Before any fault of Kafka or the relay, and while only Redis or clients have one. */
  z.strictObject({ asks: z.literal('false-alarms') }),
  /** Longest time from when Kafka is unreachable until /health is no longer healthy. */
  z.strictObject({ asks: z.literal('detection'), limitMs: milliseconds }),
  /**
   * Longest time from the last heal until /health is healthy again: the time the relay needs to
   * recover, plus the window for which it keeps a problem.
   */
  z.strictObject({ asks: z.literal('recovery'), limitMs: milliseconds, windowMs: milliseconds }),
])
export type HealthRecoversOptions = OptionsOf<typeof schema>

const wellStatuses = new Set(['healthy', 'waiting'])
const readyStatus = 200
const absentStatus = 404
/** Fewest polls after the limit to judge by. */
const pollsMin = 3
/** During faults of its own process or its group a relay may report anything. */
const isOwn = ({ effects }: FaultWindow): boolean =>
  effects.on === 'relay' || effects.on === 'consumer-group'

export const healthRecovers = checker({
  says: '/health reports an outage while it lasts, recovers afterwards, and raises no false alarm.',
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

/** What is reported while the harness stops everything does not count. */
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
  // What it still reports of its own start is no false alarm.
  const wellAt = history.events('health').find((poll) => isWell(poll))?.[1] ?? Infinity
  const judged = polls.filter(([, t]) => t >= wellAt)
  const notReady = unready(history, steady.end, until)
  const ready = readyPolls(history, steady.end, until).length - notReady.length
  const beside = judged.filter(([, t]) => isDisturbedAt(history, t)).length
  const during = beside > 0 ? ` (${beside} of them during other faults)` : ''
  const andReady = ready > 0 ? `, and /readyz answered 200 in all ${ready}` : ''
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
        'Without a fault of Kafka or the relay, /health was healthy in all ' +
        `${many(judged.length, 'poll')}${during}${andReady}.`,
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
  const wanted = 'without a fault of Kafka or the relay'
  const found = `(${alarms.length} of ${judged.length} polls were not healthy)`
  return [
    ...alarms.map((poll): Violation => {
      const says = `/health must be healthy ${wanted}; it ${saidOf(poll)} ${found}.`
      return { rule: 'false-alarm', says, at: poll[1] }
    }),
    ...notReady.map(({ t: at, status }) => {
      const says = `/readyz must answer 200 ${wanted}; it answered ${status}.`
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
    return cannotTell('no-fault', 'The run never cut Kafka off.', seeFaults)
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
        `/health reported the outage ${seconds(slowest ?? 0)} after ` +
        `Kafka became unreachable${faults.length > 1 ? ', at the latest' : ''} ` +
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

/** From the moment at which the fault was proven active. */
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
    `/health must report the outage ${limit} after Kafka became unreachable; ${found}.`
  const violation = { rule: 'outage-not-reported', says, at: late[1] }
  return { polls: polls.length, tookMicros, violation }
}

function unseen(lasted: Micros, limit: Micros): Doubt {
  const rule = 'too-short'
  if (lasted <= limit) {
    const may = `/health may take ${seconds(limit)} to report it`
    const says = `The outage lasted ${seconds(lasted)}; ${may}.`
    return { rule, says, fix: 'cut Kafka off longer' }
  }
  const later = `later than ${seconds(limit)}, its limit`
  const says = `In the outage of ${seconds(lasted)} /health was not asked ${later}.`
  return { rule, says, fix: 'see the errors of the run: /health could not be asked' }
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
      const says = `/health must be healthy ${wanted}; ${after} it ${saidOf(poll)}.`
      return { rule: 'called-broken', says, at: poll[1] }
    }),
    ...unready(history, limit, until).map(({ t: at, status }) => {
      const after = `${seconds(at - last)} after the heal`
      const says = `/readyz must answer 200 ${wanted}; ${after} it answered ${status}.`
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
        `/health was healthy again ${seconds((wellAt ?? last) - last)} after the last ` +
        `heal (limit ${seconds(limit - last)}: ${seconds(limitMs * 1_000)} to recover and ` +
        `${seconds(windowMs * 1_000)} of window).`,
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
    `/health was asked ${many(due, 'time')} later than the limit of ${seconds(limit)} after the ` +
    `last heal; at least ${pollsMin} are needed.`,
  fix: 'run longer, or give the window for which the target keeps a problem',
})

/** Whether there was anything to clear: since the first fault the status was another. */
const wasCalledBroken = (history: History, until: Micros): boolean => {
  const begin = Math.min(...history.faults.map((fault) => fault.begin))
  return pollsWithin(history, begin, until).some((poll) => !isWell(poll))
}

const neverBroken: Doubt = {
  rule: 'never-broken',
  says: '/health was healthy all the time, so it had no outage to clear.',
  fix: 'see the verdict on whether /health reports an outage at all',
}

const notRestored: Doubt = {
  rule: 'not-restored',
  says: 'No record was delivered after the last heal: the relay may really be broken.',
  fix: 'see the verdict on the stream',
}

/** A delivery after a moment shows that the relay works, even if it reports otherwise. */
function hasDelivered(history: History, after: Micros): boolean {
  const { deliveries } = history.stream()
  return [...deliveries.values()].some(({ all }) => all.some(({ until }) => until > after))
}

const pollsWithin = (history: History, begin: Micros, end: Micros): readonly Health[] =>
  history.events('health').filter(([, t]) => t > begin && t < end)

/** Polls of /readyz that were not answered "ready"; none if there is no such page. */
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
    : `was "${body['status']}"`
}

const isWell = (poll: Health): boolean => wellStatuses.has(wordOf(poll))

const neverWell: Doubt = {
  rule: 'not-well-before',
  says: '/health was not healthy before the outage, so it had nothing to change.',
  fix: 'see what /health reports at the start, or run longer before the outage',
}

const neverCalledWell = (polls: number): Doubt => ({
  rule: 'not-well-before',
  says: `/health was healthy in none of ${polls} polls: it may still report its start.`,
  fix: 'see what /health reports at the start, or run longer before the outage',
})

const tooFew = (polls: number): Doubt => ({
  rule: 'too-short',
  says: `/health was asked ${many(polls, 'time')}; at least ${pollsMin} are needed.`,
  fix: 'see the errors of the run: /health could not be asked',
})
