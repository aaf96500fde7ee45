/** `chaos run`: plays scenarios against a target and judges them. */
import { withKinds } from '../conductor/kinds.ts'
import type { Scenario } from '../dsl/scenario.ts'
import { sayTarget, type TargetSpec } from '../targets/target.ts'
import type { CommandWorld } from '../world/command-world.ts'
import { exitCodes, UsageError } from '../world/exit-codes.ts'
import { play, type PlayOptions } from './play.ts'
import { quoted } from './quoted.ts'
import {
  selectKinds,
  selectScenarios,
  selectSettings,
  selectTarget,
  type TargetOptions,
} from './select.ts'
import { readStackFile } from './stack-file.ts'
import { closing } from './summary.ts'
import { envFlags } from './target-options.ts'

export interface RunOptions extends PlayOptions, TargetOptions {
  readonly suite?: string
  readonly stack?: string
  readonly kinds?: string
  readonly set: readonly string[]
}

export async function run(
  given: CommandWorld,
  names: readonly string[],
  options: RunOptions,
): Promise<number> {
  const hint = (says: string) => {
    if (options.json !== true) given.out.write(`${says}\n`)
  }
  const scenarios = scenariosOf(names, options, hint)
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
  else given.out.write(`${closing(given.out, performance, options.quiet).join('\n')}\n`)
  if (isInterrupted) return exitCodes.unknown.code
  return exitCodes[report.verdict].code
}

/** What is to be played, with the malformed kinds that the user chose. */
function scenariosOf(
  names: readonly string[],
  { suite, kinds }: RunOptions,
  hint: (says: string) => void,
): Scenario[] {
  const all = selectScenarios(names, suite, hint)
  if (kinds === undefined) return all
  const chosen = selectKinds(kinds)
  return all.map((scenario) => withKinds(scenario, chosen))
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
  const { target, targetCommand, shell, defect, set, stack, kinds, know = [] } = options
  return [
    ...(target === undefined ? [] : ['--target', quoted(target)]),
    ...(targetCommand === undefined ? [] : ['--target-command', quoted(targetCommand)]),
    ...(shell === true ? ['--shell'] : []),
    ...envFlags(options),
    ...know.flatMap((pair) => ['--know', quoted(pair)]),
    ...(defect === undefined ? [] : ['--defect', defect]),
    ...(stack === undefined ? [] : ['--stack', quoted(stack)]),
    ...(kinds === undefined ? [] : ['--kinds', quoted(kinds)]),
    ...set.flatMap((pair) => ['--set', quoted(pair)]),
  ]
}

