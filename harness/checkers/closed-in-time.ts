/**
 * A client that accepts no bytes must be closed in time, and its slot released. It cannot see its
 * own end, so other witnesses are used, all before the harness heals anything: new clients that are
 * accepted or refused where all slots were taken, the target's count where it is right, and ends
 * that the fleet does see.
 */
import { z } from 'zod'
import type { Micros } from '../history/event.ts'
import type { History } from '../history/history.ts'
import { wayBytes } from '../history/tolerances.ts'
import type { Window } from '../history/windows.ts'
import { checker } from './checker.ts'
import {
  cannotTell,
  conclude,
  mebibytes,
  type Doubt,
  type Violation,
} from './reading/conclude.ts'
import { count, groupRef, milliseconds, phaseRef, type OptionsOf } from './options.ts'
import { belowSince, countOf, rightCount } from './reading/counts.ts'
import { riseWithin, seriesOf, type Point } from './reading/series.ts'
import {
  holds,
  noWitness,
  timeUnseen,
  tooShort,
  violations,
  type Found,
} from './closed/found.ts'
import { freedSlots, slotsTaken } from './reading/freed-slots.ts'
import { ackedBytes, stallOf, type Stall } from './reading/stalls.ts'

const { swallowedMax } = wayBytes

const schema = z.strictObject({
  /** The clients whose reading stops. */
  group: groupRef,
  /** The window in which they stall. */
  phase: phaseRef,
  /** Longest time from when a write can wait until the last of them is closed. */
  limitMs: milliseconds,
  /** Which write waits, by its label in counters; `silence`: none, the client vanished. */
  path: z.enum(['broadcast', 'control', 'resume', 'silence']),
  /**
   * Clients that connect within the phase after the limit. They are a witness if more clients of
   * `group` tried to connect than there were slots.
   */
  probe: groupRef.exactOptional(),
  /**
   * `ends`: that they are closed at all, before the stall ends · `time`: that it does not take
   * longer than the limit; default is both. A violation of `ends` makes `time` unknown.
   */
  asks: z.enum(['ends', 'time']).exactOptional(),
  /** How many clients must be closed; default is all that were stalled. */
  clients: count.exactOptional(),
  /**
   * Bytes that kernel buffers and proxy may hold before a write to one client waits; default 6 MiB,
   * more than was measured with Linux's defaults.
   */
  fillBytes: z.number().positive().exactOptional(),
})
export type ClosedInTimeOptions = OptionsOf<typeof schema>

/** Pongs or replayed records that one client must have got to prove that answers were sent. */
const answeredPongsMin = 100
const answeredRecordsMin = 100

export const closedInTime = checker({
  says: 'A client that stopped reading is closed in time.',
  restsOn: ['times'],
  options: schema,
  judge(history, options) {
    const phase = history.phase(options.phase)
    if (phase === undefined) {
      const says = `Phase ${options.phase} did not run.`
      return cannotTell('no-phase', says, 'let the run finish')
    }
    const stall = stallOf(history, options.group, phase)
    if (stall === undefined || stall.clients.length === 0) {
      const says = `No client of ${options.group} stopped reading in ${options.phase}.`
      return cannotTell('no-stall', says, 'see the faults of the run, and repeat it')
    }
    const end = Math.min(phase.end, stall.end)
    return judgeStall(history, options, { stall, window: { begin: stall.begin, end }, phase })
  },
})

interface Stalled {
  readonly stall: Stall
  /** From the beginning of the stall to its end, or the phase's. */
  readonly window: Window
  readonly phase: Window
}

