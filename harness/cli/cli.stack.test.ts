/**
 * The command line as its users have it: processes, exit codes, what stands on standard output and
 * error, and what is left after SIGKILL. Everything here starts real servers.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, onTestFinished, test } from 'vitest'
import { sleep, systemClock as clock } from '../../relay/world/clock.ts'
import { repoRoot } from '../world/places.ts'
import { ownedBy } from '../world/processes.ts'

const folder = mkdtempSync(join(tmpdir(), 'cli-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const main = join(repoRoot, 'harness/cli/main.ts')
const short = 'malformed-records-are-contained'
/** Breaks something as soon as it begins. */
const breaking = 'sends-have-deadlines'

interface Running {
  readonly process: ChildProcess
  /** Everything that was written so far. */
  readonly out: () => string
  readonly err: () => string
  readonly ended: Promise<number | null>
}

const chaos = (...args: readonly string[]): Running => start([main, ...args])

function start(args: readonly string[]): Running {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const texts = { out: '', err: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => (texts.out += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (texts.err += text))
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  onTestFinished(() => void child.kill('SIGKILL'))
  return { process: child, out: () => texts.out, err: () => texts.err, ended }
}

/** Waits until `holds`; fails with what the command said so far. */
async function eventually(running: Running, holds: () => boolean, limitMs: number): Promise<void> {
  const endMs = clock.nowMs() + limitMs
  while (!holds()) {
    if (clock.nowMs() > endMs) throw new Error(`not in time: ${running.out()}${running.err()}`)
    await sleep(clock, 50)
  }
}

/** The mark of a harness, which every process of it carries; read from its ledger. */
function markOf({ process: child }: Running): string {
  const ledgers = readdirSync(join(repoRoot, '.chaos/ledger'))
  const own = ledgers.find((name) => name.startsWith(`${child.pid}-`) && name.endsWith('.json'))
  return own?.replace('.json', '') ?? 'no ledger'
}

describe('a target that does not come up', () => {
  test('exits at once: unknown, with its last words and one JSON document', async () => {
    const out = join(folder, 'exits')
    const command = 'echo no config; exit 3'
    const target = ['--target-command', command, '--shell']
    const run = chaos('run', short, '--json', ...target, '--out', out)
    expect(await run.ended).toBe(2)
    const report = JSON.parse(run.out()) as { verdict: string; scenarios: { troubles: string[] }[] }
    expect(report.verdict).toBe('unknown')
    expect(report.scenarios[0]?.troubles.join('\n')).toMatch(/code 3.*no config.*WEBSOCKET_PORT/s)
    expect(readFileSync(join(out, 'junit.xml'), 'utf8')).toMatch(/<error /)
    expect(ownedBy(markOf(run))).toEqual([])
  }, 40_000)
})

describe('pulling the plug', () => {
  test('Ctrl-C in the middle of a run: everything is healed and ended, exit 2', async () => {
    const out = join(folder, 'interrupted')
    const run = chaos('run', breaking, '--out', out)
    await eventually(run, () => run.out().includes('active:'), 60_000)
    const mark = markOf(run)
    expect(ownedBy(mark).length).toBeGreaterThan(3)
    const beganMs = clock.nowMs()
    run.process.kill('SIGINT')
    expect(await run.ended).toBe(2)
    expect(clock.nowMs() - beganMs).toBeLessThan(20_000)
    expect(ownedBy(mark)).toEqual([])
    expect(run.out()).toMatch(/healed:.*Interrupted/s)
    const report = JSON.parse(readFileSync(join(out, 'report.json'), 'utf8')) as { verdict: string }
    expect(report.verdict).toBe('unknown')
  }, 90_000)

  test('kill -9: nothing is left within seconds, and the next run passes', async () => {
    const out = join(folder, 'killed')
    const killed = chaos('run', breaking, '--out', out)
    await eventually(killed, () => killed.out().includes('active:'), 60_000)
    const mark = markOf(killed)
    killed.process.kill('SIGKILL')
    await killed.ended
    await eventually(killed, () => ownedBy(mark).length === 0, 10_000)
    const heal = chaos('heal', '--json')
    expect(await heal.ended).toBe(0)
    expect(JSON.parse(heal.out())).toMatchObject({ left: [] })

    const relay = `'${process.execPath}' ${join(repoRoot, 'relay/main.ts')}`
    const target = ['--target-command', relay, '--env', 'OF_NO_USE=1']
    const next = chaos('run', short, '--json', ...target, '--out', out)
    expect({ code: await next.ended, err: next.err() }).toEqual({ code: 0, err: '' })
    const report = JSON.parse(next.out()) as { verdict: string; findings: unknown[] }
    expect(report.verdict).toBe('pass')
    expect(readdirSync(out).filter((name) => /^\d\d-/.test(name))).toHaveLength(1)

    const judged = chaos('judge', out, '--json')
    expect(await judged.ended).toBe(0)
    const [again] = JSON.parse(judged.out()) as { verdict: string; findings: unknown[] }[]
    expect(again).toMatchObject({ verdict: 'pass', scenario: short })
    expect(again?.findings).toHaveLength(report.findings.length)
  }, 150_000)
})

test('an error of our own in the middle of a run: 70, and all is torn down', async () => {
  const bug = 'process.on("SIGUSR2", () => Promise.reject(new Error("a bug of ours")))'
  const flags = ['--import', `data:text/javascript,${encodeURIComponent(bug)}`]
  const run = start([...flags, main, 'run', short, '--out', join(folder, 'bug')])
  await eventually(run, () => run.out().includes('ready after'), 30_000)
  const mark = markOf(run)
  run.process.kill('SIGUSR2')
  expect(await run.ended).toBe(70)
  expect(run.err()).toMatch(/internal error, not the relay's: Error: a bug of ours/)
  expect(ownedBy(mark)).toEqual([])
}, 60_000)

describe('a relay that runs already', () => {
  const addresses = {
    kafkaDirect: ['127.0.0.1:1'],
    kafkaProxied: '127.0.0.1:2',
    kafkaUpstream: '127.0.0.1:3',
    redisDirect: '127.0.0.1:4',
    redisProxied: '127.0.0.1:5',
    toxiproxy: 'http://127.0.0.1:6',
    relay: { topic: 'a', dlqTopic: 'b', groupId: 'c' },
  }

  test('behind servers that are not there: unknown in bounded time, and what to do', async () => {
    const file = join(folder, 'stack.json')
    writeFileSync(file, JSON.stringify(addresses))
    const out = join(folder, 'gone')
    const target = ['--target', 'http://127.0.0.1:7', '--stack', file]
    const run = chaos('run', short, ...target, '--out', out)
    expect(await run.ended).toBe(2)
    expect(run.out()).toMatch(/Toxiproxy at http:\/\/127\.0\.0\.1:6.*fix:/s)
    expect(existsSync(join(out, 'report.html'))).toBe(true)
  }, 40_000)
})
