/** The tables of the toolchain hold together, and its decisions are right without a host. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { systemClock } from '../../relay/world/clock.ts'
import { repoRoot } from '../world/places.ts'
import { isTrouble } from '../world/trouble.ts'
import { hostPrograms } from './host-programs.ts'
import { withLock } from './lock.ts'
import { agrees, type Lockfile } from './packages.ts'
import { ask } from './program.ts'
import pins from './pins.json' with { type: 'json' }
import { summary, testCounts } from './self-test.ts'
import { toolNames, tools } from './tools.ts'
import { findVersion, isAtLeast, type Version } from './version.ts'

const folder = mkdtempSync(join(tmpdir(), 'toolchain-'))
afterAll(() => rmSync(folder, { recursive: true }))

test('every tool says why it is needed, what to do by hand, and has a home of its own', () => {
  const homes = toolNames.map((name) => tools[name].home)
  expect(new Set(homes).size).toBe(homes.length)
  for (const name of toolNames) {
    expect(tools[name].name).toBe(name)
    expect(tools[name].why.length * tools[name].byHand.length).toBeGreaterThan(0)
    for (const program of tools[name].needs) expect(hostPrograms[program].fix).not.toBe('')
  }
})

test('every pin is a version, and what is installed is at least what is taken', () => {
  for (const pin of Object.values(pins)) expect(findVersion(pin)).toBeDefined()
  for (const name of ['node', 'kafka', 'toxiproxy'] as const) {
    const least = findVersion(pins[`${name}Min`]) as Version
    expect(isAtLeast(findVersion(pins[name]) as Version, least)).toBe(true)
  }
})

test('a signal to npm reaches the program of a script, and npm waits for it', async () => {
  const { scripts } = JSON.parse(readFileSync(join(repoRoot, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>
  }
  const bootstrap = 'harness/toolchain/bootstrap.mjs'
  const ours = Object.values(scripts).filter((script) => script.includes(bootstrap))
  for (const script of ours) expect(script).toMatch(new RegExp(`^exec node ${bootstrap}`))
  const stub = join(folder, 'stub.mjs')
  const start = ours[0]!.replace(bootstrap, stub)
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ scripts: { start } }))
  writeFileSync(
    stub,
    `process.on('SIGTERM', () => process.exit(7)); setTimeout(() => {}, 9e3); console.log('up')`,
  )
  const npm = spawn('npm', ['start'], { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] })
  const ended = once(npm, 'exit')
  for await (const text of npm.stdout) if (String(text).includes('up\n')) npm.kill('SIGTERM')
  expect(await ended).toEqual([7, null])
})

const wanted: Lockfile = {
  packages: {
    '': {},
    'node_modules/a': { version: '1.0.0', integrity: 'x' },
    'node_modules/for-macs': { version: '1.0.0', optional: true },
  },
}
const forMacs = { version: '1.0.0' }
const a = { version: '1.0.0', integrity: 'x' }

test.each([
  ['all that is needed', { 'node_modules/a': a }, true],
  ['optional ones too', { 'node_modules/a': a, 'node_modules/for-macs': forMacs }, true],
  ['one less', {}, false],
  ['one more', { 'node_modules/a': a, 'node_modules/b': a }, false],
  ['another version', { 'node_modules/a': { version: '1.0.1', integrity: 'x' } }, false],
  ['another content', { 'node_modules/a': { version: '1.0.0', integrity: 'y' } }, false],
])('packages with %s: installed is %s', (_, packages, isInstalled) => {
  expect(agrees(wanted, { packages })).toBe(isInstalled)
})

test('a run that failed without a failed test counts as failed', () => {
  const report = JSON.stringify({ numPassedTests: 7, numFailedTests: 0, numPendingTests: 2 })
  expect(testCounts(report, true)).toEqual({ passed: 7, failed: 0, skipped: 2 })
  expect(testCounts(report, false)).toEqual({ passed: 7, failed: 1, skipped: 2 })
  const both = [testCounts(report, true), { passed: 1, failed: 0, skipped: 0 }]
  expect(summary(both)).toBe('8 passed, 0 failed, 2 skipped')
})

const lock = (name: string, limitMs: number, work: () => Promise<string>) =>
  withLock(systemClock, join(folder, name), limitMs, () => undefined, work)

test('a lock lets one in at a time, and everybody in the end', async () => {
  let inside = 0
  let most = 0
  const work = async () => {
    inside += 1
    most = Math.max(most, inside)
    await new Promise((resolve) => setImmediate(resolve))
    inside -= 1
    return 'done'
  }
  const all = await Promise.all([1, 2, 3].map(() => lock('shared', 10_000, work)))
  expect(all).toEqual(['done', 'done', 'done'])
  expect(most).toBe(1)
})

test.each([
  ['a dead holder', JSON.stringify({ pid: process.pid, start: 'somebody with the same id' })],
  ['a holder that wrote nothing', ''],
])('the lock of %s is taken over', async (name, content) => {
  writeFileSync(join(folder, name), content)
  expect(await lock(name, 10_000, async () => 'mine')).toBe('mine')
})

test('a holder that keeps the lock too long is named, not waited for', async () => {
  const { promise, resolve } = Promise.withResolvers<string>()
  const held = lock('kept', 1_000, () => promise)
  await expect(lock('kept', 1, async () => 'never')).rejects.toSatisfy((error) =>
    isTrouble(error, 'lock-busy'),
  )
  resolve('late')
  expect(await held).toBe('late')
})

test('a program that is asked and does not end is killed, and that is told', async () => {
  const args = ['-e', 'console.log("so far"); setInterval(() => undefined, 1_000)']
  const answer = await ask(process.execPath, args, {}, 1_500)
  expect(answer.isRunnable).toBe(false)
  expect(answer.text).toMatch(/^so far\n.*did not end within 1500 ms$/s)
})
