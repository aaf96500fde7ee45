/**
 * The workflows of CI, as far as they can be held without CI: each command of ours that they run
 * exists with its options, and each action has a version.
 */
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { repoRoot } from '../world/places.ts'

interface Step {
  readonly uses?: string
  readonly run?: string
}
interface Workflow {
  readonly jobs: Readonly<Record<string, { readonly steps: readonly Step[] }>>
}

const folder = join(repoRoot, '.github/workflows')
const files = readdirSync(folder)
const stepsOf = (file: string): Step[] => {
  const { jobs } = parse(readFileSync(join(folder, file), 'utf8'), { merge: true }) as Workflow
  return Object.values(jobs).flatMap(({ steps }) => steps)
}

const main = join(repoRoot, 'harness/cli/main.ts')
/** Each command is asked for its help in a process of its own, seconds each on a busy machine. */
const helpLimitMs = 120_000
/** By command its options, as its help prints them. */
const helps = new Map<string, Set<string>>()
function optionsOf(command: string): Set<string> {
  const known = helps.get(command)
  if (known !== undefined) return known
  const help = execFileSync(process.execPath, [main, command, '--help'], { encoding: 'utf8' })
  // Of a command that is not there, the help is that of the program.
  if (!help.startsWith(`Usage: chaos ${command} `)) throw new Error(`no command ${command}`)
  const rows = help.matchAll(/^ {2}(?:-\w, )?(--[\w-]+)/gm)
  const options = new Set([...rows].map(([, name]) => name!))
  helps.set(command, options)
  return options
}

/** What is wrong with the commands of ours in a script. */
function wrongIn(script: string): string[] {
  const { scripts } = JSON.parse(readFileSync(join(repoRoot, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>
  }
  return script.split('\n').flatMap((line) => {
    const [, npm] = /\bnpm (?:run )?(\S+)/.exec(line) ?? []
    if (npm === undefined) return []
    if (scripts[npm] === undefined) return [`package.json has no script ${npm}`]
    const [, command, rest = ''] = /\bnpm run chaos -- (\S+)(.*)$/.exec(line) ?? []
    if (command === undefined) return []
    let options: Set<string>
    try {
      options = optionsOf(command)
    } catch {
      return [`there is no command ${command}`]
    }
    const used = [...rest.matchAll(/(?<=\s)--[\w-]+/g)].map(([name]) => name)
    return used.filter((name) => !options.has(name)).map((name) => `${command} has no ${name}`)
  })
}

describe.each(files)('%s', (file) => {
  test('runs only commands of ours that exist, with options that exist', () => {
    const scripts = stepsOf(file).flatMap(({ run }) => run ?? [])
    expect(scripts.length).toBeGreaterThan(0)
    expect(scripts.flatMap(wrongIn)).toEqual([])
  }, helpLimitMs)

  test('names a version of each action', () => {
    const actions = stepsOf(file).flatMap(({ uses }) => uses ?? [])
    expect(actions.filter((one) => !/^[\w/-]+@(?:v\d+|[\da-f]{40})$/.test(one))).toEqual([])
  })
})

test('a command or an option that is not there is found', () => {
  expect(wrongIn('npm run chaos -- nightlyy')).toEqual(['there is no command nightlyy'])
  expect(wrongIn('npm run chaos -- nightly --until 5m')).toEqual(['nightly has no --until'])
  expect(wrongIn('cd a\nnpm run chaso -- nightly')).toEqual(['package.json has no script chaso'])
}, helpLimitMs)

test('the night runs in CI what it runs everywhere, and is carried to the next one', () => {
  const scripts = stepsOf('nightly.yml').flatMap(({ run }) => run ?? [])
  expect(scripts.some((one) => one.includes('chaos -- nightly --for'))).toBe(true)
  expect(scripts.some((one) => one.includes('chaos -- trend --last'))).toBe(true)
  const [restored, saved] = ['restore', 'save'].map((what) => {
    const action = `actions/cache/${what}@`
    const step = stepsOf('nightly.yml').find(({ uses }) => uses?.startsWith(action))
    return (step as unknown as { with: { path: string } }).with.path
  })
  expect(restored).toBe(saved)
})
