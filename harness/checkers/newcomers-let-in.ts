/**
 * Whoever broke a handshake off holds no slot: where slots are few, each one that leaked keeps a
 * new client out.
 */
import { z } from 'zod'
import type { Checker } from './checker.ts'
import { cannotTell, conclude } from './conclude.ts'
import { count, name, type GroupName, type PhaseName } from './options.ts'
import { probesOf, refusals } from './slots.ts'

export interface NewcomersLetInOptions<G extends string = string, P extends string = string> {
  /** The window in which handshakes are broken off. */
  readonly phase: PhaseName<P>
  /** So many of them at least, or nothing was put to the test. */
  readonly abortedMin: number
  /** The clients that join afterwards. */
  readonly probe: GroupName<G>
  /** The window in which they do. */
  readonly afterwards: PhaseName<P>
}

export const newcomersLetIn: Checker<NewcomersLetInOptions> = {
  says: 'Handshakes that were broken off take no slot from new clients.',
  options: z.strictObject({ phase: name, abortedMin: count, probe: name, afterwards: name }),
  judge(history, { phase: phaseName, abortedMin, probe, afterwards }) {
    const phase = history.phase(phaseName)
    if (phase === undefined) return cannotTell('no-phase', `There was no phase ${phaseName}.`)
    const later = history.phase(afterwards)
    if (later === undefined) return cannotTell('no-phase', `There was no phase ${afterwards}.`)
    const aborted = history
      .events('sent')
      .filter(([, t, , what]) => what === 'handshake-aborted' && t >= phase.begin && t <= phase.end)
    const broken = aborted.reduce((sum, [, , , , times]) => sum + times, 0)
    // They join before the window's own time begins.
    const probes = probesOf(history, probe, { begin: phase.end, end: later.end })
    const after = broken === 0 ? '' : ` after ${broken} broken handshakes`
    return conclude({
      violations: refusals(probes),
      doubts: [
        broken < abortedMin
          ? { rule: 'too-little', says: `${abortedMin} handshakes were to be broken off.` }
          : undefined,
      ],
      holds: {
        rule: 'let-in',
        says: `${probes.opened} new clients were let in${after}.`,
      },
      exercised: probes.opened,
      evidence: { broken, letIn: probes.opened, refused: probes.refused.length },
    })
  },
}
