/** Holds the house rules over the whole repository, and shows that each rule can be broken. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { defects } from '../defects/index.ts'
import { scenarioNames, scenarios } from '../../scenarios/index.ts'
import { findings } from '../findings/findings.ts'
import { repoRoot } from '../world/places.ts'
import { fileCycles, floors } from './floors.ts'
import { rigsWithoutSuffix } from './rigs.ts'
import { breachesOf, importedFiles, lawOfImports, mayImport } from './rules.ts'

const source = /\.(?:ts|mjs)$/
const notOurs = /^proto\/gen\/|\.d\.ts$/

function sourceFiles() {
  const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], {
    cwd: repoRoot,
    encoding: 'utf8',
  })
  return listed
    .split('\n')
    .filter((path) => source.test(path) && !notOurs.test(path) && existsSync(join(repoRoot, path)))
    .map((path) => ({ path, text: readFileSync(join(repoRoot, path), 'utf8') }))
}

describe('the house', () => {
  it('is tidy', () => {
    const files = sourceFiles()
    expect(files.length).toBeGreaterThan(100)
    const breaches = files.flatMap(breachesOf)
    const told = breaches.map(({ path, line, says }) => `${path}:${line}: ${says}`)
    expect(told.join('\n')).toBe('')
  })

  it('has no circle of files that import one another', () => {
    const imports = new Map(sourceFiles().map((file) => [file.path, importedFiles(file)]))
    expect(fileCycles(imports)).toEqual([])
  })

  it('names everything that only tests use as a test rig', () => {
    const imports = new Map(sourceFiles().map((file) => [file.path, importedFiles(file)]))
    expect(rigsWithoutSuffix(imports)).toEqual([])
  })

  it('has every folder on a floor, and no floor for a folder that is not there', () => {
    const folders = new Set(sourceFiles().map(({ path }) => path.split('/').slice(0, -1).join('/')))
    for (const [house, rows] of Object.entries(floors)) {
      for (const name of rows.flat()) {
        expect([...folders]).toContain(name === '.' ? house : `${house}/${name}`)
      }
    }
  })

  it('says of its imports in README what it holds', () => {
    const readme = readFileSync(join(repoRoot, 'README.md'), 'utf8').replaceAll(/\s+/g, ' ')
    expect(readme).toContain(lawOfImports)
    expect(mayImport['relay']).toEqual(['proto'])
    expect(mayImport['harness']).not.toContain('scenarios')
    expect(mayImport['scenarios']).toEqual(['harness'])
  })

  it('has a scenario for every finding that a scenario names, and a defect for its rule', () => {
    for (const defect of Object.values(defects)) {
      expect(scenarioNames).toContain(defect.scenario)
      expect(Object.keys(findings)).toContain(defect.finding)
      expect(defect.rules.length).toBeGreaterThan(0)
    }
  })

  it('names every scenario as its file', () => {
    for (const [name, scenario] of Object.entries(scenarios)) expect(scenario.name).toBe(name)
  })
})

describe('the rules', () => {
  const opening = '/** Why. */\n'
  it.each([
    ['a long line', 'relay/a.ts', `const a = '${'x'.repeat(120)}'`, 'characters'],
    ['a long function', 'relay/a.ts', `function a() {\n${'  b()\n'.repeat(80)}}`, 'function of'],
    ['a long file', 'relay/a.ts', 'b()\n'.repeat(401), 'file of'],
    ['a long scenario', 'scenarios/a.ts', 'b()\n'.repeat(61), 'scenario of'],
    ['the wall clock', 'relay/a.ts', 'const now = Date.now()', 'Clock'],
    ['a bare timer', 'harness/a.ts', 'setTimeout(work, 5)', 'clock.after'],
    ['unseeded dice', 'harness/a.ts', 'Math.random()', 'dice'],
    ['the environment', 'harness/a.ts', 'process.env.HOME', 'handed in'],
    ['a console', 'relay/a.ts', "console.log('x')", 'log'],
    ['a vague name', 'relay/a.ts', 'class SocketManager {}', 'says nothing'],
    ['a vague folder', 'relay/utils/a.ts', 'b()', 'folder for anything'],
    ['a finding id', 'relay/a.ts', '// fixes M-1034', 'finding id'],
    ['proto importing relay', 'proto/a.ts', "import '../relay/b.ts'", 'must not import'],
    ['relay importing harness', 'relay/a.ts', "import '../harness/b.ts'", 'must not import'],
    ['harness in the stages', 'harness/c/a.ts', "import '../../relay/stages/b.ts'", 'inside'],
    ['a type from above', 'harness/world/a.ts', "import type { A } from '../cli/b.ts'", 'lower'],
    ['a lazy import from above', 'relay/world/a.ts', "await import('../tables/b.ts')", 'lower'],
    ['a neighbour of the floor', 'relay/log/a.ts', "import '../limits/b.ts'", 'lower floor'],
    ['a test from above', 'harness/world/a.test.ts', "import '../cli/b.ts'", 'lower floor'],
    ['a trunk file', 'relay/kafka/a.ts', "import type { A } from '../relay.ts'", 'lower'],
    ['a folder without a floor', 'harness/odds/a.ts', "import '../world/b.ts'", 'on no floor'],
    ['scenarios from docs', 'harness/docs/a.ts', "import '../../scenarios/b.ts'", 'only'],
    ['kafkajs anywhere', 'relay/lag/a.ts', "import { Kafka } from 'kafkajs'", 'enters through'],
  ])('find %s', (_, path, text, says) => {
    const told = breachesOf({ path, text: `${opening}${text}\n` }).map((breach) => breach.says)
    expect(told.join('; ')).toContain(says)
  })

  it('find a rig without the suffix', () => {
    const imports = new Map([
      ['harness/a/one.test.ts', ['harness/a/one.ts', 'harness/a/rig.ts', 'harness/a/b-testbed.ts']],
      ['harness/a/b-testbed.ts', ['harness/a/rig.ts']],
      ['harness/a/two.ts', ['harness/a/one.ts']],
      ['harness/a/one.ts', []],
      ['harness/a/rig.ts', []],
    ])
    expect(rigsWithoutSuffix(imports)).toEqual(['harness/a/rig.ts'])
  })

  it('find circles of files, and each once', () => {
    const circle = new Map([
      ['a', ['b']],
      ['b', ['c', 'd']],
      ['c', ['a']],
      ['d', ['d2']],
      ['d2', ['d']],
      ['e', ['a']],
    ])
    expect(fileCycles(circle)).toEqual([
      ['d', 'd2'],
      ['a', 'b', 'c'],
    ])
  })

  it('find a file that does not say why it exists', () => {
    expect(breachesOf({ path: 'relay/a.ts', text: 'b()\n' })).toHaveLength(1)
  })

  it('leave a tidy file alone', () => {
    const text = `${opening}import { systemClock } from './world/clock.ts'\n`
    expect(breachesOf({ path: 'relay/a.ts', text })).toEqual([])
  })
})
