/** Slots of clients that are gone must be free again: for the count, and for the next client. */
import { z } from 'zod'
import type { History } from '../history/history.ts'
import type { Session, Window } from '../history/windows.ts'
import type { Checker } from './checker.ts'
import { cannotTell, conclude, seconds, type Violation } from './conclude.ts'
import { milliseconds, name, type GroupName, type PhaseName } from './options.ts'
import { seriesOf, type Point } from './series.ts'
import { belowSince, openAt, probesOf, refusals, slotCount, slotsOf } from './slots.ts'

export interface SlotsReleasedOptions<G extends string = string, P extends string = string> {
  /** The window after whose end (or within which) slots must be free again. */
  readonly phase: PhaseName<P>
  /** The clients that held the slots. */
  readonly group: GroupName<G>
  /** Clients that join afterwards from the same address: each must be let in. */
  readonly probe: GroupName<G>
  /** Longest time from the end of the window until the count of clients is back. */
  readonly limitMs: number
}

export const slotsReleased: Checker<SlotsReleasedOptions> = {
  says: 'Slots of clients that are gone are free again, and new clients are let in.',
  restsOn: ['times'],
  options: z.strictObject({ phase: name, group: name, probe: name, limitMs: milliseconds }),
  judge(history, options) {
    const phase = history.phase(options.phase)
    if (phase === undefined) return cannotTell('no-phase', `There was no phase ${options.phase}.`)
    const held = openAt(history, phase.begin, ({ group }) => group === options.group)
    if (held === 0) return cannotTell('no-slots', `No client of ${options.group} held a slot.`)
    const slots = slotCount(history)
    const window = { begin: phase.begin, end: phase.end + options.limitMs * 1_000 }
    const isOther = (session: { group: string }) => session.group !== options.group
    const samples = slots === undefined ? [] : slotsOf(history, slots, window, isOther)
    return judgeSlots(history, options, { window, samples, held, phaseEnd: phase.end })
  },
}

interface Slots {
  readonly window: Window
  readonly samples: readonly Point[]
  readonly held: number
  readonly phaseEnd: number
}

function judgeSlots(history: History, options: SlotsReleasedOptions, slots: Slots) {
  const { window, samples, held, phaseEnd } = slots
  const rightful = stillConnected(history, options.group, window)
  const releasedAt = belowSince(samples, rightful)
  const probes = probesOf(history, options.probe, window)
  const isJudged = samples.some(({ t }) => t >= phaseEnd) || releasedAt !== undefined
  return conclude({
    violations: [
      ...(rightful === 0 ? refusals(probes) : []),
      ...(isJudged && releasedAt === undefined ? [leaked(samples, window)] : []),
    ],
    doubts: [
      rightful > 0
        ? { rule: 'still-connected', says: `${rightful} of the clients were not gone at all.` }
        : undefined,
      probes.opened === 0
        ? { rule: 'no-probe', says: `No client of ${options.probe} joined afterwards.` }
        : undefined,
      samples.length === 0
        ? { rule: 'not-counted', says: 'The target does not tell how many clients it has.' }
        : undefined,
      history.end < window.end || isJudged
        ? undefined
        : { rule: 'too-short', says: 'Nobody counted the clients after the window.' },
    ],
    holds: {
      rule: 'slots-released',
      says: `${held} slots were free again and ${probes.opened} new clients were let in.`,
    },
    exercised: probes.opened,
    evidence: {
      heldBefore: held,
      heldAtEnd: samples.at(-1)?.v ?? null,
      releasedAt: releasedAt ?? null,
      letIn: probes.opened,
      refused: probes.refused.length,
    },
    charts: [
      {
        title: `Slots of the ${options.group} clients until others come`,
        series: [seriesOf(options.group, 'count', samples)],
        limits: [{ name: 'must be left', v: 0 }],
      },
    ],
  })
}

/** Clients of the group that were never closed by the target: they hold their slots by right. */
function stillConnected(history: History, group: string, { begin, end }: Window): number {
  return [...history.sessions.values()]
    .flat()
    .filter((session) => session.group === group && session.begin <= begin)
    .filter((session) => session.end > end || endedBy(session) === 'client').length
}

const endedBy = ({ closed }: Session): string => closed?.[5] ?? 'client'

function leaked(samples: readonly Point[], { end }: Window): Violation {
  const left = samples.at(-1)?.v ?? 0
  const says = `No slot was to be left ${seconds(end)} into the run; ${left} still were.`
  return { rule: 'slot-kept', says, at: end }
}
