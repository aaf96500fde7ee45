/** A counter must tell what happened, and soon: one scrape later it is on somebody's screen. */
import { z } from 'zod'
import { signalNames, type SignalName } from '../targets/signals.ts'
import type { Checker } from './checker.ts'
import { cannotTell, conclude, type Violation } from './conclude.ts'
import { milliseconds, name, type PhaseName } from './options.ts'
import { points, riseWithin, seriesOf } from './series.ts'

export interface CounterRisesOptions<P extends string = string> {
  readonly signal: SignalName
  /** Only series with these labels. */
  readonly labels?: Readonly<Record<string, string>>
  /** Least rise within the phase and the slack after it. */
  readonly atLeast: number
  readonly phase: PhaseName<P>
  /** How long after the phase's end the rise may still show; default 3 s. */
  readonly withinMs?: number
}

const withinMsDefault = 3_000

export const counterRises: Checker<CounterRisesOptions> = {
  says: 'A counter tells what happened, within one scrape.',
  options: z.strictObject({
    signal: z.enum(signalNames),
    labels: z.record(z.string(), z.string()).exactOptional(),
    atLeast: z.number().positive(),
    phase: name,
    withinMs: milliseconds.exactOptional(),
  }),
  judge(history, { signal, labels, atLeast, phase: phaseName, withinMs = withinMsDefault }) {
    const phase = history.phase(phaseName)
    if (phase === undefined) {
      const fix = 'see where the run ended'
      return cannotTell('no-phase', `There was no phase ${phaseName}.`, fix)
    }
    const end = phase.end + withinMs * 1_000
    const reading = history.signal(signal, labels === undefined ? {} : { labels })
    const asked = reading.t.filter((t) => t > phase.begin && t <= end).length
    if (asked === 0) {
      const fix = 'see why the target does not answer GET /metrics'
      return cannotTell('not-scraped', 'Nobody scraped the target in time.', fix)
    }
    const before = history.faults.filter((fault) => fault.end >= phase.begin)
    const begin = Math.min(phase.begin, ...before.map((fault) => fault.begin))
    const rise = riseWithin(reading, begin, end)
    const isTold = reading.v.some((value) => value !== null)
    const told = isTold ? `it rose by ${rise}` : 'the target has no such counter'
    const missing: Violation = {
      rule: isTold ? 'counter-flat' : 'no-counter',
      says: `${signal} was to rise by ${atLeast} in ${phaseName}; ${told}.`,
      at: phase.end,
    }
    return conclude({
      violations: rise >= atLeast ? [] : [missing],
      holds: { rule: 'rose', says: `${signal} rose by ${rise} in ${phaseName}.` },
      exercised: asked,
      evidence: { rise, atLeast, scrapes: asked, ...labels },
      charts: [{ title: signal, series: [seriesOf(signal, 'count', points(reading))] }],
    })
  },
}
