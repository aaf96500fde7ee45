/** /health and /metrics report the right number of clients: the harness's own open connections. */
import { z } from 'zod'
import type { History } from '../history/history.ts'
import { checker, type Judgement } from './checker.ts'
import {
  cannotTell,
  conclude,
  many,
  notApplicable,
  seconds,
  type Doubt,
  type Violation,
} from './reading/conclude.ts'
import { calmSamples, calmSamplesMin, type CountSample } from './reading/counts.ts'
import { count, phaseRef } from './options.ts'
import { seriesOf } from './reading/series.ts'

const schema = z.strictObject({
  /** Fewest comparisons of each page to judge by; default 3. */
  samplesMin: count.exactOptional(),
  /** Only samples of this window; default is the whole run. */
  phase: phaseRef.exactOptional(),
})

const pages = { metrics: '/metrics', health: '/health' } as const
type Page = keyof typeof pages

/** Samples that may be a moment too early, of all. */
const oddShareMax = 0.1

export const clientsCounted = checker({
  says: 'Each page that reports a number of clients reports the number connected.',
  options: schema,
  judge(history, { samplesMin = calmSamplesMin, phase }) {
    const told = tellingPages(history)
    if (told.length === 0) return nothingTold(history)
    const window = phase === undefined ? { begin: 0, end: Infinity } : history.phase(phase)
    if (window === undefined) {
      return cannotTell('no-phase', `Phase ${phase} did not run.`, 'let the run finish')
    }
    const compared = told.map((page): Compared => {
      const reading = history.signal('connectedClients', { from: page })
      const { begin, end } = window
      const samples = calmSamples(history, reading).filter(({ t }) => t >= begin && t <= end)
      return { page, samples, wrong: samples.filter((one) => beyond(one) !== 0).length }
    })
    const all = compared.flatMap(({ samples }) => samples)
    return conclude({
      violations: compared.flatMap(miscounted),
      doubts: [
        ...compared.map((one) => tooFew(one, samplesMin)),
        ...compared.map(unsteady),
      ],
      holds: { rule: 'counted', says: sayRight(compared) },
      exercised: all.length,
      counted: 'readings of the client count',
      evidence: Object.fromEntries(
        compared.flatMap(({ page, samples, wrong }) => [
          [`${page}Compared`, samples.length],
          [`${page}Wrong`, wrong],
        ]),
      ),
      charts: [
        {
          title: 'Connected clients while none connects or leaves: reported and true',
          series: [
            ...compared.map(({ page, samples }) => seriesOf(pages[page], 'count', samples)),
            seriesOf('true', 'count', all.map(({ t, own }) => ({ t, v: own }))),
          ],
        },
      ],
    })
  },
})

interface Compared {
  readonly page: Page
  readonly samples: readonly CountSample[]
  /** Of these, those that were not the number of open connections. */
  readonly wrong: number
}

const beyond = ({ v, own }: CountSample): number => v - own

function tellingPages(history: History): Page[] {
  return (['metrics', 'health'] as const).filter((from) =>
    history.signal('connectedClients', { from }).v.some((value) => value !== null),
  )
}

function nothingTold(history: History): Judgement {
  const polls = [...history.events('scrape'), ...history.events('health')]
  if (polls.some(([, , , status]) => status > 0)) {
    const says = 'Neither /metrics nor /health reports how many clients are connected.'
    return notApplicable('not-counted', says)
  }
  const fix = 'see why the target answers neither GET /metrics nor GET /health'
  return cannotTell('not-asked', 'Neither /metrics nor /health was ever answered.', fix)
}

/** How often the pages were right while no client connected or left. */
function sayRight(compared: readonly Compared[]): string {
  const own = compared.flatMap(({ samples }) => samples.map((one) => one.own))
  const [least, most] = [Math.min(...own), Math.max(...own)]
  const range = least === most ? `${most}` : `${least} to ${most}`
  const right = compared
    .map(({ samples, wrong }) => `${samples.length - wrong} of ${samples.length}`)
    .join(' and ')
  const isOdd = compared.some(({ wrong }) => wrong > 0)
  return (
    `${compared.map(({ page }) => pages[page]).join(' and ')} reported the number of open ` +
    `connections (${range}) in ${right} samples${isOdd ? ', never wrong twice in a row' : ''}.`
  )
}

/** One sample may be slightly too early; two in a row without a change in between are wrong. */
function miscounted({ page, samples, wrong }: Compared): Violation[] {
  const at = samples.findIndex((one, i) => {
    const next = samples[i + 1]
    if (beyond(one) === 0 || next === undefined || beyond(next) === 0) return false
    return beyond(next) === beyond(one) || next.own === one.own
  })
  const found = samples[at]
  if (found === undefined) return []
  const says =
    `${pages[page]} reported ${many(found.v, 'client')} ${seconds(found.t)} into the run, when ` +
    `${found.own} were connected; it was wrong in ${wrong} of ${many(samples.length, 'sample')}.`
  return [{ rule: 'miscounted', says, at: found.t }]
}

/** A page that is wrong at times, never twice in a row, is neither right nor proven wrong. */
function unsteady({ page, samples, wrong }: Compared): Doubt | undefined {
  if (wrong < 2 || wrong <= samples.length * oddShareMax) return undefined
  return {
    rule: 'unsteady',
    says:
      `${pages[page]} was wrong in ${wrong} of ${many(samples.length, 'sample')}, but never ` +
      'twice in a row.',
    fix: 'run again; check whether the machine was busy',
  }
}

function tooFew({ page, samples }: Compared, wanted: number): Doubt | undefined {
  if (samples.length >= wanted) return undefined
  return {
    rule: 'too-little',
    says:
      `${pages[page]} was asked ${many(samples.length, 'time')} while no client connected or ` +
      `left; at least ${wanted} are needed.`,
    fix: 'run again; see why the page was answered so rarely',
  }
}
