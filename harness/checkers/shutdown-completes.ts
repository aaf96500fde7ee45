/**
 * A relay that is asked to stop (SIGTERM to its own process) exits in time and with success, and
 * open clients get a close frame: a client that only loses its connection cannot tell a restart
 * from a crash. What is committed is judged elsewhere.
 */
import { z } from 'zod'
import type { EventOf, Micros } from '../history/event.ts'
import type { History } from '../history/history.ts'
import { tolerances } from '../history/tolerances.ts'
import type { Session } from '../history/windows.ts'
import { checker, type Judgement } from './checker.ts'
import {
  cannotTell,
  conclude,
  many,
  notApplicable,
  seconds,
  type Violation,
} from './reading/conclude.ts'
import { count, groupRefs, milliseconds, type OptionsOf } from './options.ts'

const { endSeenLateMicros } = tolerances

const schema = z.strictObject({
  /** Longest time from SIGTERM to the exit of the process. */
  limitMs: milliseconds,
  /** Clients that must get a close frame: they read, and their links have no fault. */
  groups: groupRefs,
  /** How often it must have been asked while these clients were open. */
  timesMin: count,
})
export type ShutdownCompletesOptions = OptionsOf<typeof schema>

/** Exit codes of success; a runtime that handles SIGTERM itself may return 128 + 15. */
const orderlyCodes: ReadonlySet<number | null> = new Set([0, 143])
/** No close frame came. */
const noFrame = 1_006
/** Codes that blame the client or report a failure: a client would not reconnect. */
const misleading: ReadonlySet<number> = new Set([1_002, 1_003, 1_007, 1_008, 1_009, 1_010, 1_011])

/** One SIGTERM and its outcome. */
interface Asked {
  readonly at: Micros
  readonly exit: EventOf<'process'> | undefined
  /** When the harness killed it after the limit. */
  readonly killedAt: Micros | undefined
  /** Connections of the watched groups that were open. */
  readonly open: readonly Session[]
}

export const shutdownCompletes = checker({
  says: 'A relay asked to stop exits in time with success and sends its clients a close frame.',
  options: schema,
  judge(history, options) {
    const relay = history.events('process').filter(({ role }) => role === 'relay')
    if (relay.length === 0) {
      const says = 'The harness did not start the target, so it cannot stop it.'
      return notApplicable('not-ours', says)
    }
    const asked = relay
      .filter(({ edge, signal }) => edge === 'signal' && signal === 'SIGTERM')
      .map((event) => askedOf(history, options.groups, relay, event))
    if (asked.length === 0) {
      const says = 'The target was never asked to stop.'
      return cannotTell('never-asked', says, 'run the whole scenario')
    }
    return judgeAsked(asked, options)
  },
})

function askedOf(
  history: History,
  groups: readonly string[],
  relay: readonly EventOf<'process'>[],
  { t: at, pid }: EventOf<'process'>,
): Asked {
  const later = relay.filter(({ t, pid: of }) => of === pid && t >= at)
  const exit = later.find(({ edge }) => edge === 'exit')
  const killed = later.find(
    ({ t, edge, signal }) =>
      edge === 'signal' && signal === 'SIGKILL' && t <= (exit?.t ?? Infinity),
  )
  const open = [...history.sessions.values()]
    .flat()
    .filter(({ group, begin, end }) => groups.includes(group) && begin < at && end > at)
  return { at, exit, killedAt: killed?.t, open }
}

function judgeAsked(asked: readonly Asked[], options: ShutdownCompletesOptions): Judgement {
  const watched = asked.filter(({ open }) => open.some(needsCloseFrame))
  const times = asked.flatMap(({ at, exit }) => (exit === undefined ? [] : [exit.t - at]))
  const withoutFrame = watched.reduce((sum, one) => sum + withoutCloseFrame(one).length, 0)
  const clients = watched.reduce((sum, { open }) => sum + open.filter(needsCloseFrame).length, 0)
  const slowest = Math.max(0, ...times)
  return conclude({
    violations: [
      ...asked.flatMap((one) => lateness(one, options.limitMs)),
      ...asked.flatMap(badEnd),
      ...watched.flatMap(noCloseFrame),
      ...watched.flatMap(misleadingCode),
    ],
    doubts: [unknownStatus(asked), tooFew(asked, watched, options)],
    holds: {
      rule: 'shutdown-complete',
      says:
        `Asked to stop ${many(asked.length, 'time')}, the relay exited with success within ` +
        `${seconds(slowest)} (limit ${seconds(options.limitMs * 1_000)}); ` +
        `${many(clients, 'open client')} got a close frame.`,
    },
    exercised: asked.length + clients,
    counted: 'stops and close frames',
    evidence: { timesAsked: asked.length, slowestEndMs: slowest / 1_000, clients, withoutFrame },
  })
}

