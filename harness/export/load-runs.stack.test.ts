/**
 * Exported runs in a real Prometheus: promtool takes the text, and what is asked is answered with
 * what happened; the whole command ends with everything that it started.
 */
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { comparisonDashboard } from '../../dashboards/comparison.ts'
import { systemClock as clock } from '../../relay/world/clock.ts'
import { startPrometheus, type Prometheus } from '../monitoring/prometheus.ts'
import { besideTool } from '../toolchain/debian.ts'
import { ask } from '../toolchain/program.ts'
import { ensureTools } from '../toolchain/tools.ts'
import { repoRoot } from '../world/places.ts'
import { isTrouble } from '../world/trouble.ts'
import { openWorld, type World } from '../world/world.ts'
import { askDashboard } from './ask-dashboard.ts'
import { loadRun, type LoadedRun } from './load-runs.ts'
import { eventful, runOnDisk } from './run-folder-testbed.ts'

const startUnixMs = Date.UTC(2026, 0, 1)
const state = mkdtempSync(join(tmpdir(), 'load-runs-'))
const runs = [
  runOnDisk(eventful()),
  runOnDisk(eventful(), { target: { kind: 'reference', says: 'x', defect: 'm-1' } }),
]
let world: World
let tool: Awaited<ReturnType<typeof ensureTools>>['prometheus']
let prometheus: Prometheus
const loaded: LoadedRun[] = []
const dataFolder = join(state, 'data')

beforeAll(async () => {
  world = await openWorld(clock, join(state, 'world'))
  tool = (await ensureTools(['prometheus'], () => undefined)).prometheus
  mkdirSync(dataFolder)
  const plan = { world, tool, folder: state, dataFolder, startUnixMs }
  loaded.push(await loadRun(plan, runs[0] ?? '', 'first'))
  loaded.push(await loadRun(plan, runs[1] ?? '', 'second'))
  const logFolder = state
  const more = { everyMs: 60_000, lookbackMs: 3_000 }
  prometheus = await startPrometheus({ world, tool, folder: state, logFolder, dataFolder, ...more })
})
afterAll(async () => {
  await world?.close()
  for (const run of runs) rmSync(dirname(run), { recursive: true, force: true })
  rmSync(state, { recursive: true, force: true })
})

const over = (promql: string, fromSeconds: number, toSeconds: number) =>
  prometheus.queryRange(promql, {
    fromUnixMs: startUnixMs + fromSeconds * 1_000,
    toUnixMs: startUnixMs + toSeconds * 1_000,
    stepMs: 1_000,
  })
const valuesOf = ([series]: Awaited<ReturnType<typeof over>>) =>
  series?.values.map(([, value]) => value)

describe('runs in a Prometheus', () => {
  test('are there with every sample that was exported', async () => {
    expect(loaded.every(({ samples }) => samples > 100)).toBe(true)
    const atUnixMs = startUnixMs + 30_000
    const named = await prometheus.query(
      'group by (__name__) (last_over_time({__name__=~".+"}[1m]))',
      atUnixMs,
    )
    const counts = new Map<string | undefined, number>()
    // One by one: counted together they would lose their names, and be the same series.
    for (const { labels } of named) {
      const promql = `sum by (run) (count_over_time(${labels['__name__']}[1m]))`
      for (const { labels: of, values } of await prometheus.query(promql, atUnixMs)) {
        counts.set(of['run'], (counts.get(of['run']) ?? 0) + (values[0]?.[1] ?? 0))
      }
    }
    expect(counts).toEqual(new Map(loaded.map(({ run, samples }) => [run, samples])))
  })

  test('lie over each other: a fault is 1 from its injection to its end, then 0', async () => {
    const answer = await over('chaos_fault_active{fault="gone/0-cut"}', 3, 8)
    expect(answer.map(({ labels: { run, variant } }) => [run, variant])).toEqual([
      ['first', 'reference'],
      ['second', 'm-1'],
    ])
    expect(valuesOf(answer)).toEqual([0, 0, 1, 1, 0, 0])
  })

  test('end where they ended, and a metric that was gone is absent', async () => {
    expect(await over('chaos_run_info', 20, 25)).toEqual([])
    const clients = await over('websocket_connected_clients{run="first"}', 0, 9)
    // The last sample is of second 2, and is shown for the three that follow.
    const shown = clients.map(({ values }) => values.map(([at]) => at - startUnixMs / 1_000))
    expect(shown).toEqual([[1, 2, 3, 4, 5]])
  })

  test('answer with histograms and rates as a live relay does', async () => {
    const p50 = 'histogram_quantile(0.5, relay_e2e_latency_seconds_bucket{run="first"})'
    expect(valuesOf(await over(p50, 5, 5))?.[0]).toBeCloseTo(0.075, 6)
    const rate = 'rate(chaos_records_acked_total{run="first"}[4s])'
    expect(Math.max(...(valuesOf(await over(rate, 2, 5)) ?? []))).toBeGreaterThan(0.9)
  })

  test('answer every query of the comparison dashboard', async () => {
    const answers = await askDashboard(prometheus, comparisonDashboard, {
      fromUnixMs: startUnixMs,
      toUnixMs: startUnixMs + 11_000,
      chosen: { run: ['first', 'second'], baseline: ['first'] },
    })
    const [faults] = [...answers.annotations.values()]
    expect(faults?.map(({ labels }) => labels['run'])).toEqual(['first', 'second'])
  })
})

test('what promtool refuses is said in its words, and no text stays', async () => {
  const plan = { world, tool, folder: state, dataFolder: '/proc/nowhere', startUnixMs }
  await expect(loadRun(plan, runs[0] ?? '', 'first')).rejects.toSatisfy(
    (error) => isTrouble(error, 'load-failed') && /blocks of run first/.test(error.what),
  )
  expect(readdirSync(state)).not.toContain('run.om')
})

test('promtool sees blocks of the common start', async () => {
  const { text } = await ask(besideTool(tool, 'promtool'), ['tsdb', 'list', dataFolder])
  expect(text).toContain(String(startUnixMs))
})

test('the command draws, ends by itself, and leaves nothing', async () => {
  const page = join(state, 'page.html')
  const args = ['harness/cli/main.ts', 'grafana', ...runs, '--for', '1s', '--draw', page]
  const child = spawn(process.execPath, args, { cwd: repoRoot, stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (said += text))
  }
  const code = await new Promise((resolve) => child.once('exit', resolve))
  expect(said).toMatch(/Prometheus: http:\/\/127\.0\.0\.1:\d+, from 2026-01-01T00:00:00\.000Z/)
  expect(code).toBe(0)
  const [, port = ''] = /127\.0\.0\.1:(\d+)/.exec(said) ?? []
  await expect(fetch(`http://127.0.0.1:${port}/-/ready`)).rejects.toThrow('fetch failed')
  expect(statSync(page).size).toBeGreaterThan(50_000)
  expect(readFileSync(page, 'utf8')).toContain('A: link to &quot;redis&quot; cut')
})
