/** What the command line does before anything is started: it refuses, explains, lists. */
import { spawn } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import type { CommandWorld } from '../world/command-world.ts'
import { list } from './list.ts'
import { repoRoot } from '../world/places.ts'

const folder = mkdtempSync(join(tmpdir(), 'cli-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const main = join(repoRoot, 'harness/cli/main.ts')

interface Said {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

const chaos = (...args: readonly string[]): Promise<Said> => node([main, ...args])

function node(args: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<Said> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], env })
    let [out, err] = ['', '']
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
    child.once('close', (code) => resolve({ code, out, err }))
  })
}

/** What `chaos list` prints, without a process of its own. */
async function listed(topic: string | undefined): Promise<string> {
  let text = ''
  const out = { write: (more: string) => void (text += more) }
  await list({ out } as unknown as CommandWorld, topic, {})
  return text
}

const stackFile = (name: string, text: string) => {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}
const url = ['--target', 'http://127.0.0.1:1'] as const

describe.concurrent('a command line that makes no sense starts nothing, says what is near', () => {
  test.each([
    [['run', 'health-reflect'], 'did you mean "health-reflects-current-state"?'],
    [['run', '--suite', 'quik'], 'did you mean "quick"?'],
    [['run', 'memory-stays-bounded', '--suite', 'quick'], 'name scenarios or a suite, not both'],
    [['run', '--defect', 'm-1034'], 'did you mean "m-1034-unbounded-control-send"?'],
    [['run', '--set', 'sendTimeoutMS=5'], 'did you mean "sendTimeoutMs"?'],
    [['run', '--set', 'sendTimeoutMs'], '--set wants name=value, got "sendTimeoutMs"'],
    [['run', '--set', 'sendTimeoutMs=soon'], 'sendTimeoutMs wants a number, got "soon"'],
    [['run', '--set', 'sendTimeoutMs=-5000'], 'found -5'],
    [['run', '--target-command', 'relay | tee log'], '--shell'],
    [['run', '--target-command', 'relay', '--env', 'KAFKA_TOPIC=a'], 'is set by the harness'],
    [['run', '--know', 'pingIntervalMs=5'], '--know is for --target-command and --target an'],
    [['run', ...url], 'with --stack file:<path>'],
    [['run', '--target', 'refrence'], '--target must be "reference" or an http:// URL'],
    [['run', '--target', 'image'], '--target image is the relay of --stack compose'],
    [['run', ...url, '--stack', 'compose'], 'runs the relay itself'],
    [['run', '--defect', 'any', '--stack', 'compose'], '--defect is for --target "reference"'],
    [['run', ...url, '--stack', 'file:/no/such'], '--stack wants a file'],
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

describe('list', () => {
  const topics = ['suites', 'scenarios', 'findings', 'defects', 'targets', 'stacks', 'kinds']

  test('prints one JSON document with all topics, or with one', async () => {
    const { code, out, err } = await chaos('list', '--json')
    expect({ code, err }).toEqual({ code: 0, err: '' })
    const all = JSON.parse(out) as Record<string, { name: string }[]>
    expect(Object.keys(all)).toEqual(topics)
    const one = JSON.parse((await chaos('list', 'defects', '--json')).out) as typeof all
    expect(one).toEqual({ defects: all['defects'] })
  })

  test('fits a screen: one line for each thing of a topic, and one for each topic', async () => {
    expect((await listed(undefined)).split('\n')).toHaveLength(7 + 1)
    for (const topic of topics) {
      const out = await listed(topic)
      expect(out.split('\n').length).toBeLessThan(60)
      expect(out).not.toMatch(/^ /m)
    }
    const { code, err } = await chaos('list', 'defcts')
    expect(code).toBe(64)
    expect(err).toContain('did you mean "defects"?')
  })
})

test('help names the commands and the exit codes, and no defect', async () => {
  const { code, out, err } = await chaos('--help')
  expect({ code, err }).toEqual({ code: 0, err: '' })
  expect(out).toMatch(/^ {2}reproduce .*^ {2}2 {3}inconclusive/ms)
  expect(out).not.toContain('m-1034')
  expect(out.split('\n').length).toBeLessThan(40)
})

describe('a host that lacks what the servers are installed with', () => {
  /** This checkout without its tools, by a path of its own. */
  const bare = join(folder, 'bare')
  mkdirSync(bare)
  const houses = ['harness', 'proto', 'relay', 'dashboards', 'reports', 'scenarios', 'node_modules']
  for (const name of houses) {
    symlinkSync(join(repoRoot, name), join(bare, name))
  }
  const flags = ['--preserve-symlinks', '--preserve-symlinks-main']
  const run = (...more: string[]) =>
    node([...flags, join(bare, 'harness/cli/main.ts'), 'run', '--suite', 'quick', ...more], {
      PATH: folder,
    })

  test('says so in three lines, once, with all that lacks, and exits 2', async () => {
    const { code, out, err } = await run('--out', join(folder, 'lacking'))
    expect({ code, err }).toEqual({ code: 2, err: '' })
    expect(out.match(/UNKNOWN/g)).toHaveLength(1)
    const lines = /^ {2}wanted: (.*)\n {2}found: (.*)\n {2}fix: (.*)$/m
    const [, wanted, found, fix] = lines.exec(out) ?? []
    for (const one of ['java', 'mvn', 'go']) {
      expect(wanted).toContain(one)
      expect(found).toContain(`no ${one} on PATH`)
    }
    expect(fix).toMatch(/apt-get install -y maven.*KAFKA_HOME.*toxiproxy-server/)
    expect(out.split('\n').length).toBeLessThan(12)
  })

  test('says so in JSON as well, and beside it nothing', async () => {
    const { code, out, err } = await run('--json', '--out', join(folder, 'lacking-json'))
    expect({ code, err }).toEqual({ code: 2, err: '' })
    const { verdict, scenarios } = JSON.parse(out) as {
      verdict: string
      scenarios: { troubles: string[] }[]
    }
    expect(verdict).toBe('unknown')
    expect(scenarios[0]?.troubles.join()).toMatch(/wanted: .*found: .*fix: /s)
  })

  test('says so quietly', async () => {
    const { code, out } = await run('--quiet', '--out', join(folder, 'lacking-quiet'))
    expect(code).toBe(2)
    expect(out).toMatch(/^UNKNOWN Nothing was judged\.\n {2}wanted: /)
  })
})

test('a folder that cannot be made is reported immediately, and nothing is started', async () => {
  const name = 'malformed-records-are-contained'
  const { code, out } = await chaos('run', name, '--out', '/proc/nope/x')
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