function lateness({ at, exit, killedAt }: Asked, limitMs: number): Violation[] {
  const deadline = at + limitMs * 1_000
  const wanted = `The relay must exit within ${seconds(limitMs * 1_000)} of SIGTERM`
  if (killedAt !== undefined) {
    const says = `${wanted}; after ${seconds(killedAt - at)} it was still running and was killed.`
    return [{ rule: 'still-running', says, at: Math.min(deadline, killedAt) }]
  }
  if (exit === undefined || exit.t <= deadline) return []
  const says = `${wanted}; it took ${seconds(exit.t - at)}.`
  return [{ rule: 'ended-late', says, at: deadline }]
}

function badEnd({ exit, killedAt }: Asked): Violation[] {
  if (exit === undefined || killedAt !== undefined) return []
  const { t: at, code, signal } = exit
  if (signal === 'SIGTERM') {
    const says = 'SIGTERM itself ended the relay: it does not handle the signal.'
    return [{ rule: 'unhandled-signal', says, at }]
  }
  if (signal === null && (code === null || orderlyCodes.has(code))) return []
  const how = signal ?? `code ${code}`
  const says = `Asked to stop, the relay must exit with code 0; it exited with ${how}.`
  return [{ rule: 'ended-badly', says, at }]
}

/** A client that left by itself meanwhile needs no close frame. */
const needsCloseFrame = ({ closed }: Session): boolean => closed?.by !== 'client'

/** Clients that lost their connection, or kept it, without a close frame from the relay. */
function withoutCloseFrame({ at, exit, open }: Asked): Session[] {
  const until = (exit?.t ?? Infinity) + endSeenLateMicros
  return open.filter((one) => {
    if (one.closed === undefined) return true
    const { t, code } = one.closed
    return needsCloseFrame(one) && (code === noFrame || t > until) && t >= at
  })
}

function noCloseFrame(asked: Asked): Violation[] {
  const [first, ...others] = withoutCloseFrame(asked)
  if (first === undefined) return []
  const says =
    `${others.length + 1} of ${asked.open.filter(needsCloseFrame).length} open clients got no ` +
    'close frame when the relay was asked to stop; each must get one, such as 1001.'
  return [{ rule: 'no-close-frame', says, at: first.closed?.t ?? asked.at }]
}

function misleadingCode({ open }: Asked): Violation[] {
  const wrong = open.find(({ closed }) => closed?.by === 'relay' && misleading.has(closed.code))
  if (wrong?.closed === undefined) return []
  const { t: at, code } = wrong.closed
  const says = `Asked to stop, the relay closed a client with ${code} (1000, 1001, 1012 are right).`
  return [{ rule: 'misleading-close-code', says, at }]
}

function unknownStatus(asked: readonly Asked[]) {
  const statuses = asked.flatMap(({ exit }) => {
    return exit === undefined ? [] : [exit.code ?? exit.signal]
  })
  if (!statuses.includes(null)) return undefined
  const says = "A wrapper around the relay hid the relay's exit status."
  const fix = 'start the relay itself with --target-command, or let the wrapper exec it'
  return { rule: 'status-unknown', says, fix }
}

function tooFew(
  asked: readonly Asked[],
  watched: readonly Asked[],
  { timesMin }: ShutdownCompletesOptions,
) {
  if (watched.length >= timesMin) return undefined
  const says =
    `Clients were open at ${watched.length} of ${asked.length} requests to stop (needed: ` +
    `${timesMin}).`
  return { rule: 'no-open-clients', says, fix: 'see why the clients did not reconnect in time' }
}
