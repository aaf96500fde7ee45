/** Asks /readyz once a second, as an orchestrator would; a target without it is left alone. */
import { answerLimitMs, samplingMs } from '../history/tolerances.ts'
import { jsonValue } from './json.ts'
import { pageClient } from './page-request.ts'
import { startSampling, type Sampler, type SamplerWorld } from './sampler.ts'

const absentStatus = 404

/** @param options.address host:port of the target */
export function startReadinessSampler(
  world: SamplerWorld,
  options: { readonly address: string; readonly everyMs?: number },
): Sampler {
  const { clock, journal } = world
  const { everyMs = samplingMs.readiness } = options
  const pages = pageClient(clock, options.address)
  let isAbsent = false
  return startSampling(world, {
    name: 'readiness',
    everyMs,
    limitMs: answerLimitMs + 1_000,
    async sample() {
      if (isAbsent) return
      const t = journal.now()
      const { status, body } = await pages.get('/readyz', answerLimitMs)
      isAbsent = status === absentStatus
      journal.write({ kind: 'page', t, path: '/readyz', status, body: jsonValue(body) })
    },
    close: async () => pages.close(),
  })
}
