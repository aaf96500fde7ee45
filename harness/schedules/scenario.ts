/**
 * Makes an ordinary scenario of a schedule: traffic, then part after part, each followed by time to
 * recover, in the end quiet and a clean stop. What must hold is what the protocol promises under
 * any faults, so it does not depend on what was drawn.
 */
import type { PhaseSpec, Scenario } from '../dsl/scenario.ts'
import { join, leave, quiet, retainsAll } from '../dsl/words.ts'
import { effectsOf, type FaultSpec } from '../faults/registry.ts'
import type { Stimulus } from '../stimuli/registry.ts'
import { connectionsMax, fleet, guests, passing, type RandomGroup } from './clients.ts'
import type { Part, Schedule } from './draw.ts'
import { expectedOf } from './expected.ts'

/** Short windows: what takes a minute in production takes seconds here. */
const relay = {
  kafkaRequestTimeoutMs: 2_000,
  kafkaSessionTimeoutMs: 6_000,
  kafkaHeartbeatMs: 500,
  commitIntervalMs: 500,
  lagIntervalMs: 1_000,
  redisTimeoutMs: 500,
  sendTimeoutMs: 3_000,
  replayTimeoutMs: 5_000,
  ringRecordsMax: 512,
  replayMemoryRecordsMax: 200,
  ...retainsAll,
  connectionsPerIpMax: connectionsMax,
  lagDisconnectRecords: 0,
  resumeGraceMs: 1_000,
} as const
/** So many bytes that who reads slowly is lapped; so few records that two cores bear all else. */
const load = { recordsPerSecond: 150, payloadBytes: 6_144, threads: 12 } as const
/** How long a relay may take until those who stay have everything again. */
const recoveryMs = 25_000
/** Between two parts, so that the cost of one is distinguishable from that of the next. */
const pauseMs = 700

/** The scenario of a schedule, with these of its parts; default is all of them. */
export function scenarioOf(schedule: Schedule, kept?: readonly number[]): Scenario {
  const { index, parts: all } = schedule
  const parts = kept === undefined ? all : all.filter(({ number }) => kept.includes(number))
  const isWhole = parts.length === all.length
  const some = isWhole ? '' : `-parts-${parts.map(({ number }) => number).join('-')}`
  return {
    name: `random-${index}${some}`,
    claim: `The protocol's invariants hold through ${sayParts(schedule, kept)}.`,
    suites: [],
    topic: { partitions: 3 },
    relay,
    load,
    fleet,
    phases: ({ commitIntervalMs: every = 5_000 }) => [
      { name: 'room', ms: 400, ...quiet, stimuli: [join('probe')] },
      { name: 'traffic', ms: 1_500, prelude: [leave('probe'), ...passing.map((one) => join(one))] },
      ...parts.flatMap(phasesOf),
      { name: 'quiet', ms: 3_000 + 2 * every, ...quiet, prelude: passing.map(vanish) },
      { name: 'slots', ms: 400, ...quiet, stimuli: [join('probe')] },
      { name: 'stopped', ms: 100, ...quiet, prelude: [leave('probe')], faults: [stop] },
      { name: 'back', ms: 500, ...quiet },
    ],
    expect: (timing) => expectedOf(parts, timing),
  }
}

/** By a reset: who reads slowly sees late that its goodbye was answered, and seems to be there. */
const vanish = (group: RandomGroup): Stimulus => ({ stimulus: 'disconnect', group, how: 'reset' })

const stop = { fault: 'restart-relay' } as const

/** These parts of a schedule in words, such as "2 cut (redis); 4 malformed"; default is all. */
export const sayParts = ({ parts }: Schedule, kept?: readonly number[]): string =>
  parts
    .filter(({ number }) => kept?.includes(number) ?? true)
    .map(sayPart)
    .join('; ')

function sayPart(part: Part): string {
  const { number } = part
  if ('fault' in part) {
    const { on, group } = effectsOf(part.fault)
    return `${number} ${part.fault.fault} (${group === undefined ? on : `${on} ${group}`})`
  }
  const { stimulus } = part
  return `${number} ${stimulus.stimulus}${'group' in stimulus ? ` (${stimulus.group})` : ''}`
}

/** A part while it lasts, and the time to recover from it. */
function phasesOf(part: Part): PhaseSpec[] {
  const { number, ms } = part
  const recovery = { name: `recovery-${number}`, ms: pauseMs, awaitsArrivalMs: recoveryMs } as const
  if ('fault' in part) {
    return [{ name: phaseOf(part), ms, faults: [part.fault] as readonly FaultSpec[] }, recovery]
  }
  const { before, during, after } = momentsOf(part.stimulus)
  return [
    { name: phaseOf(part), ms, prelude: before, stimuli: during },
    { ...recovery, prelude: after },
  ]
}

/** The phase in which a part comes. */
export const phaseOf = ({ number }: Part): string => `part-${number}`

interface Moments {
  readonly before: readonly Stimulus[]
  readonly during: readonly Stimulus[]
  readonly after: readonly Stimulus[]
}

/** Guests join before what they do and leave after it; clients that were sent away come back. */
function momentsOf(stimulus: Stimulus): Moments {
  const group = 'group' in stimulus ? (stimulus.group as RandomGroup) : undefined
  const during = [stimulus]
  if (stimulus.stimulus === 'disconnect') {
    return { before: [], during, after: [join(stimulus.group)] }
  }
  if (group === undefined || !guests.includes(group)) return { before: [], during, after: [] }
  const before = stimulus.stimulus === 'connect' ? [] : [join(group)]
  return { before, during, after: [group === 'hostile' ? vanish(group) : leave(group)] }
}
