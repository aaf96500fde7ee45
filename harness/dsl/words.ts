/** Short forms for what scenarios say often. */
import type { ClientGroup } from '../fleet/group.ts'
import type { FaultSpec } from '../faults/registry.ts'
import type { Load } from '../producer/load.ts'
import type { RelaySettings } from '../targets/timing.ts'
import type { Stimulus } from '../stimuli/registry.ts'

/** No load in this phase. */
export const quiet: { readonly load: Partial<Load> } = { load: { recordsPerSecond: 0 } }

/** A replay buffer so large that nothing is evicted from what a scenario sends. */
export const retainsAll = {
  replayRecordsMax: 50_000,
  replayRecordsPerPartitionMax: 50_000,
} as const satisfies RelaySettings

/** A relay is to have ended a replay by then: in its own time, and a little to say so. */
export const answerLimitMs = (replayTimeoutMs: number): number => replayTimeoutMs + 2_000

/** Clients that join only when they are told to, and then want everything. */
export const latecomers = (count: number): ClientGroup => ({
  count,
  reads: 'fast',
  resume: 'earliest',
  joins: 'later',
})

/** While nothing is sent, the relay is started anew with values that no setting can have. */
export const restartedWith = (environment: Readonly<Record<string, string>>) =>
  ({ ms: 100, ...quiet, faults: [{ fault: 'restart-relay', environment }] }) as const

/** So many clients of a group join, or as many as it has. */
export const join = <const G extends string>(group: G, count?: number): Stimulus<G> => ({
  stimulus: 'connect',
  group,
  ...(count !== undefined && { count }),
})

/** All clients of a group leave politely. */
export const leave = <const G extends string>(group: G): Stimulus<G> => ({
  stimulus: 'disconnect',
  group,
  how: 'close',
})

/** Nothing reaches a group of clients, and the relay's writes feel it. */
export const stallClients = <const G extends string>(group: G): FaultSpec<G> => ({
  fault: 'stall',
  hop: 'clients',
  group,
})

/** Every client of a group sends so many pings at once, with as much payload as one may have. */
export const pings = <const G extends string>(group: G, each: number): Stimulus<G> => ({
  stimulus: 'pings',
  group,
  kind: 'native',
  each,
})

/** Every client of a group asks for all that can be replayed. */
export const resumeAll = <const G extends string>(group: G): Stimulus<G> => ({
  stimulus: 'resume',
  group,
  from: 'earliest',
})