function foundOf(history: History, options: ClosedInTimeOptions, given: Stalled): Found {
  const { stall, window } = given
  const wanted = options.clients ?? stall.clients.length
  const waitsSince = waitStartOf(history, options, given)
  const counted = countedDuring(history, options, window)
  const countedAt = counted && belowSince(counted, stall.clients.length - wanted)
  const freed = freedSlots(history, options.probe, window, wanted)
  const isFull = slotsTaken(history, options.group, stall)
  return {
    waitsSince,
    countedAt,
    closedAt: countedAt ?? endsSeen(history, given, wanted),
    deadline: (waitsSince ?? window.end) + options.limitMs * 1_000,
    wanted,
    of: stall.clients.length,
    window,
    counted,
    isTold: history.signal('connectedClients').v.some((value) => value !== null),
    freed,
    freedAt: isFull && freed.isEnough ? freed.at : undefined,
    isFull,
    limitMs: options.limitMs,
    from: waitsSince ?? stall.begin,
    since: waitsSince === undefined ? 'the stall began' : sinceOf(options),
  }
}

function judgeStall(history: History, options: ClosedInTimeOptions, given: Stalled) {
  const { stall, window } = given
  const found = foundOf(history, options, given)
  const { waitsSince, closedAt, counted, deadline, freed, freedAt, isFull, wanted } = found
  const goneAt = closedAt ?? freedAt
  const wrong = [...(waitsSince === undefined ? [] : violations(found)), ...freed.failed]
  const { own, others } = split(wrong, options.asks)
  return conclude({
    violations: own,
    doubts: [
      ...others,
      goneAt === undefined && waitsSince === undefined
        ? { rule: 'stall-not-proven', ...notProven(history, options, given) }
        : undefined,
      goneAt === undefined && deadline > window.end ? tooShort(found) : undefined,
      goneAt === undefined && waitsSince !== undefined ? noWitness(found) : undefined,
      options.asks === 'time' && closedAt === undefined ? timeUnseen(found) : undefined,
      otherWrites(history, options, window),
    ],
    holds: {
      rule: 'closed-in-time',
      says: holds(found, options.asks !== 'ends' && waitsSince !== undefined),
    },
    exercised: wanted,
    counted: 'stalled clients',
    evidence: {
      stalledClients: stall.clients.length,
      stalledAtSeconds: stall.begin / 1e6,
      writeWaitsAtSeconds: inSeconds(waitsSince),
      closedAtSeconds: inSeconds(closedAt),
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
        title: `Connection slots of client group ${options.group} while its clients stall`,
        series: [seriesOf('taken', 'count', counted ?? [])],
        limits: [{ name: 'limit at the end', v: stall.clients.length - wanted }],
      },
    ],
  })
}

/** The moment from which a client may be closed, as words of a sentence. */
const sinceOf = ({ path, fillBytes = swallowedMax }: ClosedInTimeOptions): string =>
  ({
    broadcast: `each was owed ${mebibytes(fillBytes)}`,
    control: 'they sent pings and read no answers',
    resume: 'they requested replays and read none',
    silence: 'their links went silent',
  })[path]

const inSeconds = (t: Micros | undefined): number | null => (t === undefined ? null : t / 1e6)

/** What is wrong, by whether it is judged here. A client closed too late is still closed. */
function split(wrong: readonly Violation[], asks: ClosedInTimeOptions['asks']) {
  const isLate = ({ rule }: Violation) => rule === 'closed-too-late'
  if (asks === undefined) return { own: wrong, others: [] }
  if (asks === 'ends') return { own: wrong.filter((one) => !isLate(one)), others: [] }
  const fix = 'see the finding about whether these clients are closed at all'
  const others = wrong.filter((one) => !isLate(one)).map(({ rule, says }) => ({ rule, says, fix }))
  return { own: wrong.filter(isLate), others }
}

/** If enough records were owed as well, their write may be the one that waited. */
function otherWrites(
  history: History,
  { path, fillBytes = swallowedMax }: ClosedInTimeOptions,
  { begin, end }: Window,
): Doubt | undefined {
  const owed = ackedBytes(history).within(begin, end)
  if (path === 'broadcast' || owed < fillBytes) return undefined
  return {
    rule: 'other-writes',
    says:
      `${mebibytes(owed)} of records were owed meanwhile (limit ${mebibytes(fillBytes)}): the ` +
      'write that waited may have been one of them.',
    fix: 'run again; the producer had fallen behind its plan',
  }
}

