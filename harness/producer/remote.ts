/**
 * The conductor's side of the producer: starts its process, gives it commands, each under a
 * deadline, and owns it to the end.
 */
import { fileURLToPath } from 'node:url'
import type { Clock } from '../../relay/world/clock.ts'
import { withDeadline } from '../../relay/world/deadline.ts'
import { settingRows } from '../../relay/tables/settings.ts'
import type { Load } from './load.ts'
import { askOf, type Ask } from '../world/asking.ts'
import { startChild } from '../world/child.ts'
import type { Exit, OwnedChild } from '../world/owned-child.ts'
import type { World } from '../world/world.ts'
import type { ProducerCommand, ProducerStatus, RecordsOrder } from './protocol.ts'

export interface ProducerStartOptions {
  readonly journalFile: string
  /** Where the process's own output goes. */
  readonly logFile: string
  /** `clock.nowMs()` at the start of the run. */
  readonly originMs: number
  readonly seed: string
  /** host:port, never through a proxy. */
  readonly brokers: readonly string[]
  readonly topic: string
  readonly partitions: number
  /** The target's payload limit; the default is that of a relay nobody configured. */
  readonly payloadBytesMax?: number
}

/**
 * The producer as the conductor sees it. Every call settles: with the producer's status, with its
 * own error, with a DeadlineError, or with ChildGoneError when its process has ended.
 */
export interface RemoteProducer {
  readonly pid: number
  /** Settles when the process has ended, for whatever reason. */
  readonly ended: Promise<Exit>
  /** The end of what it wrote to its log. */
  lastWords(): string
  /** Load from now on; `recordsPerSecond: 0` is silence. */
  load(load: Load): Promise<ProducerStatus>
  /** Settles when all that was asked for is acknowledged or given up; see `RecordsOrder`. */
  perform(order: RecordsOrder, limitMs: number): Promise<ProducerStatus>
  status(): Promise<ProducerStatus>
  /** Stops the load, waits for what is under way (bounded), and for the process's end. */
  finish(): Promise<ProducerStatus>
  /** Ends the process at once; idempotent, never throws. */
  kill(): Promise<void>
}

/** Records are short-lived; with Node's default they cost a third more time in collections. */
const youngSpace = '--max-semi-space-size=32'
const limitMs = {
  start: 25_000,
  order: 5_000,
  finish: 25_000,
  exit: 5_000,
} as const

/** Starts the process and connects it. @throws when it cannot; nothing is left running then */
export async function startProducer(
  world: World,
  { logFile, ...options }: ProducerStartOptions,
): Promise<RemoteProducer> {
  const child = await startChild(world, {
    role: 'producer',
    command: process.execPath,
    args: [youngSpace, fileURLToPath(new URL('main.ts', import.meta.url))],
    logFile,
    deadlineMs: limitMs.start,
    hasChannel: true,
  })
  const ask = askOf<ProducerCommand, ProducerStatus>(world.clock, child)
  try {
    const payloadBytesMax = settingRows.payloadBytesMax.byDefault
    await ask({ do: 'start', payloadBytesMax, ...options }, limitMs.start)
    return orders(world.clock, child, ask)
  } catch (error) {
    await child.stop(0)
    throw error
  }
}

function orders(
  clock: Clock,
  child: OwnedChild,
  ask: Ask<ProducerCommand, ProducerStatus>,
): RemoteProducer {
  return {
    pid: child.pid,
    ended: child.exited,
    lastWords: () => child.tail(),
    load: (load) => ask({ do: 'load', load }, limitMs.order),
    perform: (order, withinMs) => ask(order, withinMs),
    status: () => ask({ do: 'status' }, limitMs.order),
    async finish() {
      const status = await ask({ do: 'finish' }, limitMs.finish)
      await withDeadline(clock, limitMs.exit, "the producer's end", () => child.exited)
      return status
    },
    async kill() {
      await child.stop(0)
    },
  }
}
