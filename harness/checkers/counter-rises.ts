/** A counter must show an event within one scrape. */
import { z } from 'zod'
import { metricOf, signalNames, type SignalName } from '../history/signals.ts'
import { tolerances } from '../history/tolerances.ts'
import { checker } from './checker.ts'
import { cannotTell, conclude, seconds, type Violation } from './reading/conclude.ts'
import { milliseconds, phaseRef, type OptionsOf } from './options.ts'
import { points, riseWithin, seriesOf } from './reading/series.ts'

const { riseSeenLateMs } = tolerances

const schema = z.strictObject({
  signal: z.enum(signalNames),
  /** Only series with these labels. */
  labels: z.record(z.string(), z.string()).exactOptional(),
  /** Least rise within the phase and the slack after it. */
  atLeast: z.number().positive(),
  phase: phaseRef,
  /** How long after the phase's end the rise may still show; default 3 s. */
  withinMs: milliseconds.exactOptional(),
})
export type CounterRisesOptions = OptionsOf<typeof schema>

export const counterRises = checker({
  says: 'The counter shows what happened, within one scrape.',
  options: schema,
  judge(history, { signal, labels, atLeast, phase: phaseName, withinMs = riseSeenLateMs }) {
    const phase = history.phase(phaseName)
    if (phase === undefined) {
      const fix = 'see where the run ended'
      return cannotTell('no-phase', `Phase ${phaseName} did not run.`, fix)
    }
    const end = phase.end + withinMs * 1_000
    const slack = seconds(withinMs * 1_000)
    const reading = history.signal(signal, labels === undefined ? {} : { labels })
    const asked = reading.t.filter((t) => t > phase.begin && t <= end).length
    if (asked === 0) {
      const fix = 'see why the target does not answer GET /metrics'
      const says = `GET /metrics was not answered in ${phaseName} or in the ${slack} after it.`
      return cannotTell('not-scraped', says, fix)
    }
    const before = history.faults.filter((fault) => fault.end >= phase.begin)
    const begin = Math.min(phase.begin, ...before.map((fault) => fault.begin))
    const rise = riseWithin(reading, begin, end)
    const isTold = reading.v.some((value) => value !== null)
    const counter = seriesName(signal, labels)
    const where = `in ${phaseName} and the ${slack} after it (at least ${atLeast} required)`
    const missing: Violation = {
      rule: isTold ? 'counter-flat' : 'no-counter',
      says: isTold
        ? `${counter} rose by ${rise} ${where}.`
        : `The target exposes no ${counter}; it must rise by ${atLeast} in ${phaseName}.`,
      at: phase.end,
    }
    return conclude({
      violations: rise >= atLeast ? [] : [missing],
      holds: { rule: 'rose', says: `${counter} rose by ${rise} ${where}.` },
      exercised: asked,
      counted: 'scrapes of /metrics',
      evidence: { rise, atLeast, scrapes: asked, ...labels },
      charts: [{ title: counter, series: [seriesOf('counted', 'count', points(reading))] }],
    })
  },
})

/** The counter as a reader of /metrics finds it. */
function seriesName(signal: SignalName, labels: CounterRisesOptions['labels'] = {}): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}="${value}"`)
  return `${metricOf(signal)}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`}`
}
