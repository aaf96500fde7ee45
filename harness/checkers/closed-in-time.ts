/**
 * A client that takes no bytes must be given up in time, and its slot with it. Such a client cannot
 * see its own end, so the witnesses are others, and all of them speak before the harness heals
 * anything: new clients that are let in or not where all slots were taken, the target's count where
 * it is right, and ends that the fleet does see.
 */
import { z } from 'zod'
import type { Micros } from '../history/event.ts'
import type { History } from '../history/history.ts'
import type { Window } from '../history/windows.ts'
import type { Checker } from './checker.ts'
import {
  cannotTell,
  conclude,
  mebibytes,
  seconds,
  type Doubt,
  type Violation,
} from './conclude.ts'
import { count, milliseconds, name, type GroupName, type PhaseName } from './options.ts'
import { belowSince, countOf, rightCount } from './counts.ts'
import { riseWithin, seriesOf, type Point } from './series.ts'
import { freedSlots, slotsTaken, type Freed } from './freed-slots.ts'
import { ackedBytes, stallOf, type Stall } from './stalls.ts'

export interface ClosedInTimeOptions<G extends string = string, P extends string = string> {
  /** The clients whose reading stops. */
  readonly group: GroupName<G>
  /** The window in which they stall. */
  readonly phase: PhaseName<P>
  /** Longest time from the moment the stall could bite to the last of them being closed. */
  readonly limitMs: number
  /** Which kind of write waits, by its label in counters; `silence`: none, it just vanished. */
  readonly path: 'broadcast' | 'control' | 'resume' | 'silence'
  /**
   * Clients that join within the phase once the limit is over. They are a witness where more of
   * `group` wanted to join than there was room for.
   */
  readonly probe?: GroupName<G>
  /**
   * `ends`: that they are closed at all, before the stall ends · `time`: that it does not take
   * longer than the limit; default is both. What is wrong the other way makes `time` unknown.
   */
  readonly asks?: 'ends' | 'time'
  /** How many clients must be closed; default is all that were stalled. */
  readonly clients?: number
  /**
   * Bytes that kernel buffers and proxy may take before a write to one client waits at all; default
   * 6 MiB, above what Linux's defaults were measured to swallow.
   */
  readonly fillBytes?: number
}

const fillBytesDefault = 6 * 1_048_576
/** Pongs, or replayed records, that one client must have got for an answer to be under way. */
const answeredPongsMin = 100
const answeredRecordsMin = 100

export const closedInTime: Checker<ClosedInTimeOptions> = {
  says: 'A client that stopped reading is closed in time.',
  restsOn: ['times'],
  options: z.strictObject({
    group: name,
    phase: name,
    limitMs: milliseconds,
    path: z.enum(['broadcast', 'control', 'resume', 'silence']),
    probe: name.exactOptional(),
    asks: z.enum(['ends', 'time']).exactOptional(),
    clients: count.exactOptional(),
    fillBytes: z.number().positive().exactOptional(),
  }),
  judge(history, options) {
    const phase = history.phase(options.phase)
    if (phase === undefined) return cannotTell('no-phase', `There was no phase ${options.phase}.`)
    const stall = stallOf(history, options.group, phase)
    if (stall === undefined || stall.clients.length === 0) {
      return cannotTell('no-stall', `No client of ${options.group} was stalled.`)
    }
    const end = Math.min(phase.end, stall.end)
    return judgeStall(history, options, { stall, window: { begin: stall.begin, end }, phase })
  },
}

interface Stalled {
  readonly stall: Stall
  /** From the beginning of the stall to its end, or the phase's. */
  readonly window: Window
  readonly phase: Window
}