/**
 * When a write can wait: once more is owed than buffers hold. Answers to pings are not in the
 * producer's account; their flood starts with the phase and is recorded when it is over.
 */
function waitStartOf(
  history: History,
  options: ClosedInTimeOptions,
  given: Stalled,
): Micros | undefined {
  const { path, group, fillBytes = swallowedMax, limitMs } = options
  const { stall, phase, window } = given
  if (path === 'silence') return stall.begin
  const bytes = ackedBytes(history)
  if (path === 'broadcast') return bytes.reachedAt(stall.begin, fillBytes)
  const asked = askedAt(history, options, given)
  if (asked === undefined || !wasAnswered(history, group, asked)) return undefined
  if (path === 'resume') return bytes.within(0, asked) >= fillBytes ? asked : undefined
  const latest = window.end - limitMs * 1_000
  return Math.max(phase.begin, Math.min(asked, latest))
}

/** When a client of the group first sent a ping or a resume while it stalled. */
function askedAt(
  history: History,
  { path, group }: ClosedInTimeOptions,
  { window, phase }: Pick<Stalled, 'window' | 'phase'>,
): Micros | undefined {
  const word = path === 'control' ? 'ping' : 'resume'
  const isAsking = (t: Micros, what: string) =>
    t >= window.begin && t <= phase.end && what.startsWith(word)
  return history
    .events('sent')
    .find(([, t, client, what]) => isAsking(t, what) && isOf(history, client, group))?.[1]
}

/**
 * Whether at least one client got an answer of some size in the end. A target that answers nothing
 * has no write that could wait: that would be another finding.
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

/** Why no write is proven to have waited, for each kind of write. */
function notProven(history: History, options: ClosedInTimeOptions, { window, phase }: Stalled) {
  const { path, group } = options
  const bytes = ackedBytes(history)
  const fill = mebibytes(options.fillBytes ?? swallowedMax)
  const word = path === 'control' ? 'pings' : 'replays'
  if (path === 'broadcast') {
    const owed = mebibytes(bytes.within(window.begin, window.end))
    const says = `Each stalled client was owed ${owed}; buffers may hold ${fill} of it.`
    return { says, fix: 'run again; see why the producer sent so little' }
  }
  const asked = askedAt(history, options, { window, phase })
  const fix = 'run again; check that the target answers the requests of the scenario'
  if (asked === undefined) {
    return { says: `No client of group ${group} requested ${word} while it stalled.`, fix }
  }
  if (!wasAnswered(history, group, asked)) {
    const least =
      path === 'control' ? `${answeredPongsMin} pongs` : `${answeredRecordsMin} replayed records`
    const says = `No client of ${group} got ${least} or more in the end: no write had to wait.`
    return { says, fix }
  }
  const kept = mebibytes(bytes.within(0, asked))
  return { says: `There were ${kept} to replay; buffers may hold ${fill}.`, fix }
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
 * When the last of `wanted` stalled clients was seen to be closed by another side; ends during
 * healing are caused by the harness.
 */
function endsSeen(
  history: History,
  { stall: { clients, begin }, window }: Stalled,
  wanted: number,
): Micros | undefined {
  const ends = history
    .events('closed')
    .filter(({ t, client, by }) => {
      return t >= begin && t <= window.end && by !== 'client' && clients.includes(client)
    })
    .map(({ t }) => t)
    .sort((a, b) => a - b)
  return ends[wanted - 1]
}

/** The target's own counters about it: shown, not judged here. */
function counters(history: History, { path }: ClosedInTimeOptions, { begin, end }: Window) {
  const rise = (reading: ReturnType<History['signal']>) => riseWithin(reading, begin, end + 2e6)
  return {
    sendTimeouts: rise(history.signal('sendTimeoutTotal')),
    sendFailures: rise(history.signal('sendFailedTotal')),
    slowDisconnects: rise(history.signal('slowDisconnectsTotal')),
    failuresOnPath: rise(history.signal('sendFailuresByPath', { labels: { path } })),
  }
}
