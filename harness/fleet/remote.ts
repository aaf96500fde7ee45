/**
 * The conductor's side of the fleet: starts its process, gives it commands, each under a deadline,
 * and owns it to the end.
 */
import { fileURLToPath } from 'node:url'
import type { Clock } from '../../relay/world/clock.ts'
import { withDeadline } from '../../relay/world/deadline.ts'
import type { ClientGroup } from './group.ts'
import { askOf, type Ask } from '../world/asking.ts'
import { startChild } from '../world/child.ts'
import type { Exit } from '../world/owned-child.ts'
import type { World } from '../world/world.ts'
import type { FleetCommand, FleetStatus, GroupOrder } from './protocol.ts'

export interface FleetOptions {
  readonly journalFile: string
  /** Where the process's own output goes. */
  readonly logFile: string
  /** `clock.nowMs()` at the start of the run. */
  readonly originMs: number
  readonly seed: string
  readonly clientDefect?: string
}

export interface Joining {
  readonly group: string
  /** ws:// address. */
  readonly url: string
  /** The relay's own host:port, where `url` leads through a proxy. */
  readonly host?: string
  readonly count: number
  readonly spec: ClientGroup
  readonly token?: string
  /** How long each client may take to open. */
  readonly deadlineMs: number
}

/**
 * The fleet as the conductor sees it. Every call settles: with the fleet's status, with the fleet's
 * own error, with a DeadlineError, or with ChildGoneError when its process has ended.
 */
export interface RemoteFleet {
  readonly pid: number
  /** Settles when the process has ended, for whatever reason. */
  readonly ended: Promise<Exit>
  /** The end of what it wrote to its log. */
  lastWords(): string
  /** Settles when each client is open or was refused; see the status for how many are. */
  connect(joining: Joining): Promise<FleetStatus>
  /** Stops (`true`) or restarts reading; the status tells the bytes read so far. */
  reading(group: string, isStalled: boolean): Promise<FleetStatus>
  /** Settles when the clients have done as they were told; see `GroupOrder`. */
  perform(order: GroupOrder, limitMs: number): Promise<FleetStatus>
  status(): Promise<FleetStatus>
  /** Compares run states, closes all clients and the journal, and waits for the process's end. */
  finish(): Promise<FleetStatus>
  /** Ends the process at once; idempotent, never throws. */
  kill(): Promise<void>
}

const limitMs = {
  start: 10_000,
  status: 5_000,
  order: 10_000,
  finish: 30_000,
  exit: 5_000,
} as const

/** Starts the fleet's process. @throws when it does not answer; nothing is left running then */
export async function startFleet(world: World, options: FleetOptions): Promise<RemoteFleet> {
  const { journalFile, logFile, originMs, seed, clientDefect } = options
  const child = await startChild(world, {
    role: 'fleet',
    command: process.execPath,
    args: [fileURLToPath(new URL('main.ts', import.meta.url))],
    logFile,
    deadlineMs: limitMs.start,
    hasChannel: true,
  })
  const { clock } = world
  const ask = askOf<FleetCommand, FleetStatus>(clock, child)
  const defect = clientDefect === undefined ? {} : { clientDefect }
  try {
    await ask({ do: 'start', journalFile, originMs, seed, ...defect }, limitMs.start)
  } catch (error) {
    await child.stop(0)
    throw error
  }
  const kill = () => child.stop(0).then(() => undefined)
  const lastWords = () => child.tail()
  const { pid, exited: ended } = child
  return { pid, ended, lastWords, kill, ...orders(clock, ask, ended) }
}

function orders(
  clock: Clock,
  ask: Ask<FleetCommand, FleetStatus>,
  ended: Promise<Exit>,
): Omit<RemoteFleet, 'pid' | 'ended' | 'lastWords' | 'kill'> {
  return {
    connect: (joining) => ask({ do: 'connect', ...joining }, joining.deadlineMs + limitMs.order),
    reading: (group, isStalled) => ask({ do: 'reading', group, isStalled }, limitMs.order),
    perform: (order, withinMs) => ask(order, withinMs),
    status: () => ask({ do: 'status' }, limitMs.status),
    async finish() {
      const status = await ask({ do: 'finish' }, limitMs.finish)
      await withDeadline(clock, limitMs.exit, "the fleet's end", () => ended)
      return status
    },
  }
}
