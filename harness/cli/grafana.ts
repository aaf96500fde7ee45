/**
 * `chaos grafana`: recorded runs over each other. They are loaded into a Prometheus of their own;
 * the user's Grafana, where there is one, is started beside it. Everything ends with the command.
 */
import { existsSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { comparisonDashboard } from '../../dashboards/comparison.ts'
import { runsBegin } from '../../dashboards/metrics/tables.ts'
import { renderDashboard } from '../../reports/render/dashboard.ts'
import { sleep } from '../../relay/world/clock.ts'
import { orAborted } from '../../relay/world/deadline.ts'
import { askDashboard, type View } from '../export/ask-dashboard.ts'
import { dashboardPage } from '../export/dashboard-page.ts'
import {
  dashboardsFolder,
  findGrafana,
  grafanaStart,
  writeProvisioning,
} from '../export/grafana-server.ts'
import { loadRun, type LoadedRun } from '../export/load-runs.ts'
import { runNamesOf } from '../export/run-names.ts'
import { startPrometheus, type Prometheus } from '../monitoring/prometheus.ts'
import { chartAssets } from '../report/outcome.ts'
import { onFreePorts } from '../stack/free-ports.ts'
import { ensureTools } from '../toolchain/tools.ts'
import { startChild } from '../world/child.ts'
import type { CommandWorld } from '../world/command-world.ts'
import { exitCodes, UsageError } from '../world/exit-codes.ts'
import { makeFolder } from '../world/folders.ts'
import { openWorld, type World } from '../world/world.ts'
import { durationOf } from './duration.ts'
import { runFoldersIn } from './run-folders.ts'
import { megabytes, startTimeOf } from './start-time.ts'

export interface GrafanaOptions {
  readonly startTime?: string
  readonly for?: string
  readonly draw?: string
}

/** Half a minute to migrate its database, on a busy machine. */
const grafanaReadyMs = 60_000
/** Between two scrapes of a configuration that scrapes nothing. */
const everyMs = 60_000
/** A series that ended is not shown on: the recorded samples are a second apart. */
const lookbackMs = 3_000
/** What is shown goes on a little behind the last sample. */
const marginMs = 1_000

export async function grafana(
  given: CommandWorld,
  named: readonly string[],
  { startTime = runsBegin, for: time, draw }: GrafanaOptions,
): Promise<number> {
  const limitMs = time === undefined ? undefined : durationOf(time)
  const startUnixMs = startTimeOf(startTime)
  const folders = [...new Set(named.flatMap((one) => runFoldersIn(resolve(one))))]
  if (draw !== undefined && existsSync(draw)) {
    throw new UsageError(`--draw must be a new file, and ${draw} exists: name another one`)
  }
  const say = (line: string) => given.out.write(`${line}\n`)
  const { prometheus: tool } = await ensureTools(['prometheus'], say)
  const world = await openWorld(given.clock)
  try {
    const folder = world.makeFolder('grafana')
    const dataFolder = join(folder, 'data')
    makeFolder(dataFolder)
    const loaded = await orAborted(
      given.signal,
      loadAll({ world, tool, folder, dataFolder, startUnixMs }, folders, say),
    )
    const plan = { world, tool, folder, logFolder: folder, everyMs, dataFolder, lookbackMs }
    const prometheus = await startPrometheus(plan)
    const view = viewOf(loaded, startUnixMs)
    if (draw !== undefined) await drawInto(draw, prometheus, view, loaded)
    if (draw !== undefined) say(`drawn into ${draw}`)
    tellPrometheus(say, prometheus, view)
    await startGrafana(world, folder, prometheus, view, say)
    if (limitMs === undefined) say('Ctrl-C ends it.')
    await untilEnd(given, limitMs)
    return exitCodes.pass.code
  } catch (error) {
    if (!given.signal.aborted) throw error
    return exitCodes.unknown.code
  } finally {
    await world.close()
  }
}

async function loadAll(
  plan: Parameters<typeof loadRun>[0],
  folders: readonly string[],
  say: (line: string) => void,
): Promise<LoadedRun[]> {
  const loaded: LoadedRun[] = []
  for (const [at, name] of runNamesOf(folders).entries()) {
    const run = await loadRun(plan, folders[at] ?? '', name)
    const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`
    say(
      `${name}: ${run.samples} samples of ${run.series} series, ${megabytes(run.bytes)}; ` +
        `read in ${seconds(run.exportMs)}, loaded in ${seconds(run.loadMs)}`,
    )
    for (const doubt of run.doubts) say(`  doubt: ${doubt}`)
    loaded.push(run)
  }
  return loaded
}

/** From the first phase to the end of the longest run; the first run is the baseline. */
function viewOf(loaded: readonly LoadedRun[], fromUnixMs: number): View {
  const longest = Math.max(...loaded.map(({ endMs }) => endMs))
  const runs = loaded.map(({ run }) => run)
  return {
    fromUnixMs,
    toUnixMs: fromUnixMs + Math.ceil((longest + marginMs) / 1_000) * 1_000,
    chosen: { run: runs, baseline: runs.slice(0, 1) },
  }
}

async function drawInto(
  file: string,
  prometheus: Prometheus,
  view: View,
  loaded: readonly LoadedRun[],
): Promise<void> {
  const answers = await askDashboard(prometheus, comparisonDashboard, view)
  const page = dashboardPage(comparisonDashboard, answers, loaded)
  try {
    writeFileSync(file, renderDashboard(page, chartAssets()), { flag: 'wx' })
  } catch (error) {
    throw new UsageError(`--draw cannot be written: ${(error as Error).message}`)
  }
}

const iso = (unixMs: number) => new Date(unixMs).toISOString()

function tellPrometheus(say: (line: string) => void, { address }: Prometheus, view: View): void {
  const { uid } = comparisonDashboard
  say(`Prometheus: http://${address}, from ${iso(view.fromUnixMs)} to ${iso(view.toUnixMs)}`)
  say(`A Grafana of yours: add it as a Prometheus datasource; the dashboards are in`)
  say(`  ${dashboardsFolder} (see provisioning/ there), and the runs at`)
  say(`  /d/${uid}?from=${view.fromUnixMs}&to=${view.toUnixMs}`)
}

/** Starts the user's Grafana; without one it says so, which is no error. */
async function startGrafana(
  world: World,
  folder: string,
  prometheus: Prometheus,
  view: View,
  say: (line: string) => void,
): Promise<void> {
  const found = findGrafana()
  if (found === undefined) {
    say('Grafana: none on PATH (or without its conf/defaults.ini), so none is started')
    return
  }
  const home = join(folder, 'grafana')
  makeFolder(home)
  writeProvisioning(home, `http://${prometheus.address}`)
  const wish = { role: 'grafana', count: 1, seed: `${world.mark}/grafana` }
  await onFreePorts(wish, async ([port = 0]) => {
    const { command, args, env } = grafanaStart({ found, folder: home, port })
    await startChild(world, {
      role: 'grafana',
      command,
      args,
      env,
      logFile: join(folder, 'grafana.log'),
      deadlineMs: grafanaReadyMs,
      ready: { line: (line) => line.includes('HTTP Server Listen') },
    })
    const { uid } = comparisonDashboard
    const { fromUnixMs, toUnixMs } = view
    say(`Grafana: http://127.0.0.1:${port}/d/${uid}?from=${fromUnixMs}&to=${toUnixMs}`)
  })
}

/** Until the user ends it, or the time is over. */
async function untilEnd({ clock, signal }: CommandWorld, limitMs: number | undefined) {
  const forever = new Promise<void>(() => undefined)
  const over = limitMs === undefined ? forever : sleep(clock, limitMs)
  await orAborted(signal, over).catch(() => undefined)
}
