/**
 * Prometheus as a child process on a free loopback port, and what it is asked: all under deadlines.
 * It ends with the world in which it was started.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '../../relay/world/clock.ts'
import { withDeadline } from '../../relay/world/deadline.ts'
import { onFreePorts, type ChoosePorts } from '../stack/free-ports.ts'
import { besideTool } from '../toolchain/debian.ts'
import { ask } from '../toolchain/program.ts'
import type { Found } from '../toolchain/tools.ts'
import { startChild } from '../world/child.ts'
import { httpGet } from '../world/http-get.ts'
import type { OwnedChild } from '../world/owned-child.ts'
import { Trouble } from '../world/trouble.ts'
import type { World } from '../world/world.ts'

export interface PrometheusPlan {
  readonly world: World
  readonly tool: Found
  /** Its configuration, and its data unless `dataFolder` has them. */
  readonly folder: string
  readonly logFolder: string
  /** Between two scrapes, and between two evaluations of the rules. */
  readonly everyMs: number
  /** The text of a file of alert rules. */
  readonly rules?: string
  /** Path of a `file_sd` file with the targets; it need not be there yet. */
  readonly targetsFile?: string
  /** host:port of an Alertmanager. */
  readonly alertmanager?: string
  /** Data that were made before, such as the blocks of exported runs. */
  readonly dataFolder?: string
  /** How long a series is shown behind its last sample; Prometheus' default is five minutes. */
  readonly lookbackMs?: number
  readonly choosePorts?: ChoosePorts
}

/** One series of an answer: its labels, and its values by time in seconds. */
export interface AnsweredSeries {
  readonly labels: Readonly<Record<string, string>>
  readonly values: readonly (readonly [unixSeconds: number, value: number])[]
}

/** An alert as Prometheus has it now. */
export interface ActiveAlert {
  readonly alert: string
  readonly state: 'pending' | 'firing'
  readonly labels: Readonly<Record<string, string>>
}

export interface Prometheus {
  /** host:port */
  readonly address: string
  readonly pid: number
  /** @param unixMs the time of the question; default is now */
  query(expression: string, unixMs?: number): Promise<readonly AnsweredSeries[]>
  queryRange(
    expression: string,
    range: { readonly fromUnixMs: number; readonly toUnixMs: number; readonly stepMs: number },
  ): Promise<readonly AnsweredSeries[]>
  /** Every alert that is pending or fires. */
  alerts(limitMs?: number): Promise<readonly ActiveAlert[]>
  /** Names of the rules that it has loaded. */
  rules(): Promise<readonly string[]>
  /** Idempotent. */
  stop(): Promise<void>
}

const readyLimitMs = 20_000
const answerLimitMs = 10_000
const stopGraceMs = 3_000
const logBytesMax = 1_024 * 1_024
/** Exported runs are of any age; nothing is to be thrown away. */
const retention = '100y'
/** What watches must not take the processors from what is watched. */
const oneProcessor = { GOMAXPROCS: '1' }

/**
 * Starts Prometheus, and waits until it answers.
 *
 * @throws Trouble `rules-refused` with promtool's words, `port-taken`, `child-died`, `child-late`
 */
export async function startPrometheus(plan: PrometheusPlan): Promise<Prometheus> {
  const { world, folder, rules, choosePorts } = plan
  if (rules !== undefined) await writeRules(plan, rules)
  const file = join(folder, 'prometheus.json')
  // JSON is YAML.
  writeFileSync(file, JSON.stringify(configOf(plan), undefined, 2))
  const wish = { role: 'prometheus', count: 1, seed: `${world.mark}/prometheus`, choosePorts }
  return onFreePorts(wish, async ([port]) => {
    const address = `127.0.0.1:${port}`
    return face(world.clock, address, await startOn(plan, file, address))
  })
}

const rulesFileOf = ({ folder }: PrometheusPlan) => join(folder, 'alert-rules.yml')

async function writeRules(plan: PrometheusPlan, rules: string): Promise<void> {
  const file = rulesFileOf(plan)
  writeFileSync(file, rules)
  const promtool = besideTool(plan.tool, 'promtool')
  const { isRunnable, text } = await ask(promtool, ['check', 'rules', file])
  if (isRunnable) return
  const words = text.split('\n').map((line) => line.trim())
  const said = words.filter((line) => line !== '' && !line.startsWith('Checking')).join(' ')
  throw new Trouble(
    'rules-refused',
    `the alert rules must pass promtool check rules, which says: ${said}`,
    `correct the rules; they are in ${file}`,
  )
}

function configOf({ everyMs, rules, targetsFile, alertmanager, folder }: PrometheusPlan): object {
  const interval = `${everyMs}ms`
  return {
    global: { scrape_interval: interval, scrape_timeout: interval, evaluation_interval: interval },
    ...(rules !== undefined && { rule_files: [join(folder, 'alert-rules.yml')] }),
    ...(alertmanager !== undefined && {
      alerting: { alertmanagers: [{ static_configs: [{ targets: [alertmanager] }] }] },
    }),
    ...(targetsFile !== undefined && {
      scrape_configs: [
        {
          job_name: 'relay',
          file_sd_configs: [{ files: [targetsFile], refresh_interval: interval }],
        },
      ],
    }),
  }
}