function judgeStall(history: History, options: ClosedInTimeOptions, given: Stalled) {
  const { stall, window } = given
  const wanted = options.clients ?? stall.clients.length
  const bite = biteOf(history, options, given)
  const counted = countedDuring(history, options, window)
  const left = stall.clients.length - wanted
  const countedAt = counted && belowSince(counted, left)
  const closedAt = countedAt ?? endsSeen(history, given, wanted)
  const deadline = (bite ?? window.end) + options.limitMs * 1_000
  const freed = freedSlots(history, options.probe, window, wanted)
  const isFull = slotsTaken(history, options.group, stall)
  const freedAt = isFull && freed.isEnough ? freed.at : undefined
  const found: Found = { closedAt, deadline, wanted, window, counted, freed, isFull }
  const goneAt = closedAt ?? freedAt
  const wrong = [...(bite === undefined ? [] : violations(found)), ...freed.failed]
  const { own, others } = split(wrong, options.asks)
  return conclude({
    violations: own,
    doubts: [
      ...others,
      goneAt === undefined && bite === undefined
        ? { rule: 'stall-not-proven', ...notProven(history, options, given) }
        : undefined,
      goneAt === undefined && deadline > window.end ? tooShort : undefined,
      goneAt === undefined && bite !== undefined ? noWitness(found) : undefined,
      otherWrites(history, options, window),
    ],
    holds: {
      rule: 'closed-in-time',
      says:
        `${wanted} stalled clients were gone ${since(goneAt, bite ?? stall.begin)}` +
        (freedAt === undefined ? '.' : `, and ${freed.opened} new ones got their slots.`),
    },
    exercised: wanted,
    evidence: {
      stalledClients: stall.clients.length,
      stalledAt: stall.begin,
      biteAt: bite ?? null,
      closedAt: closedAt ?? null,
      limitMs: options.limitMs,
      bytesOwedEach: ackedBytes(history).within(window.begin, window.end),
      isCountRight: counted !== undefined,
      areSlotsTaken: isFull,
      letIn: freed.opened,
      refused: freed.limited,
      ...counters(history, options, window),
    },
    charts: [
      {
        title: `Slots of the ${options.group} clients while they stall`,
        series: [seriesOf(options.group, 'count', counted ?? [])],
        limits: [{ name: 'must be left', v: left }],
      },
    ],
  })
}

/** What is wrong, by whether it is asked for. Who is closed too late is closed. */
function split(wrong: readonly Violation[], asks: ClosedInTimeOptions['asks']) {
  const isLate = ({ rule }: Violation) => rule === 'closed-too-late'
  if (asks === undefined) return { own: wrong, others: [] }
  if (asks === 'ends') return { own: wrong.filter((one) => !isLate(one)), others: [] }
  const fix = 'see the finding that asks whether such clients are closed at all'
  const others = wrong.filter((one) => !isLate(one)).map(({ rule, says }) => ({ rule, says, fix }))
  return { own: wrong.filter(isLate), others }
}

/** What the witnesses say. */
interface Found {
  readonly closedAt: Micros | undefined
  readonly deadline: Micros
  readonly wanted: number
  readonly window: Window
  /** The group's clients by the target's count; undefined where that is not right. */
  readonly counted: readonly Point[] | undefined
  readonly freed: Freed
  /** Whether every slot was taken when the stall began. */
  readonly isFull: boolean
}

/** Where enough records were owed as well, it may have been their write that waited. */
function otherWrites(
  history: History,
  { path, fillBytes = fillBytesDefault }: ClosedInTimeOptions,
  { begin, end }: Window,
): Doubt | undefined {
  const owed = ackedBytes(history).within(begin, end)
  if (path === 'broadcast' || owed < fillBytes) return undefined
  return {
    rule: 'other-writes',
    says: `No records were to be owed meanwhile; ${mebibytes(owed)} were, and may have waited.`,
    fix: 'run it again; the producer had fallen behind its plan',
  }
}

const tooShort = {
  rule: 'too-short',
  says: 'The stall ended before the limit had passed.',
  fix: 'run it again; the machine may have been busy',
}

/** Without any witness nobody can tell whether they were closed. */
function noWitness({ counted, freed, isFull }: Found): Doubt | undefined {
  if (counted !== undefined && counted.length > 0) return undefined
  const slots = isFull
    ? `${freed.opened + freed.limited} new clients tried for their slots`
    : 'no limit on clients of one address is in force'
  return {
    rule: 'no-witness',
    says: `Nothing shows whether they were closed: the target's count is not right, and ${slots}.`,
    fix: 'start the target with a limit on clients of one address, in its own way by --env',
  }
}

const since = (at: Micros | undefined, from: Micros): string =>
  at === undefined ? 'at an unknown time' : `within ${seconds(Math.max(0, at - from))}`

function violations(found: Found): Violation[] {
  const { closedAt, deadline, wanted, window, counted, freed, isFull } = found
  const slots = isFull && freed.at !== undefined && freed.at >= deadline
  if (slots && !freed.isEnough && freed.isDecided) return [keptSlots(found)]
  if (closedAt === undefined) {
    const isSeen = counted !== undefined && counted.length > 0
    if (deadline > window.end || !isSeen || (slots && freed.isEnough)) return []
    const says = `${wanted} stalled clients were to be closed; some were counted to the end.`
    return [{ rule: 'not-closed', says, at: deadline }]
  }
  if (closedAt <= deadline) return []
  const says = `The last stalled client was closed ${seconds(closedAt - deadline)} too late.`
  return [{ rule: 'closed-too-late', says, at: deadline }]
}

