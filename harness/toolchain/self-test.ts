/**
 * `npm test`: everything that a change must pass, cheapest first, stopping where something fails.
 * Every stage runs the tool that a person would run, with its output untouched.
 */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock as clock } from '../../relay/world/clock.ts'
import { compiled, ownVariables } from '../world/environment.ts'
import { repoRoot } from '../world/places.ts'
import { ownerVariable } from '../world/processes.ts'
import { Trouble } from '../world/trouble.ts'
import { openWorld, type World } from '../world/world.ts'
import { ensureTools, toolNames } from './tools.ts'

interface RunContext {
  readonly name: string
  /** Program of node_modules/.bin; without it the stage installs the tools. */
  readonly program?: 'oxlint' | 'tsc' | 'vitest'
  readonly args: readonly string[]
}

/** In order of cost. The stages of a row run side by side: each of them leaves a core idle. */
const rows: readonly (readonly RunContext[])[] = [
  [
    { name: 'toolchain', args: [] },
    { name: 'lint', program: 'oxlint', args: ['--type-aware'] },
    { name: 'type check', program: 'tsc', args: ['-p', 'tsconfig.json'] },
    { name: 'tidy', program: 'vitest', args: ['run', '--project', 'pure', 'harness/tidy'] },
  ],
  [
    {
      name: 'pure tests',
      program: 'vitest',
      args: ['run', '--project', 'pure', '--exclude', 'harness/tidy/**'],
    },
  ],
  [{ name: 'stack tests', program: 'vitest', args: ['run', '--project', 'stack'] }],
]

/** How many tests a stage ran; a stage that runs none counts as one check. */
export interface Counts {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}
interface Outcome {
  readonly stage: RunContext
  readonly isPassed: boolean
  readonly counts: Counts
  readonly tookMs: number
}

/** Runs the stages; resolves to the exit code. */
export async function selfTest(): Promise<number> {
  const world = await openWorld(clock)
  const outcomes: Outcome[] = []
  try {
    for (const row of rows) {
      say(`\n=== ${row.map(({ name }) => name).join(', ')}\n`)
      outcomes.push(...(await Promise.all(row.map((stage) => runStage(world, stage)))))
      if (!outcomes.every(({ isPassed }) => isPassed)) break
    }
  } finally {
    await world.close()
  }
  say(`\n${outcomes.map((one) => `${one.stage.name} ${seconds(one)}`).join(' · ')}\n`)
  say(`${summary(outcomes.map(({ counts }) => counts))}\n`)
  return outcomes.every(({ isPassed }) => isPassed) ? 0 : 1
}

/** `12 passed, 0 failed, 0 skipped`, over all stages that ran. */
export function summary(counts: readonly Counts[]): string {
  const total = (key: keyof Counts) => counts.reduce((sum, one) => sum + one[key], 0)
  return `${total('passed')} passed, ${total('failed')} failed, ${total('skipped')} skipped`
}

async function runStage(world: World, stage: RunContext): Promise<Outcome> {
  const startedMs = clock.nowMs()
  const report = join(world.makeFolder('self-test'), 'vitest.json')
  const isPassed =
    stage.program === undefined ? await installTools() : await runProgram(world, stage, report)
  const counts = countsOf(stage, report, isPassed)
  const outcome = { stage, isPassed, counts, tookMs: clock.nowMs() - startedMs }
  say(`=== ${stage.name}: ${isPassed ? 'passed' : 'FAILED'} in ${seconds(outcome)}\n`)
  return outcome
}

async function installTools(): Promise<boolean> {
  try {
    const found = await ensureTools(toolNames, (line) => say(`${line}\n`))
    for (const name of toolNames) say(`${name} ${found[name].version} (${found[name].from})\n`)
    return true
  } catch (error) {
    if (!(error instanceof Trouble)) throw error
    say(`${error.message}\n`)
    return false
  }
}

/** Runs a program of a package on this Node, on our own terminal. */
function runProgram(world: World, stage: RunContext, report: string): Promise<boolean> {
  const program = join(repoRoot, 'node_modules/.bin', stage.program as string)
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const args = [program, ...stage.args, ...(stage.program === 'vitest' ? reporters : [])]
  const child = spawn(process.execPath, args, {
    cwd: repoRoot,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...compiled, ...ownVariables(), [ownerVariable]: world.mark },
  })
  const passOn = (signal: NodeJS.Signals) => void child.kill(signal)
  for (const signal of interrupts) process.on(signal, passOn)
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => {
      for (const signal of interrupts) process.off(signal, passOn)
      resolve(code === 0)
    })
  })
}

const interrupts = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

function countsOf(stage: RunContext, report: string, isPassed: boolean): Counts {
  const check = { passed: isPassed ? 1 : 0, failed: isPassed ? 0 : 1, skipped: 0 }
  if (stage.program !== 'vitest') return check
  try {
    return testCounts(readFileSync(report, 'utf8'), isPassed)
  } catch {
    // Vitest ended before it could say anything.
    return check
  }
}

/** Counts of a JSON report of vitest. A run that failed without a failed test failed as a whole. */
export function testCounts(report: string, isPassed: boolean): Counts {
  const found = JSON.parse(report) as Record<string, number>
  const failed = found['numFailedTests'] ?? 0
  return {
    passed: found['numPassedTests'] ?? 0,
    failed: isPassed ? failed : Math.max(failed, 1),
    skipped: (found['numPendingTests'] ?? 0) + (found['numTodoTests'] ?? 0),
  }
}

const seconds = ({ tookMs }: Outcome) => `${(tookMs / 1_000).toFixed(1)} s`
const say = (text: string) => void process.stdout.write(text)
