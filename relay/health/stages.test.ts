/** Ages of stages: never, just now, and as long ago as it was, in a scrape. */
import { expect, test } from 'vitest'
import { createMetrics } from '../metrics/metrics.ts'
import { ManualClock } from '../world/manual-clock-testbed.ts'
import { referenceAges } from './ages.ts'
import { type StageCounts, Stages } from './stages.ts'

const names = ['consume', 'decode', 'broadcast', 'send', 'redis_write', 'dlq', 'commit'] as const

function bench() {
  const counted = new Map<string, number>()
  const clock = new ManualClock()
  const counts = Object.fromEntries(
    names.map((name) => [name, () => counted.get(name) ?? 0]),
  ) as unknown as StageCounts
  const metrics = createMetrics(false)
  new Stages(clock, counts).export(metrics, referenceAges)
  const lines = async (metric: string) => {
    const text = await metrics.scrape.text()
    return text.split('\n').filter((line) => line.startsWith(`${metric}{`))
  }
  return { clock, counted, lines }
}

test('a stage that never did anything says so', async () => {
  const { clock, lines } = bench()
  clock.advance(5_000)
  const wanted = names.map((stage) => `relay_stage_age_seconds{stage="${stage}"} -1`)
  expect(await lines('relay_stage_age_seconds')).toEqual(wanted)
  expect(await lines('relay_stage_timestamp_seconds')).toEqual([])
})

test('an age begins with the work and grows until there is more of it', async () => {
  const { clock, counted, lines } = bench()
  const age = async (stage: string) => {
    const all = await lines('relay_stage_age_seconds')
    return Number(all.find((line) => line.includes(`"${stage}"`))?.split(' ')[1])
  }
  counted.set('send', 5)
  expect(await age('send')).toBe(0)
  const [stamp] = await lines('relay_stage_timestamp_seconds')
  expect(stamp).toBe(`relay_stage_timestamp_seconds{stage="send"} ${clock.unixMs() / 1_000}`)
  clock.advance(2_500)
  counted.set('decode', 1)
  expect(await age('send')).toBe(2.5)
  expect(await age('decode')).toBe(0)
  expect(await lines('relay_stage_timestamp_seconds')).toContain(stamp)
  // Without a scrape: activity is noticed within the second.
  counted.set('send', 6)
  clock.advance(10_000)
  expect(await age('send')).toBeLessThanOrEqual(10)
  expect(await age('send')).toBeGreaterThanOrEqual(9)
  expect(await age('decode')).toBe(10)
})
