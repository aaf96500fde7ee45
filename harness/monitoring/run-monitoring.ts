/**
 * What watches a run as operators watch production: a Prometheus that scrapes the target and
 * evaluates the rules, an Alertmanager, and a receiver. What they say goes into the history.
 */
import { join } from 'node:path'
import type { Defect } from '../defects/defect.ts'
import { answerLimitMs, samplingMs } from '../history/tolerances.ts'
import { startSampling, type Sampler, type SamplerWorld } from '../samplers/sampler.ts'
import { ensureTools, type Report } from '../toolchain/tools.ts'
import { Trouble } from '../world/trouble.ts'
import { until } from '../world/until.ts'
import type { World } from '../world/world.ts'
import { startAlertmanager } from './alertmanager.ts'
import { startPrometheus, type ActiveAlert, type Prometheus } from './prometheus.ts'
import { ruleEveryMs } from './short-form.ts'
import { rulesWith, shortAlertmanager, shortRules } from './short-rules.ts'
import { writeTargetFile, type LiveTarget } from './target-file.ts'
import { startWebhookSink } from './webhook-sink.ts'

export interface MonitoringPlan {
  readonly journal: SamplerWorld['journal']
  readonly logFolder: string
  readonly target: LiveTarget
  /** One of the rules is put into them; others are not of the rules. */
  readonly defect: Defect | undefined
  readonly report: Report
}

/** Longer than two scrapes of a busy machine. */
const scrapedLimitMs = 10_000

/**
 * Starts all three, and waits until the target was scraped.
 *
 * @throws Trouble of the toolchain and of the two programs; `prometheus-failed` where the target is
 * not scraped
 */
export async function startMonitoring(world: World, plan: MonitoringPlan): Promise<Sampler> {
  const { journal, logFolder } = plan
  const tools = await ensureTools(['prometheus', 'alertmanager'], plan.report)
  const parts = new AsyncDisposableStack()
  const folder = world.makeFolder('monitoring')
  parts.defer(() => world.removeFolder(folder))
  try {
    const sink = await startWebhookSink((one) =>
      journal.write({ kind: 'notified', t: journal.now(), ...one }),
    )
    parts.defer(() => sink.stop())
    const place = { world, folder, logFolder }
    const config = shortAlertmanager(sink.url)
    const alertmanager = await startAlertmanager({ ...place, tool: tools.alertmanager, config })
    parts.defer(() => alertmanager.stop())
    const targetsFile = join(folder, 'targets.json')
    writeTargetFile(targetsFile, plan.target)
    const prometheus = await startPrometheus({
      ...place,
      tool: tools.prometheus,
      everyMs: ruleEveryMs,
      rules: shortRules(rulesWith(plan.defect)),
      targetsFile,
      alertmanager: alertmanager.address,
    })
    parts.defer(() => prometheus.stop())
    await untilScraped(world, prometheus, plan.target)
    const sampler = await watchAlerts({ clock: world.clock, journal }, prometheus)
    let stopping: Promise<void> | undefined
    const stop = () => sampler.stop().then(() => parts.disposeAsync())
    return { stop: () => (stopping ??= stop()) }
  } catch (error) {
    await parts.disposeAsync()
    throw error
  }
}

async function untilScraped(
  { clock }: World,
  prometheus: Prometheus,
  { address }: LiveTarget,
): Promise<void> {
  const ask = () => prometheus.query('up == 1')
  const { holds } = await until({ clock }, scrapedLimitMs, ruleEveryMs / 4, ask, (series) =>
    series.length > 0,
  )
  if (holds) return
  throw new Trouble(
    'prometheus-failed',
    `Prometheus must scrape ${address}/metrics, and could not for ${scrapedLimitMs} ms`,
    `see whether the relay answers there: curl http://${address}/metrics`,
  )
}

/** Writes down what changes: alerts, and whether Prometheus answers. */
async function watchAlerts(world: SamplerWorld, prometheus: Prometheus): Promise<Sampler> {
  const { journal } = world
  const tell = (edge: 'begin' | 'lost' | 'back' | 'end', rules: readonly string[] = []) =>
    journal.write({ kind: 'alertwatch', t: journal.now(), edge, rules })
  tell('begin', await prometheus.rules())
  let known = new Map<string, ActiveAlert>()
  let isLost = false
  const sampling = startSampling(world, {
    name: 'alerts',
    everyMs: samplingMs.alerts,
    limitMs: answerLimitMs + 1_000,
    async sample() {
      try {
        const active = await prometheus.alerts(answerLimitMs)
        if (isLost) tell('back')
        isLost = false
        const now = new Map(active.map((one) => [keyOf(one), one]))
        for (const one of changesOf(known, now)) {
          journal.write({ kind: 'alert', t: journal.now(), ...one })
        }
        known = now
      } catch (error) {
        if (!isLost) tell('lost')
        isLost = true
        throw error
      }
    },
    close: async () => tell('end'),
  })
  return sampling
}

const byName = ([one]: [string, string], [other]: [string, string]) => (one < other ? -1 : 1)
const keyOf = ({ alert, labels }: ActiveAlert) =>
  JSON.stringify([alert, Object.entries(labels).toSorted(byName)])

/** Alerts whose state is another one now. */
export function changesOf(
  before: ReadonlyMap<string, ActiveAlert>,
  now: ReadonlyMap<string, ActiveAlert>,
) {
  const changed = [...now].filter(([key, { state }]) => before.get(key)?.state !== state)
  const gone = [...before].filter(([key]) => !now.has(key))
  return [
    ...changed.map(([, one]) => one),
    ...gone.map(([, one]) => ({ ...one, state: 'inactive' as const })),
  ]
}
