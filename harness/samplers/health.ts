/** Asks /health a few times a second, as a probe of an orchestrator would, and times the answer. */
import { answerLimitMs, samplingMs } from '../history/tolerances.ts'
import { jsonObject } from './json.ts'
import { pageClient } from './page-request.ts'
import { startSampling, tellMissed, type Sampler, type SamplerWorld } from './sampler.ts'

export interface HealthOptions {
  /** host:port of the target. */
  readonly address: string
  readonly everyMs?: number
  /** Longest answer; past it the sample says that there was none. */
  readonly limitMs?: number
}

export function startHealthSampler(world: SamplerWorld, options: HealthOptions): Sampler {
  const { clock, journal } = world
  const { address, everyMs = samplingMs.health, limitMs = answerLimitMs } = options
  const pages = pageClient(clock, address)
  return startSampling(world, {
    name: 'health',
    everyMs,
    limitMs: limitMs + 1_000,
    async sample() {
      const t = journal.now()
      const { status, body, tookMicros, why, stoodMs } = await pages.get('/health', limitMs)
      // It is not known whether there was an answer.
      if (stoodMs !== undefined) return tellMissed(world, 'health', stoodMs)
      const page = jsonObject(body)
      const reason = why ?? (page === null ? 'the answer is not a JSON object' : undefined)
      if (reason === undefined) journal.write(['health', t, tookMicros, status, page])
      else journal.write(['health', t, tookMicros, status, page, reason])
    },
    close: async () => pages.close(),
  })
}
