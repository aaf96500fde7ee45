/**
 * A child process of ours that is asked and answers: a load generator, a fleet of clients. Here is
 * the side that starts it, asks it, and owns it to its end; see `answering.ts` for the other one.
 */
import { fileURLToPath } from 'node:url'
import { withDeadline } from '../../relay/world/deadline.ts'
import { askOf, type Ask } from './asking.ts'
import { startChild } from './child.ts'
import type { Exit } from './owned-child.ts'
import type { World } from './world.ts'

/**
 * Every call settles: with the child's answer, with its own error, with a DeadlineError, or with a
 * ChildGoneError when its process has ended.
 */
export interface AskedChild<C, S> {
  readonly pid: number
  /** Settles when the process has ended, for any reason. */
  readonly ended: Promise<Exit>
  /** The end of what it wrote to its log. */
  lastWords(): string
  readonly ask: Ask<C, S>
  /** Asks the last thing, which is `finish`, and waits for the process's end. */
  finish(limitMs: number): Promise<S>
  /** Ends the process immediately; idempotent, never throws. */
  kill(): Promise<void>
}

export interface AskedChildSpec {
  /** What it is for; stands in the history and in messages. */
  readonly role: string
  /** Its program, which calls `answerCommands`. */
  readonly program: URL
  /** Flags of Node's own. */
  readonly nodeFlags?: readonly string[]
  /** Where the process's own output goes. */
  readonly logFile: string
  readonly startLimitMs: number
}

const exitLimitMs = 5_000

/**
 * Starts the process and asks the first thing.
 *
 * @throws what the child answers, or that it does not; nothing is left running then
 */
export async function startAskedChild<C extends { readonly do: string }, S>(
  world: World,
  { role, program, nodeFlags = [], logFile, startLimitMs }: AskedChildSpec,
  first: C,
): Promise<AskedChild<C | { readonly do: 'finish' }, S>> {
  const child = await startChild(world, {
    role,
    command: process.execPath,
    args: [...nodeFlags, fileURLToPath(program)],
    logFile,
    deadlineMs: startLimitMs,
    hasChannel: true,
  })
  const ask = askOf<C | { readonly do: 'finish' }, S>(world.clock, child)
  try {
    await ask(first, startLimitMs)
  } catch (error) {
    await child.stop(0)
    throw error
  }
  return {
    pid: child.pid,
    ended: child.exited,
    lastWords: () => child.tail(),
    ask,
    async finish(limitMs) {
      const status = await ask({ do: 'finish' }, limitMs)
      await withDeadline(world.clock, exitLimitMs, `the ${role}'s end`, () => child.exited)
      return status
    },
    kill: () => child.stop(0).then(() => undefined),
  }
}
