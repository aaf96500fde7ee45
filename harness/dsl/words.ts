/** Short forms of phases, groups, faults and stimuli that many scenarios use. */
import type { ClientGroup } from '../fleet/group.ts'
import type { FaultSpec } from '../faults/registry.ts'
import type { Load } from '../producer/load.ts'
import type { RelaySettings } from '../targets/timing.ts'
import { shortMinutes } from '../monitoring/short-form.ts'
import type { Stimulus } from '../stimuli/registry.ts'

export { shortMinutes }

/** No load in this phase. */
export const quiet: { readonly load: Partial<Load> } = { load: { recordsPerSecond: 0 } }

/** A replay buffer so large that nothing is evicted from what a scenario sends. */
export const retainsAll = {
  replayRecordsMax: 50_000,
  replayRecordsPerPartitionMax: 50_000,
} as const satisfies RelaySettings

/** The limit for a replay's answer: the relay's own timeout and 2 s to send it. */
export const answerLimitMs = (replayTimeoutMs: number): number => replayTimeoutMs + 2_000

/** Clients that join later and then ask for everything retained. */
export const latecomers = (count: number): ClientGroup => ({
  count,
  reads: 'fast',
  resume: 'earliest',
  joins: 'later',
})

/** The relay is restarted with raw environment values, also invalid ones, while nothing is sent. */
export const restartedWith = (environment: Readonly<Record<string, string>>) =>
  ({ ms: 100, ...quiet, faults: [{ fault: 'restart-relay', environment }] }) as const

/** `count` clients of a group join, or all of them. */
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

/** The link to a group stalls: the relay's writes meet TCP backpressure. */
export const stallClients = <const G extends string>(group: G): FaultSpec<G> => ({
  fault: 'stall',
  hop: 'clients',
  group,
})

/** Every client of a group sends `each` pings at once, with the largest payload allowed. */
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
