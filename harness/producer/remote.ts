/** The conductor's side of the producer: its process, and the commands to it. */
import { settingRows } from '../../relay/tables/settings.ts'
import type { Load } from './load.ts'
import { startAskedChild, type AskedChild } from '../world/asked-child.ts'
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
  /** The target's payload limit; the default is that of an unconfigured relay. */
  readonly payloadBytesMax?: number
}

/** The producer as the conductor sees it. */
export interface RemoteProducer extends Omit<AskedChild<ProducerCommand, ProducerStatus>, 'ask'> {
  /** Load from now on; `recordsPerSecond: 0` is silence. */
  load(load: Load): Promise<ProducerStatus>
  /** Settles when all that was asked for is acknowledged or given up; see `RecordsOrder`. */
  perform(order: RecordsOrder, limitMs: number): Promise<ProducerStatus>
  status(): Promise<ProducerStatus>
  /** Stops the load, waits for what is under way (bounded), and for the process's end. */
  finish(): Promise<ProducerStatus>
}

/** Records are short-lived; with Node's default they cost a third more time in collections. */
const youngSpace = '--max-semi-space-size=32'
const limitMs = {
  start: 25_000,
  order: 5_000,
  finish: 25_000,
} as const

/** Starts the process and connects it. @throws when it cannot; nothing is left running then */
export async function startProducer(
  world: World,
  { logFile, ...options }: ProducerStartOptions,
): Promise<RemoteProducer> {
  const spec = {
    role: 'producer',
    program: new URL('main.ts', import.meta.url),
    nodeFlags: [youngSpace],
    logFile,
    startLimitMs: limitMs.start,
  }
  const payloadBytesMax = settingRows.payloadBytesMax.byDefault
  const first: ProducerCommand = { do: 'start', payloadBytesMax, ...options }
  const { ask, ...child } = await startAskedChild<ProducerCommand, ProducerStatus>(
    world,
    spec,
    first,
  )
  return {
    ...child,
    load: (load) => ask({ do: 'load', load }, limitMs.order),
    perform: (order, withinMs) => ask(order, withinMs),
    status: () => ask({ do: 'status' }, limitMs.order),
    finish: () => child.finish(limitMs.finish),
  }
}
