/** Plans: times follow the target, loads are merged, every run judges its stream. */
import { describe, expect, test } from 'vitest'
import { scenarios } from '../../scenarios/index.ts'
import { expectationSchema } from '../checkers/registry.ts'
import { scenario } from '../dsl/scenario.ts'
import type { RelaySettings } from '../targets/timing.ts'
import { join, quiet, stallClients } from '../dsl/words.ts'
import { allMalformedKinds, kindsOf } from '../records/malformed.ts'
import { timingOf } from '../targets/environment.ts'
import { groupsAtStart, planOf, streamFinding } from './plan.ts'

const small = (relay: RelaySettings = {}) =>
  scenario({
    name: 'small',
    claim: 'Records arrive.',
    suites: [],
    topic: { partitions: 1 },
    relay,
    load: { recordsPerSecond: 100, payloadBytes: 512, threads: 4 },
    fleet: {
      readers: { count: 2, reads: 'fast' },
      late: { count: 1, reads: 'fast', joins: 'later' },
    },
    phases: ({ healthWindowMs }) => [
      { name: 'window', ms: healthWindowMs, prelude: [join('late')], load: { payloadBytes: 64 } },
      { name: 'silence', ms: 1_000, ...quiet, faults: [stallClients('late')] },
    ],
    expect: ({ healthWindowMs }) => ({
      'M-1041': [
        {
          check: 'alert-clears',
          trouble: 'droppedTotal',
          phase: 'window',
          windowMs: healthWindowMs,
          slackMs: 1,
        },
      ],
    }),
  })

const planned = (relay: RelaySettings, told: Record<string, unknown> = {}) =>
  planOf(small(relay), timingOf(relay, { told }))

const streamOf = (relay: RelaySettings) =>
  planned(relay).expectations.find(({ finding }) => finding === streamFinding)?.expectation

describe('a plan', () => {
  test('has the times of the target, also in what it expects', () => {
    for (const windowMs of [6_000, 120_000]) {
      const { phases, expectations } = planned({}, { healthWindowMs: windowMs })
      expect(phases.map(({ ms }) => ms)).toEqual([windowMs, 1_000])
      expect(expectations[0]?.expectation).toMatchObject({ windowMs })
    }
  })

  test('merges a phase’s load into the scenario’s, and fills in what is not said', () => {
    const { phases } = planned({})
    expect(phases[0]).toMatchObject({
      load: { recordsPerSecond: 100, payloadBytes: 64, threads: 4 },
      prelude: [{ stimulus: 'connect', group: 'late' }],
      faults: [],
      stimuli: [],
    })
    expect(phases[1]?.load).toEqual({ recordsPerSecond: 0, payloadBytes: 512, threads: 4 })
  })

  test('judges the stream, which owes nothing behind a partition that is set to halt', () => {
    expect(streamOf({})).toEqual({ check: 'stream' })
    const halting = streamOf({ kafkaOnDecodeError: 'pause' })
    expect(halting).toEqual({ check: 'stream', haltsAtPoison: true })
  })

  test('gives the stream checker what is known of the target and which groups read slowly', () => {
    const kafkaSessionTimeoutMs = 9_000
    const kept = { replayRecordsMax: 500, ringRecordsMax: 1_000 }
    const told = {
      kafkaSessionTimeoutMs,
      commitIntervalMs: 10_000,
      replayTimeoutMs: 20_000,
      ...kept,
    }
    const streamIn = (name: keyof typeof scenarios, known = {}) =>
      planOf(scenarios[name], timingOf({}, { told: known })).expectations.find(
        ({ finding }) => finding === streamFinding,
      )?.expectation
    expect(streamIn('replays-end-in-time')).toMatchObject({ slowGroups: ['slow'] })
    expect(streamIn('restarts-lose-nothing', told)).toEqual({
      check: 'stream',
      stalledMs: 30_000,
      replayRecordsMax: 500,
      replayTimeoutMs: 20_000,
      retainedRecords: 50_000,
      ringRecordsMax: 1_000,
      sessionTimeoutMs: 9_000,
    })
    const ofContract = { replayTimeoutMs: 30_000, retainedRecords: 50_000 }
    expect(streamIn('restarts-lose-nothing')).toEqual({ check: 'stream', ...ofContract })
  })

  test('judges no stream of clients that say what no honest client says', () => {
    const { expectations } = planOf(
      scenarios['hostile-frames-are-contained'],
      timingOf({}, { told: {} }),
    )
    const stream = expectations.find(({ finding }) => finding === streamFinding)?.expectation
    expect(stream).toEqual({ check: 'stream', groups: ['readers', 'probe'] })
  })

  test('of every scenario can be stored and judged again', () => {
    for (const one of Object.values(scenarios)) {
      const { phases, expectations } = planOf(one, timingOf(one.relay, { told: {} }))
      expect(phases.every(({ ms }) => Number.isFinite(ms) && ms > 0)).toBe(true)
      for (const { expectation } of expectations) {
        const stored: unknown = JSON.parse(JSON.stringify(expectation))
        expect(expectationSchema.parse(stored)).toEqual(expectation)
      }
    }
  })
})

test('groups that join later are not there at the start', () => {
  expect(groupsAtStart(small()).map(([name]) => name)).toEqual(['readers'])
})

test('all malformed kinds are all that there are', () => {
  expect(kindsOf('all')).toEqual(allMalformedKinds)
  expect(kindsOf(['empty-value'])).toEqual(['empty-value'])
})
