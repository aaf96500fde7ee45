/** One program of an installation, with an owner, a deadline and a log. */
import { withDeadline } from '../../relay/world/deadline.ts'
import { startChild } from '../world/child.ts'
import { environment } from '../world/environment.ts'
import { repoRoot } from '../world/places.ts'
import type { World } from '../world/world.ts'

/** A slow network and a cold build cache; whoever needs longer installs by hand. */
const stepLimitMs = 8 * 60_000

export interface Step {
  /** What it is for, in messages. */
  readonly role: string
  readonly command: string
  readonly args: readonly string[]
  /** Added to all variables of ours. */
  readonly env?: Readonly<Record<string, string>>
  readonly logFile: string
}

/**
 * Runs a program to its end. It gets all of our variables: the host's mirrors, proxies and
 * certificates are the user's choice and stay in force.
 *
 * @throws Error with the end of its log when it fails or takes too long
 */
export async function runStep(world: World, step: Step): Promise<void> {
  const { role, command, args, logFile } = step
  const child = await startChild(world, {
    role,
    command,
    args,
    env: { ...ownVariables(), ...step.env },
    cwd: repoRoot,
    logFile,
    deadlineMs: stepLimitMs,
  })
  try {
    const exit = await withDeadline(world.clock, stepLimitMs, command, () => child.exited)
    if (exit.code === 0) return
    const how = exit.signal ?? `code ${exit.code}`
    throw new Error(`${command} ended with ${how}:\n${child.tail()}`)
  } finally {
    await child.stop()
  }
}

/** All variables of this process that have a value. */
export function ownVariables(): Record<string, string> {
  const set = Object.entries(environment).filter(([, value]) => value !== undefined)
  return Object.fromEntries(set) as Record<string, string>
}
