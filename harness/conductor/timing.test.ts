/** Whose word counts for the times of a run: the target's, the user's, what is known of a relay. */
import { expect, test } from 'vitest'
import { scenario } from '../dsl/scenario.ts'
import type { TargetSpec } from '../targets/registry.ts'
import { timingFor, valuesOf } from './timing.ts'

const small = scenario({
  name: 'small',
  claim: 'It is.',
  suites: [],
  topic: { partitions: 1 },
  relay: { lagIntervalMs: 1_000, commitIntervalMs: 500, kafkaSessionTimeoutMs: 6_000 },
  load: { recordsPerSecond: 1, payloadBytes: 1, threads: 1 },
  fleet: {},
  phases: () => [],
  expect: () => ({}),
})
const timed = (target: TargetSpec, version: Record<string, unknown>) =>
  timingFor({ target, scenario: small }, version)
/** What DashFlow's relay says of itself. */
const dashflow = {
  component: 'websocket-server',
  schema_version: 1,
  decode_error_policy: 'skip',
}
const command = { kind: 'command', command: 'relay' } as const

test('what a target reports counts before all else', () => {
  const settings = { commitIntervalMs: 700 }
  const { commitIntervalMs } = timed({ ...command, known: { commitIntervalMs: 9 } }, { settings })
  expect(commitIntervalMs).toEqual({ value: 700, source: 'reported' })
})

test('what a known relay does counts before what it was asked for, the user before both', () => {
  const known = timed(command, dashflow)
  expect(known.commitIntervalMs).toEqual({ value: 5_000, source: 'given' })
  expect(known.kafkaSessionTimeoutMs).toEqual({ value: 45_000, source: 'given' })
  expect(known.lagIntervalMs).toEqual({ value: 1_000, source: 'asked' })
  const told = timed({ ...command, known: { commitIntervalMs: 800 } }, dashflow)
  expect(told.commitIntervalMs).toEqual({ value: 800, source: 'given' })
})

test('of an unknown relay, nothing of ours is assumed', () => {
  const values = valuesOf(timed(command, {}))
  expect(values).toMatchObject({ commitIntervalMs: undefined, kafkaSessionTimeoutMs: undefined })
})

test('a relay that runs already was asked for nothing', () => {
  const { lagIntervalMs } = timed({ kind: 'url', url: 'http://h' }, {})
  expect(lagIntervalMs).toEqual({ value: 10_000, source: 'contract' })
})
