/** `chaos run`: runs scenarios against a target and judges them. */
import { withKinds } from '../conductor/kinds.ts'
import type { SuiteItem } from '../conductor/suite-order.ts'
import type { Scenario } from '../dsl/scenario.ts'
import type { StackChoice } from '../stack/kind.ts'
import { selectStack } from '../stack/registry.ts'
import {
  capabilitiesOf,
  sayTarget,
  selectTarget,
  targetOptions,
  type TargetOptions,
  type TargetSpec,
} from '../targets/registry.ts'
import { retyped } from '../world/option-rows.ts'
import type { CommandWorld } from '../world/command-world.ts'
import { exitCodes, UsageError } from '../world/exit-codes.ts'
import { runItems, type RunItemsOptions, type RunPlan } from './run-items.ts'
import { quoted } from './quoted.ts'
import {
  randomRunPlan,
  refuseWithoutRandom,
  type MakeItem,
  type RandomOptions,
} from './random.ts'
import { randomSuite, selectKinds, selectScenarios, selectSettings } from './select.ts'
import { closing } from './summary.ts'

export interface RunOptions extends RunItemsOptions, TargetOptions, RandomOptions {
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
  const stack = selectStack(options.stack)
  const target = selectTarget(withTargetOf(stack, options), given.env)
  refuseMisfits(options, target, stack)
  refuseWithoutRandom(options)
  const settings = selectSettings(options.set)
  const flags = flagsOf(options)
  const words = (which: readonly string[], seed: string) =>
    ['npm run chaos -- run', ...which, ...flags, '--seed', quoted(seed)].join(' ')
  const makeItem = (scenario: Scenario, which: readonly string[], seed: string): SuiteItem => ({
    scenario: { ...scenario, relay: { ...scenario.relay, ...settings } },
    target,
    reproduce: words(which, seed),
  })
  const outcome = await runItems(given, options, stack, {
    title: `${titleOf(names, options)}, ${sayTarget(target)}`,
    reproduce: (seed) => words(namedIn(names, options), seed),
    ...itemsOf(given, names, options, makeItem, hint),
  })
  const { report, isInterrupted } = outcome
  if (options.json) given.out.write(`${JSON.stringify(report)}\n`)
  else given.out.write(`${closing(given.out, outcome, options.quiet).join('\n')}\n`)
  if (isInterrupted) return exitCodes.unknown.code
  return exitCodes[report.verdict].code
}

/** Scenarios by name, those of a suite, or random ones. */
function itemsOf(
  given: CommandWorld,
  names: readonly string[],
  options: RunOptions,
  makeItem: MakeItem,
  hint: (says: string) => void,
): Pick<RunPlan, 'items' | 'endless' | 'afterwards'> {
  if (options.suite === randomSuite && names.length === 0) {
    return randomRunPlan(given, options, makeItem)
  }
  const scenarios = scenariosOf(names, options, hint)
  return { items: (seed) => scenarios.map((one) => makeItem(one, [one.name], seed)) }
}

/** The arguments that name what runs. */
function namedIn(names: readonly string[], options: RunOptions): readonly string[] {
  const { suite = 'quick', for: time, schedule, parts } = options
  if (names.length > 0) return names
  return [
    '--suite',
    suite,
    ...(time === undefined ? [] : ['--for', time]),
    ...(schedule === undefined ? [] : ['--schedule', schedule]),
    ...(parts === undefined ? [] : ['--parts', parts]),
  ]
}

/** What is to run, with the malformed kinds that the user chose. */
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

/** A stack that runs the relay itself has it judged where nothing else is asked for. */
const withTargetOf = ({ target }: StackChoice, options: RunOptions): TargetOptions =>
  target === undefined || options.target !== undefined || options['targetCommand'] !== undefined
    ? options
    : { ...options, target }

/** A relay that the harness does not start has its own settings, and reads what the stack names. */
function refuseMisfits({ set, stack }: RunOptions, target: TargetSpec, choice: StackChoice) {
  const { names } = choice
  const { isOfStack } = capabilitiesOf(target)
  if (isOfStack && choice.target === undefined) {
    throw new UsageError('--target image is the relay of --stack compose')
  }
  if (!isOfStack && choice.target !== undefined) {
    throw new UsageError(`--stack ${stack} runs the relay itself: leave out other targets`)
  }
  if (capabilitiesOf(target).isConfigurable) return
  if (set.length > 0) throw new UsageError('--set is for relays that the harness starts')
  if (names !== undefined) return
  if (stack === undefined) {
    throw new UsageError(
      'a running relay reads a topic of its own, and the harness must produce to it: ' +
        'name its servers, topics and group with --stack file:<path> ' +
        '(README.md, "Judge another relay"), ' +
        'or let the harness start it with --target-command',
    )
  }
  throw new UsageError(`${stack} must name what the relay reads: relay.topic, dlqTopic and groupId`)
}

const titleOf = (names: readonly string[], { suite = 'quick' }: RunOptions) =>
  names.length > 0 ? names.join(', ') : `suite ${suite}`

/** The options that change the run, as typed. */
function flagsOf({ set, stack, kinds, ...options }: RunOptions): string[] {
  const words = [
    ...retyped(targetOptions, options),
    ...(stack === undefined ? [] : ['--stack', stack]),
    ...(kinds === undefined ? [] : ['--kinds', kinds]),
    ...set.flatMap((pair) => ['--set', pair]),
  ]
  return words.map(quoted)
}
