/** /health and /metrics tell as many clients as there are: those that the harness has open. */
import { z } from 'zod'
import type { History } from '../history/history.ts'
import type { Checker } from './checker.ts'
import { conclude, notApplicable, seconds, type Doubt, type Violation } from './conclude.ts'
import { calmSamples, calmSamplesMin, type CountSample } from './counts.ts'
import { count } from './options.ts'
import { seriesOf } from './series.ts'

export interface ClientsCountedOptions {
  /** So many comparisons of each page are worth a judgement; default 3. */
  readonly samplesMin?: number
}

const pages = { metrics: '/metrics', health: '/health' } as const
type Page = keyof typeof pages

export const clientsCounted: Checker<ClientsCountedOptions> = {
  says: 'The target tells as many clients as are connected, on each page that tells any.',
  options: z.strictObject({ samplesMin: count.exactOptional() }),
  judge(history, { samplesMin = calmSamplesMin }) {
    const told = tellingPages(history)
    if (told.length === 0) return notApplicable('not-counted', 'The target tells no count.')
    const compared = told.map((page) => {
      const reading = history.signal('connectedClients', { from: page })
      return { page, samples: calmSamples(history, reading) }
    })
    const all = compared.flatMap(({ samples }) => samples)
    return conclude({
      violations: compared.flatMap(miscounted),
      doubts: compared.map((one) => tooFew(one, samplesMin)),
      holds: {
        rule: 'counted',
        says: `${told.map((page) => pages[page]).join(' and ')} told the clients that there were.`,
      },
      exercised: all.length,
      evidence: Object.fromEntries(
        compared.flatMap(({ page, samples }) => [
          [`${page}Compared`, samples.length],
          [`${page}Beyond`, samples.at(0)?.v === undefined ? null : beyond(samples[0]!)],
        ]),
      ),
      charts: [
        {
          title: 'Clients as told, while nobody comes or goes',
          series: [
            ...compared.map(({ page, samples }) => seriesOf(pages[page], 'count', samples)),
            seriesOf('connected', 'count', all.map(({ t, own }) => ({ t, v: own }))),
          ],
        },
      ],
    })
  },
}

interface Compared {
  readonly page: Page
  readonly samples: readonly CountSample[]
}

const beyond = ({ v, own }: CountSample): number => v - own

function tellingPages(history: History): Page[] {
  return (['metrics', 'health'] as const).filter((from) =>
    history.signal('connectedClients', { from }).v.some((value) => value !== null),
  )
}

/** One sample may be a moment too early; two in a row, with nothing in between, are not. */
function miscounted({ page, samples }: Compared): Violation[] {
  const at = samples.findIndex((one, i) => {
    const next = samples[i + 1]
    return beyond(one) !== 0 && next !== undefined && beyond(next) === beyond(one)
  })
  const found = samples[at]
  if (found === undefined) return []
  const says =
    `${pages[page]} was to tell ${found.own} clients ${seconds(found.t)} into the run; ` +
    `it told ${found.v}.`
  return [{ rule: 'miscounted', says, at: found.t }]
}

function tooFew({ page, samples }: Compared, wanted: number): Doubt | undefined {
  if (samples.length >= wanted) return undefined
  return {
    rule: 'too-little',
    says: `${pages[page]} could be compared ${samples.length} times; ${wanted} were wanted.`,
    fix: 'run it again; see why the page was answered so rarely',
  }
}
