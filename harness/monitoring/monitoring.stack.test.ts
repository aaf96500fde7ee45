/** Prometheus and Alertmanager as they are: from a rule to its notification, and what fails. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock as clock } from '../../relay/world/clock.ts'
import { ensureTools } from '../toolchain/tools.ts'
import { isTaken } from '../world/ports.ts'
import { ownedBy } from '../world/processes.ts'
import { isTrouble } from '../world/trouble.ts'
import { until } from '../world/until.ts'
import { openWorld, type World } from '../world/world.ts'
import { startAlertmanager } from './alertmanager.ts'
import { startPrometheus, type PrometheusPlan } from './prometheus.ts'
import { removeTargetFile, writeTargetFile } from './target-file.ts'
import { startWebhookSink, type Notification } from './webhook-sink.ts'

const state = mkdtempSync(join(tmpdir(), 'monitoring-'))
let world: World
let tools: Awaited<ReturnType<typeof ensureTools>>
let pages = 0
const target = createServer((_, response) => response.end(`trouble ${pages}\n`))

beforeAll(async () => {
  world = await openWorld(clock, state)
  tools = await ensureTools(['prometheus', 'alertmanager'], () => undefined)
  await new Promise<void>((resolve) => target.listen(0, '127.0.0.1', resolve))
})
afterAll(async () => {
  target.close()
  await world?.close()
  rmSync(state, { recursive: true, force: true })
})

const inFolder = (name: string) => {
  const folder = join(state, name)
  mkdirSync(folder)
  return { world, folder, logFolder: folder }
}
const planOf = (name: string, more: Partial<PrometheusPlan> = {}): PrometheusPlan => ({
  ...inFolder(name),
  tool: tools.prometheus,
  everyMs: 1_000,
  ...more,
})
const rulesOf = (expr: string) =>
  JSON.stringify({ groups: [{ name: 'g', rules: [{ alert: 'Trouble', expr, for: '1s' }] }] })
const eventually = (holds: () => boolean | Promise<boolean>) =>
  until({ clock }, 20_000, 100, holds).then((outcome) => outcome.holds)

test('an alert fires, is notified of, resolves, and ends with the target', async () => {
  const seen: Notification[] = []
  const sink = await startWebhookSink((one) => seen.push(one))
  const route = { receiver: 'page', group_wait: '1s', group_interval: '1s' }
  const receivers = [{ name: 'page', webhook_configs: [{ url: `${sink.url}/page` }] }]
  const config = JSON.stringify({ route, receivers })
  const tool = tools.alertmanager
  const alertmanager = await startAlertmanager({ ...inFolder('whole'), tool, config })
  const targetsFile = join(state, 'targets.json')
  const { port } = target.address() as AddressInfo
  writeTargetFile(targetsFile, { address: `127.0.0.1:${port}`, run: 'r1', variant: 'reference' })
  const prometheus = await startPrometheus(
    planOf('whole-prometheus', {
      rules: rulesOf('trouble > 0'),
      targetsFile,
      alertmanager: alertmanager.address,
    }),
  )
  expect(await prometheus.rules()).toEqual(['Trouble'])
  const isScraped = async () => (await prometheus.query('trouble')).length === 1
  expect(await eventually(isScraped)).toBe(true)
  expect(await prometheus.alerts()).toEqual([])
  pages = 1
  const isFiring = async () => (await prometheus.alerts())[0]?.state === 'firing'
  expect(await eventually(isFiring)).toBe(true)
  expect(await prometheus.alerts()).toEqual([
    expect.objectContaining({
      alert: 'Trouble',
      labels: expect.objectContaining({
        run: 'r1',
        variant: 'reference',
        component: 'websocket-server',
        service: 'dashstream',
      }) as unknown,
    }),
  ])
  expect(await eventually(() => seen.length === 1)).toBe(true)
  expect(seen[0]).toMatchObject({ receiver: 'page', alert: 'Trouble', status: 'firing' })
  pages = 0
  expect(await eventually(() => seen.at(-1)?.status === 'resolved')).toBe(true)
  const nowMs = clock.unixMs()
  const range = { fromUnixMs: nowMs - 10_000, toUnixMs: nowMs, stepMs: 1_000 }
  const [series] = await prometheus.queryRange('trouble', range)
  expect(series?.values.some(([, value]) => value === 1)).toBe(true)
  removeTargetFile(targetsFile)
  const isGone = async () => (await prometheus.query('up')).length === 0
  expect(await eventually(isGone)).toBe(true)
  expect(sink.refused).toBe(0)
  await Promise.all([prometheus.stop(), alertmanager.stop(), sink.stop()])
  expect(await isTaken(Number(prometheus.address.split(':')[1]))).toBe(false)
})

test('what is refused, is answered with an error, or gives no answer is one sentence', async () => {
  const refused = startPrometheus(planOf('refused', { rules: rulesOf('trouble >') }))
  await expect(refused).rejects.toSatisfy(
    (error) => isTrouble(error, 'rules-refused') && /promtool.*unexpected end/.test(error.what),
  )
  const config = '{"route":{"receiver":"nobody"}}'
  const noReceiver = startAlertmanager({ ...inFolder('a'), tool: tools.alertmanager, config })
  await expect(noReceiver).rejects.toSatisfy(
    (error) => isTrouble(error, 'rules-refused') && /amtool.*nobody/.test(error.what),
  )
  const prometheus = await startPrometheus(planOf('asked'))
  await expect(prometheus.query('sum(')).rejects.toSatisfy(
    (error) => isTrouble(error, 'prometheus-failed') && /sum\(: it answered 400/.test(error.what),
  )
  expect(await prometheus.query('1 / 0')).toEqual([
    { labels: {}, values: [[expect.any(Number), Infinity]] },
  ])
  await prometheus.stop()
  await expect(prometheus.query('1')).rejects.toSatisfy(
    (error) => isTrouble(error, 'prometheus-failed') && /ECONNREFUSED/.test(error.what),
  )
})

test('ports that are taken each time are said so, and nothing is left running', async () => {
  const { port } = target.address() as AddressInfo
  const choosePorts = () => Promise.resolve({ ports: [port], release: () => Promise.resolve() })
  const starting = startPrometheus(planOf('taken', { choosePorts }))
  await expect(starting).rejects.toSatisfy((error) => isTrouble(error, 'port-taken'))
  const config = '{"route":{"receiver":"none"},"receivers":[{"name":"none"}]}'
  const tool = tools.alertmanager
  const other = startAlertmanager({ ...inFolder('b'), tool, config, choosePorts })
  await expect(other).rejects.toSatisfy((error) => isTrouble(error, 'port-taken'))
  expect(await eventually(() => ownedBy(world.mark).length === 0)).toBe(true)
})

test('the sink refuses what is no notification', async () => {
  const sink = await startWebhookSink(() => undefined)
  for (const body of ['no JSON', '{}', 'x'.repeat(2 * 1_024 * 1_024)]) {
    await fetch(`${sink.url}/page`, { method: 'POST', body }).catch(() => undefined)
  }
  expect(await eventually(() => sink.refused === 3)).toBe(true)
  await sink.stop()
})