/** New clients met the limit after the time by which all of the slots had to be free. */
function keptSlots({ closedAt, deadline, wanted, freed }: Found): Violation {
  const late = seconds((freed.at ?? deadline) - deadline)
  const kept = `${wanted - freed.opened} of ${wanted} slots were still taken ${late} after it`
  const isClosed = closedAt !== undefined && closedAt <= deadline
  const says = isClosed
    ? `The clients were closed within the limit, but ${kept}: new clients met status 429.`
    : `${wanted} stalled clients were to be gone within the limit; ${kept}: new clients met 429.`
  return { rule: isClosed ? 'slot-kept' : 'not-closed', says, at: deadline }
}

/**
 * From when on a write can wait: as soon as more was owed than buffers take. Answers to pings are
 * not in the producer's account; their flood starts with the phase and is told when it is over.
 */
function biteOf(
  history: History,
  { path, group, fillBytes = fillBytesDefault, limitMs }: ClosedInTimeOptions,
  { stall, phase, window }: Stalled,
): Micros | undefined {
  if (path === 'silence') return stall.begin
  const bytes = ackedBytes(history)
  if (path === 'broadcast') return bytes.reachedAt(stall.begin, fillBytes)
  const word = path === 'control' ? 'ping' : 'resume'
  const asked = history
    .events('sent')
    .find(
      ([, t, client, what]) =>
        t >= stall.begin &&
        t <= phase.end &&
        what.startsWith(word) &&
        isOf(history, client, group),
    )
  if (asked === undefined || !wasAnswered(history, group, asked[1])) return undefined
  if (path === 'resume') return bytes.within(0, asked[1]) >= fillBytes ? asked[1] : undefined
  const latest = window.end - limitMs * 1_000
  return Math.max(phase.begin, Math.min(asked[1], latest))
}

/**
 * Whether at least one client got an answer of some size in the end. A target that answers nothing
 * has no write that could wait, which is another finding than this one.
 */
function wasAnswered(history: History, group: string, asked: Micros): boolean {
  const clients = [...history.sessions.keys()].filter((client) => isOf(history, client, group))
  return clients.some((client) => {
    const pongs = history
      .events('control')
      .filter(([, t, to, { type }]) => to === client && t >= asked && type === 'pong')
      .reduce((sum, [, , , { count: many }]) => sum + (typeof many === 'number' ? many : 1), 0)
    const runs = history.stream().deliveries.get(client)?.all ?? []
    const replayed = runs
      .filter((run) => run.path === 'replay' && run.until >= asked)
      .reduce((sum, { first, last }) => sum + last - first + 1, 0)
    return pongs >= answeredPongsMin || replayed >= answeredRecordsMin
  })
}

const isOf = (history: History, client: number, group: string): boolean =>
  history.sessions.get(client)?.some((session) => session.group === group) ?? false

function notProven(history: History, options: ClosedInTimeOptions, { window }: Stalled) {
  const owed = mebibytes(ackedBytes(history).within(window.begin, window.end))
  const fill = mebibytes(options.fillBytes ?? fillBytesDefault)
  return {
    says: `Nothing shows that a write had to wait: ${owed} were owed, buffers may take ${fill}.`,
    fix: 'run it again; see that the target answers what the scenario asks of it',
  }
}

function countedDuring(
  history: History,
  { group }: ClosedInTimeOptions,
  window: Window,
): Point[] | undefined {
  const right = rightCount(history, window.begin)
  return right && countOf(history, right, window, (session) => session.group !== group)
}

/**
 * When the last of `wanted` stalled clients was seen to be closed by somebody else; what ends when
 * the harness heals, ends by its doing.
 */
function endsSeen(
  history: History,
  { stall: { clients, begin }, window }: Stalled,
  wanted: number,
): Micros | undefined {
  const ends = history
    .events('closed')
    .filter(([, t, client, , , by]) => {
      return t >= begin && t <= window.end && by !== 'client' && clients.includes(client)
    })
    .map(([, t]) => t)
    .sort((a, b) => a - b)
  return ends[wanted - 1]
}

/** What the target's own counters say of it: shown, not judged here. */
function counters(history: History, { path }: ClosedInTimeOptions, { begin, end }: Window) {
  const rise = (reading: ReturnType<History['signal']>) => riseWithin(reading, begin, end + 2e6)
  return {
    sendTimeouts: rise(history.signal('sendTimeoutTotal')),
    sendFailures: rise(history.signal('sendFailedTotal')),
    slowDisconnects: rise(history.signal('slowDisconnectsTotal')),
    failuresOnPath: rise(history.signal('sendFailuresByPath', { labels: { path } })),
  }
}
