/** `chaos run`: plays scenarios against a target and judges them. */
import type { Report } from '../../reports/render/model.ts'
import type { Scenario } from '../dsl/scenario.ts'
import { sayTarget, type TargetSpec } from '../targets/target.ts'
import type { CommandWorld } from './command-world.ts'
import { exitCodes, UsageError } from './exit-codes.ts'
import { play, type PlayOptions } from './play.ts'
import { quoted } from './quoted.ts'
import {
  selectScenarios,
  selectSettings,
  selectTarget,
  type TargetOptions,
} from './select.ts'
import { readStackFile } from './stack-file.ts'
import { paint, sayVerdict } from './console.ts'
import { envFlags } from './target-options.ts'

export interface RunOptions extends PlayOptions, TargetOptions {
  readonly suite?: string
  readonly stack?: string
  readonly set: readonly string[]
}

export async function run(
  given: CommandWorld,
  names: readonly string[],
  options: RunOptions,
): Promise<number> {
  const scenarios = selectScenarios(names, options.suite)
  const target = selectTarget(options, given.env)
  refuseMisfits(options, target)
  const settings = selectSettings(options.set)
  const flags = flagsOf(options)
  const words = (which: readonly string[], seed: string) =>
    ['npm run chaos -- run', ...which, ...flags, '--seed', quoted(seed)].join(' ')
  const which = names.length > 0 ? names : ['--suite', options.suite ?? 'quick']
  const performance = await play(given, options, {
    title: `${titleOf(names, options)}, ${sayTarget(target)}`,
    reproduce: (seed) => words(which, seed),
    items: (seed) =>
      scenarios.map((scenario: Scenario) => ({
        scenario: { ...scenario, relay: { ...scenario.relay, ...settings } },
        target,
        reproduce: words([scenario.name], seed),
      })),
  })
  const { report, isInterrupted } = performance
  if (options.json) given.out.write(`${JSON.stringify(report)}\n`)
  else given.out.write(`${closing(given, performance)}\n`)
  if (isInterrupted) return exitCodes.unknown.code
  return exitCodes[report.verdict].code
}

/** A relay that runs already takes neither settings from us nor a place to read from. */
function refuseMisfits({ set, stack }: RunOptions, { kind }: TargetSpec): void {
  if (kind !== 'url') return
  if (set.length > 0) throw new UsageError('--set is for relays that we start')
  if (stack === undefined || readStackFile(stack).relay !== undefined) return
  throw new UsageError(`${stack} must name what the relay reads: relay.topic, dlqTopic and groupId`)
}

const titleOf = (names: readonly string[], { suite = 'quick' }: RunOptions) =>
  names.length > 0 ? names.join(', ') : `suite ${suite}`

/** The options that change what is run, as they were typed. */
function flagsOf(options: RunOptions): string[] {
  const { target, targetCommand, shell, defect, set, stack, know = [] } = options
  return [
    ...(target === undefined ? [] : ['--target', quoted(target)]),
    ...(targetCommand === undefined ? [] : ['--target-command', quoted(targetCommand)]),
    ...(shell === true ? ['--shell'] : []),
    ...envFlags(options),
    ...know.flatMap((pair) => ['--know', quoted(pair)]),
    ...(defect === undefined ? [] : ['--defect', defect]),
    ...(stack === undefined ? [] : ['--stack', quoted(stack)]),
    ...set.flatMap((pair) => ['--set', quoted(pair)]),
  ]
}

/** What kept us from judging, each once: a stack that cannot start is one trouble, not five. */
function troubleLines({ scenarios }: Report): string[] {
  const byText = new Map<string, Set<string>>()
  for (const { name, troubles } of scenarios) {
    for (const trouble of troubles) {
      byText.set(trouble, (byText.get(trouble) ?? new Set()).add(name))
    }
  }
  const isWhole = (names: Set<string>) => names.size > 1 && names.size === scenarios.length
  return [...byText].map(([trouble, names]) =>
    isWhole(names) ? trouble : `${[...names].join(', ')}: ${trouble}`,
  )
}

/** Settings that may not be in force: the scenarios' times were derived from them all the same. */
function unconfirmedLines({ scenarios }: Report): string[] {
  const names = [...new Set(scenarios.flatMap(({ unconfirmed }) => unconfirmed))]
  if (names.length === 0) return []
  return [
    'Asked, not confirmed: the target does not report these settings in /version',
    `  ${names.join(', ')}`,
    '  fix: where you know what it does, say so with --know name=value',
  ]
}

/** How many findings came to which verdict; what does not apply to the target decides nothing. */
function tallyOf({ findings }: Report): string {
  const words = {
    pass: 'pass',
    fail: 'fail',
    unknown: 'unknown',
    'not-applicable': 'not applicable',
  } as const
  const counts = Object.entries(words).map(([verdict, word]) => {
    const count = findings.filter((one) => one.verdict === verdict).length
    return count === 0 ? [] : [`${count} ${word}`]
  })
  return counts.flat().join(', ') || 'nothing was judged'
}

function closing(
  { out }: CommandWorld,
  { report, page, isInterrupted }: Awaited<ReturnType<typeof play>>,
): string {
  const rows = report.findings.map(
    ({ verdict, id, scenario }) => `  ${sayVerdict(out, verdict)} ${id.padEnd(8)} ${scenario}`,
  )
  const troubles = troubleLines(report).map((line) => paint(out, 'yellow', `  ${line}`))
  return [
    '',
    ...(isInterrupted ? ['Interrupted: what follows is not the whole suite.'] : []),
    'Verdicts by finding',
    ...rows,
    ...(troubles.length > 0 ? ['What could not be judged', ...troubles] : []),
    ...unconfirmedLines(report).map((line) => paint(out, 'yellow', line)),
    `In all: ${tallyOf(report)}.`,
    '',
    ...report.scenarios.map(({ name, verdict }) => `${sayVerdict(out, verdict)} ${name}`),
    '',
    page === undefined ? 'report: could not be written' : `report: ${page}`,
    `repeat: ${report.reproduce}`,
  ].join('\n')
}
