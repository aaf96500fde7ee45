/** What was typed of a target: taken as it was meant, or refused with who takes it. */
import { describe, expect, test } from 'vitest'
import { UsageError } from '../world/exit-codes.ts'
import {
  capabilitiesOf,
  recordedTarget,
  recordedTargetSchema,
  selectTarget,
  targetKinds,
  targetOptions,
  type TargetKindName,
} from './registry.ts'

const kinds = Object.keys(targetKinds) as TargetKindName[]

describe('what is asked for', () => {
  test('the reference relay, where nothing is', () => {
    expect(selectTarget({})).toEqual({ kind: 'reference' })
    expect(selectTarget({ target: 'reference' })).toEqual({ kind: 'reference' })
    const defect = 'm-740-bad-json-as-text'
    expect(selectTarget({ defect })).toEqual({ kind: 'reference', defect })
  })

  test('a command', () => {
    expect(selectTarget({ targetCommand: 'x y' })).toEqual({ kind: 'command', command: 'x y' })
    const words = { targetCommand: 'a | b', shell: true, env: ['A=1'], know: ['pingIntervalMs=5'] }
    expect(selectTarget(words)).toEqual({
      kind: 'command',
      command: 'a | b',
      isShell: true,
      env: { A: '1' },
      known: { pingIntervalMs: 5 },
    })
  })

  test('a URL', () => {
    const url = { kind: 'url', url: 'http://h:3002' }
    expect(selectTarget({ target: 'ws://h:3002/ws' })).toEqual(url)
    const given = { target: 'http://h:3002', know: ['pingIntervalMs=5'] }
    expect(selectTarget(given)).toEqual({ ...url, known: { pingIntervalMs: 5 } })
  })

  // The command line gives lists that nothing was added to.
  test('what is empty was not given', () => {
    expect(selectTarget({ env: [], know: [], shell: false })).toEqual({ kind: 'reference' })
  })
})

test.each([
  [{ defect: 'm-740-bad-json-as-txt' }, /mean "m-740-bad-json-as-text"/],
  [{ targetCommand: 'a | b' }, /--target-command: "\|".*--shell/],
  [{ shell: true }, /^--shell is for --target-command$/],
  [{ env: ['A=1'] }, /^--env is for --target-command$/],
  [{ envFile: 'f' }, /^--env-file is for --target-command$/],
  [{ know: ['pingIntervalMs=5'] }, /^--know is for --target-command and --target .*URL/],
  [{ target: 'reference', targetCommand: 'y' }, /give --target-command or --target, not both/],
  [{ targetCommand: 'y', defect: 'z' }, /^--defect is for --target "reference"$/],
  [{ target: 'http://h', defect: 'z' }, /^--defect is for --target "reference"$/],
  [{ target: 'http://h', inheritEnv: true }, /^--inherit-env is for --target-command$/],
  [{ target: 'localhost:3002' }, /http:\/\/ URL .*; got "localhost:3002"/],
  [{ target: 'https://h' }, /must be "reference" or .*no TLS.* use --target-command/],
  [{ target: 'http://[' }, /http:\/\/ URL/],
])('%j is refused', (given, says) => {
  expect(() => selectTarget(given)).toThrow(UsageError)
  expect(() => selectTarget(given)).toThrow(says)
})

describe('a record', () => {
  test('holds names of variables, and no values', () => {
    const given = { targetCommand: 'x', env: ['TOKEN=hush'], know: ['pingIntervalMs=5'] }
    const recorded = recordedTarget(selectTarget(given))
    const says = 'command: x'
    const known = { pingIntervalMs: 5 }
    expect(recorded).toEqual({ kind: 'command', command: 'x', envNames: ['TOKEN'], known, says })
    expect(recordedTargetSchema.parse(recorded)).toEqual(recorded)
  })

  test.each([
    [{ kind: 'reference', says: 'x', url: 'http://h' }, /url/],
    [{ kind: 'reference' }, /says/],
    [{ kind: 'elsewhere', says: 'x' }, /kind/],
  ])('%j is none', (value, says) => {
    expect(recordedTargetSchema.safeParse(value).error?.message).toMatch(says)
  })
})

describe('the table', () => {
  test('asks for each kind in one way', () => {
    for (const kind of kinds) {
      const { askedBy, target } = { askedBy: undefined, target: undefined, ...targetKinds[kind] }
      expect([askedBy, target].filter((way) => way !== undefined)).toHaveLength(1)
    }
  })

  test('has every option of a kind', () => {
    const own = kinds.flatMap((kind) => Object.keys(targetKinds[kind].options))
    expect(Object.keys(targetOptions).toSorted()).toEqual([...new Set([...own, 'target'])].sort())
  })

  test('lets a mistake into what takes settings and has a process of ours', () => {
    const taking = kinds.filter((kind) => capabilitiesOf({ kind }).takesDefects)
    expect(taking.length).toBeGreaterThan(0)
    for (const kind of taking) {
      expect(capabilitiesOf({ kind })).toMatchObject({ isConfigurable: true, hasProcess: true })
    }
  })
})
