/** A relay that is known by its `/version` brings the times that it does not report. */
import { expect, test } from 'vitest'
import { timingOf } from './environment.ts'
import { knownRelayOf, knownRelays, timingOfKnown } from './known-relays.ts'

/** As DashFlow's relay answers. */
const dashflow = {
  git_sha: 'unknown',
  build_date: 'unknown',
  schema_version: 1,
  component: 'websocket-server',
  resume_namespace: 'v1_dG9waWM9dA',
  kafka_topic: 't',
  kafka_group_id: 'g',
  max_payload_bytes: 10_485_760,
  decode_error_policy: 'skip',
}

test("DashFlow's relay is recognised by what it reports of itself, and no other is", () => {
  expect(knownRelayOf(dashflow)?.name).toBe('dashflow')
  expect(knownRelayOf({})).toBeUndefined()
  expect(knownRelayOf({ ...dashflow, settings: { lagIntervalMs: 1_000 } })).toBeUndefined()
  expect(knownRelayOf({ ...dashflow, component: 'another' })).toBeUndefined()
})

test('what is fixed in it stays, and what can be set is as it was asked', () => {
  const asked = { healthWindowMs: 6_000, commitIntervalMs: 500, replayRecordsMax: 50_000 }
  const given = timingOfKnown(knownRelays[0]!, asked)
  expect(timingOf(asked, { told: {}, given })).toMatchObject({
    healthWindowMs: 120_000,
    commitIntervalMs: 5_000,
    kafkaSessionTimeoutMs: 45_000,
    ringRecordsMax: 1_024,
    replayRecordsMax: 50_000,
    pingIntervalMs: undefined,
  })
})
