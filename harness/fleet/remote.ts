/** The conductor's side of the fleet: its process, and the commands to it. */
import { startAskedChild, type AskedChild } from '../world/asked-child.ts'
import type { World } from '../world/world.ts'
import type { FleetCommand, FleetStatus, GroupOrder, Joining } from './protocol.ts'

export interface FleetOptions {
  readonly journalFile: string
  /** Where the process's own output goes. */
  readonly logFile: string
  /** `clock.nowMs()` at the start of the run. */
  readonly originMs: number
  readonly seed: string
  readonly clientDefect?: string
}

/** The fleet as the conductor sees it. */
export interface RemoteFleet extends Omit<AskedChild<FleetCommand, FleetStatus>, 'ask'> {
  /** Settles when each client is open or was refused; see the status for how many are. */
  connect(joining: Joining): Promise<FleetStatus>
  /** Stops (`true`) or restarts reading; the status has the bytes read so far. */
  reading(group: string, isStalled: boolean): Promise<FleetStatus>
  /** Settles when the clients have carried out the order; see `GroupOrder`. */
  perform(order: GroupOrder, limitMs: number): Promise<FleetStatus>
  status(): Promise<FleetStatus>
  /** Compares run states, closes all clients and the journal, and waits for the process's end. */
  finish(): Promise<FleetStatus>
}

const limitMs = {
  start: 10_000,
  status: 5_000,
  order: 10_000,
  finish: 30_000,
} as const

/** Starts the fleet's process. @throws when it does not answer; nothing is left running then */
export async function startFleet(world: World, options: FleetOptions): Promise<RemoteFleet> {
  const { logFile, ...start } = options
  const program = new URL('main.ts', import.meta.url)
  const spec = { role: 'fleet', program, logFile, startLimitMs: limitMs.start }
  const first: FleetCommand = { do: 'start', ...start }
  const { ask, ...child } = await startAskedChild<FleetCommand, FleetStatus>(world, spec, first)
  return {
    ...child,
    connect: (joining) => ask({ do: 'connect', ...joining }, joining.deadlineMs + limitMs.order),
    reading: (group, isStalled) => ask({ do: 'reading', group, isStalled }, limitMs.order),
    perform: (order, withinMs) => ask(order, withinMs),
    status: () => ask({ do: 'status' }, limitMs.status),
    finish: () => child.finish(limitMs.finish),
  }
}
