/** A relay that a command starts: any program that is configured by the same variables. */
import { z } from 'zod'
import { UsageError } from '../world/exit-codes.ts'
import { Trouble } from '../world/trouble.ts'
import { environmentOptions, selectEnv } from './command-environment.ts'
import { parseCommandLine } from './command-line.ts'
import { targetKind } from './kind.ts'
import { knownShape, knowOption, selectKnown, type KnownTiming } from './known-timing.ts'
import { startSpawned } from './spawned.ts'

/** A relay that a command starts. */
export interface CommandTarget {
  /** The program and its arguments, with quotes as a shell has them. */
  readonly command: string
  /** A shell runs it; without one, the process that is started is the relay. */
  readonly isShell?: boolean
  /** Variables of its own, beside those of the contract, which they cannot override. */
  readonly env?: Readonly<Record<string, string>>
  /** What the user knows of its settings, where it does not report them. */
  readonly known?: KnownTiming
}

const nameOf = (spec: CommandTarget) => `command: ${spec.command}`

export const command = targetKind({
  says: 'a relay program, started for each scenario',
  capabilities: {
    isConfigurable: true,
    hasProcess: true,
    takesDefects: false,
    isOurs: false,
    isOfStack: false,
  },
  askedBy: 'targetCommand',
  options: {
    targetCommand: {
      is: 'text',
      takes: '<command>',
      says: 'a relay program with its arguments; no shell',
    },
    shell: { is: 'flag', says: 'run the target command by /bin/sh' },
    ...environmentOptions,
    know: knowOption,
  },
  parse(given, inherited): CommandTarget {
    const { targetCommand = '', shell: isShell = false, know } = given
    // Without --shell, a command that needs a shell is refused.
    const parsed = isShell ? undefined : parseCommandLine(targetCommand)
    if (parsed?.ok === false) throw new UsageError(`--target-command: ${parsed.problem}`)
    const env = selectEnv(given, inherited)
    const base = { command: targetCommand, ...(isShell && { isShell }), ...(env && { env }) }
    return { ...base, ...selectKnown(know) }
  },
  name: nameOf,
  recorded: {
    command: z.string().exactOptional(),
    isShell: z.boolean().exactOptional(),
    /** Names of the variables that the command was given besides the contract's. */
    envNames: z.array(z.string()).exactOptional(),
    ...knownShape,
  },
  record: ({ env, ...rest }) => ({ ...rest, ...(env && { envNames: Object.keys(env) }) }),
  start: (world, spec, start) =>
    startSpawned(
      world,
      { says: nameOf(spec), ...programOf(spec), ...(spec.env && { env: spec.env }) },
      start,
    ),
})

/** @throws Trouble where only a shell could make something of it, and none was asked for */
function programOf({ command: text, isShell = false }: CommandTarget) {
  if (isShell) return { command: '/bin/sh', args: ['-c', text] }
  const parsed = parseCommandLine(text)
  if (parsed.ok) return { command: parsed.command, args: parsed.args }
  const says = `the command "${text}" cannot be run without a shell: ${parsed.problem}`
  throw new Trouble('target-unready', says, 'change it, or use --shell')
}
