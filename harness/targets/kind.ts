/**
 * The definition of a kind of target. Types, command-line options, their help and the record of a
 * run are derived from the registry of these.
 */
import type { z } from 'zod'
import type { Given, OptionRows } from '../world/option-rows.ts'
import type { World } from '../world/world.ts'
import type { RunningTarget, TargetStart } from './target.ts'

/** What can be done with targets of a kind: callers ask for this, not for the kind. */
export interface Capabilities {
  /** It takes settings from us, and what it reads: a run has topics and a group of its own. */
  readonly isConfigurable: boolean
  /** Its process is ours to kill, freeze and restart. */
  readonly hasProcess: boolean
  /** One mistake can be put back into it. */
  readonly takesDefects: boolean
  /** It is this project's own: it reports all its settings, and its client is judged with it. */
  readonly isOurs: boolean
  /** The stack runs it. */
  readonly isOfStack: boolean
}

/** Capabilities in words, for lists. */
export const capabilityWords: Readonly<Record<keyof Capabilities, string>> = {
  isConfigurable: 'takes settings',
  hasProcess: 'can be killed and frozen',
  takesDefects: 'takes defects',
  isOurs: "judged with this project's client",
  isOfStack: 'run by the stack',
}

/** The environment of the harness. */
export type Inherited = Readonly<Record<string, string | undefined>>

export interface TargetKind<R extends OptionRows, S extends object, F extends z.ZodRawShape> {
  /** What it is, for help and lists. */
  readonly says: string
  readonly capabilities: Capabilities
  /** Of a kind that `--target` asks for: what is written there. */
  readonly target?: { readonly form: string; readonly isIt: (text: string) => boolean }
  /** Of any other kind: the option of its own that asks for it. */
  readonly askedBy?: keyof R & string
  /** Options that it understands. */
  readonly options: R
  /** @throws UsageError for what makes no sense */
  parse(given: Given<R> & { readonly target?: string }, inherited: Inherited): S
  /** One line for a report. */
  name(spec: S): string
  /** What the record of a run holds of it: nothing that may be secret. */
  readonly recorded: F
  record(spec: S): z.input<z.ZodObject<F>>
  /** Resolves once it is ready. @throws Trouble that says what it lacked */
  start(world: World, spec: S, start: TargetStart): Promise<RunningTarget>
}

/** Types a kind by what it says of itself. */
export const targetKind = <
  const R extends OptionRows,
  S extends object,
  const F extends z.ZodRawShape,
>(
  kind: TargetKind<R, S, F>,
): TargetKind<R, S, F> => kind
