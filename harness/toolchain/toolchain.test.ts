/** The tables of the toolchain hold together, and its decisions are right without a host. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { repoRoot } from '../world/places.ts'
import { useUnpackedTemplates } from './alertmanager.ts'
import { hostPrograms } from './host-programs.ts'
import { agrees, moveIntoPlace, type Lockfile } from './packages.ts'
import { ask } from './program.ts'
import pins from './pins.json' with { type: 'json' }
import { summary, testCounts } from './self-test.ts'
import { toolNames, tools } from './tools.ts'
import { findVersion, isAtLeast } from './version.ts'

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

test('what every run needs is installed by it; the rest, when something needs it', () => {
  const onDemand = toolNames.filter((name) => tools[name].isOnDemand)
  expect(onDemand).toEqual(['prometheus', 'alertmanager', 'kustomize'])
})

test('every pin is a version, and what is installed is at least what is taken', () => {
  for (const pin of Object.values(pins)) expect(findVersion(pin)).toMatch(/^\d+\.\d+\.\d+$/)
  for (const name of ['node', 'kafka', 'toxiproxy'] as const) {
    expect(isAtLeast(pins[name], pins[`${name}Min`])).toBe(true)
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

test("Debian's Alertmanager reads its templates beside itself, wherever it was unpacked", () => {
  const program = join(folder, 'alertmanager')
  const of = (path: string) => `\0${path}\0no-ui${path}/ui/\0`
  writeFileSync(program, of('/usr/share/prometheus/alertmanager'))
  useUnpackedTemplates(program)
  expect(readFileSync(program, 'utf8')).toBe(of('./share/prometheus/alertmanager///'))
  expect(() => useUnpackedTemplates(program)).toThrow('it is another build')
})

/** A folder with one file, as an installation or what stood there before. */
const folderOf = (name: string, content: string) => {
  mkdirSync(join(folder, name), { recursive: true })
  writeFileSync(join(folder, name, 'content'), content)
  return join(folder, name)
}
const contentOf = (name: string) => readFileSync(join(folder, name, 'content'), 'utf8')

test('packages take the place of nothing, of others and of a link, not of the right ones', () => {
  moveIntoPlace(folderOf('first', 'right'), join(folder, 'packages'), () => false)
  expect(contentOf('packages')).toBe('right')
  const isRight = () => contentOf('packages') === 'right'
  moveIntoPlace(folderOf('second', 'of another process'), join(folder, 'packages'), isRight)
  expect(contentOf('packages')).toBe('right')
  folderOf('packages', 'old')
  moveIntoPlace(folderOf('third', 'right'), join(folder, 'packages'), isRight)
  expect(contentOf('packages')).toBe('right')
  symlinkSync(folderOf('elsewhere', 'old'), join(folder, 'link'))
  moveIntoPlace(folderOf('fourth', 'right'), join(folder, 'link'), () => false)
  expect([contentOf('link'), contentOf('elsewhere')]).toEqual(['right', 'old'])
})

test('nothing that runs before the packages are there imports one', () => {
  const all = importsOf(join(repoRoot, 'harness/cli/launch.ts'))
  expect(all).toContain(join(repoRoot, 'harness/toolchain/packages.ts'))
  expect([...all].filter((one) => !one.startsWith('node:') && !one.startsWith('/'))).toEqual([])
})

/** What a file imports at once, by way of others, too: files by path, packages by name. */
function importsOf(file: string, found: Set<string> = new Set()): Set<string> {
  if (found.has(file)) return found
  found.add(file)
  const from = /^(?:import|export) (?!type )[^'"]*?from '([^']+)'|^import '([^']+)'/gm
  for (const [, one, bare] of readFileSync(file, 'utf8').matchAll(from)) {
    const name = one ?? bare ?? ''
    if (name.startsWith('.')) importsOf(join(dirname(file), name), found)
    else found.add(name)
  }
  return found
}

test('a program that is asked and does not end is killed, and that is reported', async () => {
  const args = ['-e', 'console.log("so far"); setInterval(() => undefined, 1_000)']
  const answer = await ask(process.execPath, args, {}, 1_500)
  expect(answer.isRunnable).toBe(false)
  expect(answer.text).toMatch(/^so far\n.*did not end within 1500 ms$/s)
})
