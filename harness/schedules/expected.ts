/**
 * What the protocol promises under any faults, as expectations; `stream` comes by itself. What is
 * counted adds up, /health answers, live records do not notice Redis, replays end, a stop is
 * orderly, commits are exact, and no client that is gone holds a slot.
 */
import type { Expectation } from '../checkers/registry.ts'
import type { Expected } from '../dsl/scenario.ts'
import { effectsOf } from '../faults/registry.ts'
import type { Timing } from '../targets/timing.ts'
import type { Part } from './draw.ts'

/** How late a record may be while nothing but the replay buffer is broken. */
const redisDelayMs = 1_000
/** The longest answer of /health, while the run leaves the relay's process alone. */
const healthLimitMs = 1_000
/** What a relay may take to end: orchestrators wait for 30 s before they kill. */
const endLimitMs = 15_000

/** Expectations for a run of these parts. */
export function expectedOf(parts: readonly Part[], timing: Timing): Expected {
  const { replayTimeoutMs, sendTimeoutMs, commitIntervalMs = 5_000 } = timing
  const asking = ['staying', 'decoding', 'returning', 'newcomers'] as const
  const limitMs = replayTimeoutMs + 2 * sendTimeoutMs
  return {
    'own-14': [
      { check: 'counts-add-up', comparisonsMin: 3 },
      { check: 'answers-in-time', limitMs: healthLimitMs, pollsMin: 20 },
      { check: 'replays-answered', groups: asking, limitMs, replaysMin: 1, recordsMin: 1 },
      ...liveThrough(parts),
      { check: 'commits-next-offset', phase: 'quiet', commitIntervalMs },
      { check: 'new-clients-accepted', probe: 'probe', before: 'room', after: 'slots' },
      { check: 'clients-counted', phase: 'quiet' },
      { check: 'shutdown-completes', limitMs: endLimitMs, groups: ['staying'], timesMin: 1 },
    ],
  }
}

/** Live delivery does not notice what happens to Redis, in the parts that break nothing else. */
function liveThrough(parts: readonly Part[]): Expectation[] {
  const phases = parts
    .filter((part) => 'fault' in part && effectsOf(part.fault).on === 'redis')
    .map(({ number }) => `part-${number}`)
  if (phases.length === 0) return []
  const least = { limitMs: redisDelayMs, deliveriesMin: 20 } as const
  const check = 'delivered-in-time'
  return [{ check, groups: ['staying'], phases, before: 'traffic', ...least }]
}