function startOn(plan: PrometheusPlan, config: string, address: string): Promise<OwnedChild> {
  const { world, tool, folder, logFolder, lookbackMs } = plan
  const { dataFolder = join(folder, 'prometheus-data') } = plan
  return startChild(world, {
    role: 'prometheus',
    command: tool.path,
    args: [
      `--config.file=${config}`,
      `--storage.tsdb.path=${dataFolder}`,
      `--storage.tsdb.retention.time=${retention}`,
      `--web.listen-address=${address}`,
      ...(lookbackMs === undefined ? [] : [`--query.lookback-delta=${lookbackMs}ms`]),
    ],
    env: { ...tool.env, ...oneProcessor },
    ...(tool.cwd === undefined ? {} : { cwd: tool.cwd }),
    logFile: join(logFolder, 'prometheus.log'),
    logBytesMax,
    deadlineMs: readyLimitMs,
    // Not a probe: where the port is taken, somebody else would answer it.
    ready: { line: (line) => line.includes('Server is ready to receive web requests') },
  })
}

function face(clock: Clock, address: string, child: OwnedChild): Prometheus {
  const get = <T>(
    path: string,
    question: Readonly<Record<string, string>>,
    says: string,
    limitMs = answerLimitMs,
  ) => askApi<T>(clock, address, { path, question, says, limitMs })
  let stopping: Promise<void> | undefined
  return {
    address,
    pid: child.pid,
    async query(query, unixMs) {
      const at = unixMs === undefined ? {} : { time: String(unixMs / 1_000) }
      return seriesOf(await get('query', { query, ...at }, `the query ${query}`))
    },
    async queryRange(query, { fromUnixMs, toUnixMs, stepMs }) {
      const range = {
        start: String(fromUnixMs / 1_000),
        end: String(toUnixMs / 1_000),
        step: String(stepMs / 1_000),
      }
      return seriesOf(await get('query_range', { query, ...range }, `the query ${query}`))
    },
    async alerts(limitMs) {
      const { alerts } = await get<{ alerts: ApiAlert[] }>('alerts', {}, 'its alerts', limitMs)
      return alerts.map(({ state, labels: { alertname = '', ...labels } }) => ({
        alert: alertname,
        state,
        labels,
      }))
    },
    async rules() {
      const { groups } = await get<{ groups: ApiGroup[] }>('rules', { type: 'alert' }, 'its rules')
      return groups.flatMap(({ rules }) => rules.map(({ name }) => name))
    },
    stop: () => (stopping ??= child.stop(stopGraceMs).then(() => undefined)),
  }
}

interface ApiAlert {
  readonly state: 'pending' | 'firing'
  readonly labels: Readonly<Record<string, string>>
}
interface ApiGroup {
  readonly rules: readonly { readonly name: string }[]
}
type Sample = readonly [unixSeconds: number, value: string]
interface ApiSeries {
  readonly metric: Readonly<Record<string, string>>
  readonly value?: Sample
  readonly values?: readonly Sample[]
}
/** A scalar or a string is one sample without a name. */
type ApiResult = VectorResult | SampleResult
interface VectorResult {
  readonly resultType: 'vector' | 'matrix'
  readonly result: readonly ApiSeries[]
}
interface SampleResult {
  readonly resultType: 'scalar' | 'string'
  readonly result: Sample
}

function seriesOf(answer: ApiResult): AnsweredSeries[] {
  if (isSample(answer)) return [{ labels: {}, values: [numbersOf(answer.result)] }]
  return answer.result.map(({ metric, value, values }) => ({
    labels: metric,
    values: (values ?? (value === undefined ? [] : [value])).map(numbersOf),
  }))
}

const isSample = (answer: ApiResult): answer is SampleResult =>
  answer.resultType === 'scalar' || answer.resultType === 'string'

const numbersOf = ([at, value]: Sample) =>
  [at, Number(value.replace('Inf', 'Infinity'))] as const

interface ApiAnswer {
  readonly status?: unknown
  readonly data?: unknown
  readonly error?: unknown
}

interface ApiQuestion {
  readonly path: string
  readonly question: Readonly<Record<string, string>>
  /** What is asked for, in words. */
  readonly says: string
  readonly limitMs: number
}

/** Asks one page of the API; whatever goes wrong is one sentence. */
async function askApi<T>(
  clock: Clock,
  address: string,
  { path, question, says, limitMs }: ApiQuestion,
): Promise<T> {
  const url = new URL(`http://${address}/api/v1/${path}`)
  url.search = new URLSearchParams(question).toString()
  try {
    const { status, body } = await withDeadline(clock, limitMs, 'the answer', (signal) =>
      httpGet(url, { signal }),
    )
    const answer = JSON.parse(body) as ApiAnswer
    if (answer.status === 'success') return answer.data as T
    throw new Error(`it answered ${status}: ${String(answer.error)}`)
  } catch (error) {
    throw new Trouble(
      'prometheus-failed',
      `Prometheus on ${address} was asked for ${says}: ${(error as Error).message}`,
      'see its log, logs/prometheus.log of the run',
      error,
    )
  }
}
