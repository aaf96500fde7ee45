/**
 * Runs in which something of the run itself breaks: each ends in bounded time, with a verdict that
 * does not blame the target for it, and leaves nothing behind.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { systemClock as clock } from '../../relay/world/clock.ts'
import { scenario, type Scenario } from '../dsl/scenario.ts'
import { stallClients } from '../dsl/words.ts'
import { startNativeStack } from '../stack/native.ts'
import type { Stack } from '../stack/stack.ts'
import { openWorld, type World } from '../world/world.ts'
import type { Progress } from './progress.ts'
import { runSuite, type SuiteOutcome } from './suite.ts'

const state = mkdtempSync(join(tmpdir(), 'conductor-'))
let world: World
let stack: Stack
beforeAll(async () => {
  world = await openWorld(clock, state)
  stack = await startNativeStack({ world, report: () => undefined })
})
afterAll(async () => {
  await world?.close()
  rmSync(state, { recursive: true, force: true })
})

const small = scenario({
  name: 'small',
  claim: 'Records arrive.',
  suites: [],
  topic: { partitions: 2 },
  relay: { sendTimeoutMs: 60_000, lagDisconnectRecords: 0 },
  load: { recordsPerSecond: 100, payloadBytes: 512, threads: 4 },
  fleet: { readers: { count: 2, reads: 'fast' }, others: { count: 1, reads: 'fast' } },
  phases: () => [
    { name: 'broken', ms: 2_000, faults: [stallClients('others')] },
    { name: 'after', ms: 500 },
  ],
  expect: () => ({}),
})

interface Played extends SuiteOutcome {
  readonly tookMs: number
}

/** Plays scenarios; `meddle` is called at every step of progress. */
async function play(
  items: readonly Scenario[],
  meddle: (progress: Progress) => void = () => undefined,
  { folder = world.makeFolder('run') } = {},
): Promise<Played> {
  const beganMs = clock.nowMs()
  const outcome = await runSuite(world, {
    items: items.map((one) => ({ scenario: one, target: { kind: 'reference' }, reproduce: '' })),
    seed: 'meddled',
    folder,
    stack,
    report: meddle,
    signal: new AbortController().signal,
  })
  return { ...outcome, tookMs: clock.nowMs() - beganMs }
}

/** Process ids of our children by what their command line holds. */
function pidsOf(word: string): number[] {
  const { stdout } = spawnSync('pgrep', ['-f', word], { encoding: 'utf8' })
  const all = stdout.split('\n').filter((line) => line !== '').map(Number)
  return all.filter((pid) => parentOf(pid) === process.pid)
}
const parentOf = (pid: number) =>
  Number(spawnSync('ps', ['-o', 'ppid=', '-p', String(pid)], { encoding: 'utf8' }).stdout)

/** Signals children, each in a run of its own, when the fault of that run is active. */
function onBites(words: readonly string[], signal: NodeJS.Signals) {
  const left = [...words]
  return (progress: Progress) => {
    if (progress.at !== 'fault' || progress.step !== 'active') return
    const word = left.shift()
    if (word === undefined) return
    const pids = pidsOf(word)
    if (pids.length === 0) throw new Error(`no process to signal: ${word}`)
    for (const pid of pids) process.kill(pid, signal)
  }
}

/** The process that dies, by a word of its command line, its name, and what is reported of it. */
const deaths = [
  ['harness/fleet/main.ts', 'fleet', 'process of the harness'],
  ['harness/producer/main.ts', 'producer', 'process of the harness'],
  ['toxiproxy', 'Toxiproxy', 'server of the harness'],
  ['redis-server', 'Redis', 'server of the harness'],
  ['kafka.Kafka', 'Kafka', 'server of the harness'],
] as const

test('when a process of ours dies the relay is not judged, and the next run works', async () => {
  const words = deaths.map(([word]) => word)
  const items = [...deaths.map(() => small), small]
  const { results, unplayed } = await play(items, onBites(words, 'SIGKILL'))
  expect(unplayed).toEqual([])
  for (const [index, [word, name, what]] of deaths.entries()) {
    const { verdict, record } = results[index] ?? expect.fail(`${name}: not played`)
    const told = verdict.findings.map((one) => [name, one.verdict, one.rule])
    expect(told).toEqual([[name, 'unknown', 'server-died']])
    const why = verdict.findings[0]?.why
    expect(why).toContain(name)
    expect(why).toContain(what)
    expect(why).toMatch(/\(SIGKILL\)\. (?:Its last words: "|It left no last words)/)
    expect(record.cutShort).toContain(`${name}, a ${what}, ended`)
    expect(record.tookMs).toBeLessThan(30_000)
    if (what === 'process of the harness') expect(pidsOf(word)).toEqual([])
  }
  const last = results.at(-1)?.verdict
  expect([last?.verdict, last?.findings]).toEqual(['pass', expect.anything()])
}, 240_000)

test('a relay that dies while its clients are stalled fails, and the run goes on', async () => {
  const { results, tookMs } = await play([small], onBites(['relay/main.ts'], 'SIGKILL'))
  const { verdict } = results[0] ?? {}
  const [own] = verdict?.findings ?? []
  expect(verdict?.verdict).toBe('fail')
  expect(own?.finding).toBe('stream')
  const rules = verdict?.expectations.map(({ judgement }) => judgement.rule)
  expect(rules).toContain('relay-died')
  expect(tookMs).toBeLessThan(45_000)
}, 60_000)

test('a Toxiproxy that hangs makes one run unknown, and the next one passes', async () => {
  const meddle = onBites(['toxiproxy'], 'SIGSTOP')
  const { results, tookMs } = await play([small, small], meddle)
  const [first, second] = results
  expect(first?.verdict.verdict).toBe('unknown')
  expect(first?.verdict.caveats.map(({ rule }) => rule)).toContain('not-healed')
  expect([second?.verdict.verdict, second?.verdict.findings]).toEqual(['pass', expect.anything()])
  expect(tookMs).toBeLessThan(80_000)
}, 120_000)

test('a disk that is full makes it unknown, and says so', async ({ skip }) => {
  const folder = join(world.makeFolder('full'), 'tiny')
  mkdirSync(folder)
  const mount = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder])
  if (mount.status !== 0) skip('needs the right to mount a small file system')
  onTestFinished(() => void spawnSync('umount', ['-l', folder]))
  const { results, unplayed, tookMs } = await play([small], undefined, { folder })
  expect(results).toEqual([])
  expect(unplayed[0]?.why).toMatch(/cannot write the record of the run to .*ENOSPC/s)
  expect(tookMs).toBeLessThan(40_000)
})
