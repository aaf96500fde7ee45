/** Scrapes /metrics as Prometheus does, more often, and keeps what changed. */
import type { EventOf } from '../history/event.ts'
import { answerLimitMs, samplingMs } from '../history/tolerances.ts'
import { readExposition } from './exposition.ts'
import { pageClient } from './page-request.ts'
import {
  startSampling,
  tellMissed,
  troubleTeller,
  type Sampler,
  type SamplerWorld,
} from './sampler.ts'

export interface MetricsOptions {
  /** host:port of the target. */
  readonly address: string
  readonly everyMs?: number
  readonly limitMs?: number
}

type Changes = EventOf<'scrape'>[4]

export function startMetricsSampler(world: SamplerWorld, options: MetricsOptions): Sampler {
  const { clock, journal } = world
  const { address, everyMs = samplingMs.metrics, limitMs = answerLimitMs } = options
  const pages = pageClient(clock, address)
  const tell = troubleTeller(world, 'metrics')
  let before: ReadonlyMap<string, number> = new Map()
  return startSampling(world, {
    name: 'metrics',
    everyMs,
    limitMs: limitMs + 1_000,
    async sample() {
      const t = journal.now()
      const { status, body, tookMicros, stoodMs } = await pages.get('/metrics', limitMs)
      if (stoodMs !== undefined) return tellMissed(world, 'metrics', stoodMs)
      if (status !== 200) {
        journal.write(['scrape', t, tookMicros, status, {}])
        return
      }
      const { series, faults } = readExposition(body)
      for (const fault of faults) tell(`/metrics: ${fault}`)
      journal.write(['scrape', t, tookMicros, status, changesOf(before, series)])
      before = series
    },
    close: async () => pages.close(),
  })
}

/** The changes from `before` to `now`. */
export function changesOf(
  before: ReadonlyMap<string, number>,
  now: ReadonlyMap<string, number>,
): Changes {
  const changes: Changes = {}
  for (const [key, value] of now) {
    if (!Object.is(before.get(key), value)) changes[key] = told(value)
  }
  for (const key of before.keys()) {
    if (!now.has(key)) changes[key] = null
  }
  return changes
}

function told(value: number): number | 'NaN' | '+Inf' | '-Inf' {
  if (Number.isFinite(value)) return value
  if (Number.isNaN(value)) return 'NaN'
  return value > 0 ? '+Inf' : '-Inf'
}
