import { expect, test } from 'vitest'
import { judge, refusal } from './judge.ts'
import { benchLoads } from './loads.ts'
import type { Measurement } from './measure.ts'

const sound: Measurement = {
  deliveries: 1_600_000,
  seconds: 8,
  cpuSeconds: 2,
  readersCpuSeconds: 3,
  sent: 16_000,
  promised: 16_000,
  p50: 5,
  p99: 16,
  p999: 30,
  backgroundTurns: 0,
  lost: 0,
  others: 0,
  closed: 0,
  rssBytes: 1,
  connectionBytes: 1,
}

test('a load that was not sent as promised is no result', () => {
  expect(refusal(benchLoads.busy, sound)).toBeUndefined()
  expect(refusal(benchLoads.busy, { ...sound, sent: 15_000 })).toContain('15000 of 16000')
})

test('a latency that busy readers make is no result', () => {
  expect(refusal(benchLoads.busy, { ...sound, readersCpuSeconds: 7.9 })).toContain('99 %')
})

test('background load that was asked for must have gone on', () => {
  expect(refusal(benchLoads.stalled, sound)).toContain('no stalled client')
  expect(refusal(benchLoads.resume, sound)).toContain('no replay')
  expect(refusal(benchLoads.stalled, { ...sound, backgroundTurns: 1 })).toBeUndefined()
})

test('every goal is held against the relay', () => {
  const judged = judge(benchLoads.busy, sound, { ...sound, cpuSeconds: 10 })
  expect(judged.map(({ isMet }) => isMet)).toEqual([true, false, true, false])
  const without = { ...sound, p99: 15 }
  const [ratio] = judge(benchLoads.stalled, { ...sound, without }, sound)
  expect(ratio?.isMet).toBe(true)
})

test('a latency that the host may have made is not held against the relay', () => {
  const machineOf = (stolen: number) => ({ machine: { all: 100, busy: 60, stolen } })
  const [, , , quiet] = judge(benchLoads.busy, { ...sound, ...machineOf(2) }, sound)
  const [work, , p50, p99] = judge(benchLoads.busy, { ...sound, ...machineOf(3) }, sound)
  expect(quiet?.isMet).toBe(false)
  expect([work, p50, p99].map((one) => one?.isMet)).toEqual([true, true, undefined])
})

test('a ratio of two times stays open even if it looks good, if either was disturbed', () => {
  const disturbed = { ...sound, machine: { all: 100, busy: 60, stolen: 3 } }
  const ratioOf = (one: Measurement) => judge(benchLoads.stalled, one, sound)[0]?.isMet
  expect(ratioOf({ ...sound, without: sound })).toBe(true)
  expect(ratioOf({ ...disturbed, without: sound })).toBeUndefined()
  expect(ratioOf({ ...sound, without: disturbed })).toBeUndefined()
})
