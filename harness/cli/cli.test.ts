/** What the command line does before anything is started: it refuses, explains, lists. */
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { repoRoot } from '../world/places.ts'

const folder = mkdtempSync(join(tmpdir(), 'cli-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const main = join(repoRoot, 'harness/cli/main.ts')

interface Said {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

function chaos(...args: readonly string[]): Promise<Said> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
    let [out, err] = ['', '']
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
    child.once('close', (code) => resolve({ code, out, err }))
  })
}

const stackFile = (name: string, text: string) => {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}
const url = ['--target', 'http://127.0.0.1:1'] as const

describe.concurrent('a command line that makes no sense starts nothing, says what is near', () => {
  test.each([
    [['run', 'health-speak'], 'did you mean "health-speaks-of-now"?'],
    [['run', '--suite', 'quik'], 'did you mean "quick"?'],
    [['run', 'memory-stays-bounded', '--suite', 'quick'], 'name scenarios or a suite, not both'],
    [['run', '--defect', 'm-1034'], 'did you mean "m-1034-unbounded-control-send"?'],
    [['run', '--set', 'sendTimeoutMS=5'], 'did you mean "sendTimeoutMs"?'],
    [['run', '--set', 'sendTimeoutMs'], '--set wants name=value, got "sendTimeoutMs"'],
    [['run', '--set', 'sendTimeoutMs=soon'], 'sendTimeoutMs wants a number, got "soon"'],
    [['run', '--set', 'sendTimeoutMs=-5000'], 'found -5'],
    [['run', '--target-command', 'relay | tee log'], '--shell'],
    [['run', '--target-command', 'relay', '--env', 'KAFKA_TOPIC=a'], 'is set by the harness'],
    [['run', '--know', 'pingIntervalMs=5'], 'reports all its settings'],
    [['run', ...url], 'with --stack <file>'],
    [['run', '--target', 'refrence'], '--target must be "reference" or a URL'],
    [['run', ...url, '--stack', '/no/such/file'], '--stack wants a file'],
    [['run', ...url, '--stack', stackFile('a.json', '{')], 'must be JSON'],
    [['run', ...url, '--stack', stackFile('b.json', '{"kafka":[]}')], 'kafkaDirect'],
    [['reproduce', 'M-1O34'], 'did you mean "M-1034"?'],
    [['judge', join(folder, 'nothing')], 'there is neither in'],
    [['rnu'], 'Did you mean run?'],
    [['run', '--jsn'], 'Did you mean --json?'],
    [[], 'Usage: chaos'],
  ])('%j', async (args, says) => {
    const before = readdirSync(folder)
    const more = args[0] === 'run' ? ['--out', join(folder, 'never-made')] : []
    const { code, out, err } = await chaos(...args, ...more)
    expect({ code, out }).toEqual({ code: 64, out: '' })
    expect(err).toContain(says)
    expect(readdirSync(folder)).toEqual(before)
  })
})

test('list prints one JSON document, or text', async () => {
  const { code, out, err } = await chaos('list', '--json')
  expect({ code, err }).toEqual({ code: 0, err: '' })
  const { scenarios, findings } = JSON.parse(out) as { scenarios: unknown[]; findings: unknown[] }
  expect(scenarios.length).toBeGreaterThan(4)
  expect(findings.length).toBeGreaterThan(8)
  expect((await chaos('list')).out).toContain('health-speaks-of-now')
})

test('a folder that cannot be made is told at once, and nothing is started', async () => {
  const { code, out } = await chaos('run', 'malformed-harms-nobody', '--out', '/proc/nope/x')
  expect(code).toBe(2)
  expect(out).toContain('cannot write the record of the run to /proc/nope/x: ENOENT')
  expect(out).not.toContain('starting Kafka')
})

test('help is no error', async () => {
  expect(await chaos('run', '--help')).toMatchObject({ code: 0, err: '' })
})

test('a record that cannot be read is unknown, and not our own error', async () => {
  writeFileSync(join(folder, 'run.json'), '{"schemaVersion":1}')
  const { code, out, err } = await chaos('judge', folder)
  expect({ code, out }).toEqual({ code: 2, out: '' })
  expect(err).toMatch(/cannot be judged: .*not a record of this version/)
})
