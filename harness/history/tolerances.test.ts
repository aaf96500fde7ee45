/** A tolerance that is narrower than what it must cover makes verdicts out of noise. */
import { expect, test } from 'vitest'
import { ownEvidence, samplingMs, tolerances, wayBytes } from './tolerances.ts'

const { health, metrics, lagTruth, alerts } = samplingMs
const memoryWindowMs = ownEvidence.samplesMin * samplingMs.memory

test.each([
  ['the edge of a window', tolerances.windowEdgeMicros / 1_000, 2 * health],
  ['two pages', tolerances.pagesApartMicros / 1_000, health + metrics],
  ['an age', tolerances.ageMs, health + metrics],
  ['a scrape behind a poll', tolerances.pollAndScrapeMicros / 1_000, metrics],
  ['a counter that rose', tolerances.riseSeenLateMs, 2 * metrics],
  ['a commit', tolerances.commitSeenLateMs, 2 * lagTruth],
  ['a change of an alert', tolerances.alertChangeSeenLateMs, 2 * 1_000 + alerts],
  ['the state of the group', tolerances.groupSampleMicros / 1_000, 2 * lagTruth],
  ['a wait for a processor', ownEvidence.waitedWindowMicros / 1_000, memoryWindowMs],
])('the tolerance of %s, %d ms, covers the samples in it, %d ms', (_, tolerated, between) => {
  expect(tolerated).toBeGreaterThanOrEqual(between)
})

test('more is owed to a client that proves a stall than lies on the way to it', () => {
  expect(wayBytes.reachesRelay).toBeGreaterThan(2 * wayBytes.swallowedMax)
})
