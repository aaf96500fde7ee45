/** What is counted over many nights. */
import { describe, expect, test } from 'vitest'
import type { NightEntry } from '../../reports/render/night.ts'
import { entryOf, nightOf } from './nights-testbed.ts'
import { flakesOf, trendOf } from './trend.ts'

type Verdicts = readonly NightEntry['outcome'][]

const nightsWith = (...all: Verdicts) =>
  all.map((outcome, day) => nightOf(day + 1, [entryOf({ outcome })]))
const tableOf = (title: string, nights: Parameters<typeof trendOf>[0]) =>
  trendOf(nights).machines[0]?.tables.find((one) => one.title === title)

describe('the pass rate', () => {
  test('counts what could not be judged as not passed, and leaves out what was not run', () => {
    const nights = nightsWith('pass', 'fail', 'unknown', 'not-run', 'not-applicable', 'pass')
    const [row] = tableOf('Scenarios', nights)?.rows ?? []
    expect(row).toMatchObject({ name: 'one', count: 2, of: 4 })
    expect(row?.strip).toEqual(nights.map(({ entries }) => entries[0]?.outcome))
    expect(row?.interval[0]).toBeCloseTo(0.15, 3)
  })

  test('of a finding is that of its worst scenario of each night', () => {
    const found = (verdict: 'pass' | 'fail', name: string) =>
      entryOf({ name, findings: [{ id: 'M-1034', verdict }] })
    const nights = [
      nightOf(1, [found('pass', 'a'), found('fail', 'b')]),
      nightOf(2, [found('pass', 'a'), found('pass', 'b')]),
      // What a defect fails by is no failure of the relay.
      nightOf(3, [{ ...found('fail', 'a'), part: 'defects' }]),
    ]
    const [row] = tableOf('Findings', nights)?.rows ?? []
    expect(row).toMatchObject({ name: 'M-1034', count: 1, of: 2 })
    expect(row?.strip).toEqual(['fail', 'pass', undefined])
    expect(row?.says).toContain('without')
  })
})

test('the time to detection is that of each defect: last, median, longest', () => {
  const caught = (detectedAfter: number) =>
    entryOf({ part: 'defects', name: 'd', detectedAfter })
  const nights = [4, 1, 2].map((seconds, day) => nightOf(day + 1, [caught(seconds)]))
  const [row] = tableOf('Defects', nights)?.rows ?? []
  expect(row?.numbers).toBe('2.0 s (median 2.0 s, longest 4.0 s)')
})

describe('a flake', () => {
  const flakes = (...all: Verdicts) => flakesOf(nightsWith(...all)).rows
  test('did not pass, and passed before and after', () => {
    const [all, one] = flakes('pass', 'fail', 'pass', 'not-run', 'unknown', 'pass', 'pass')
    expect(one).toMatchObject({ name: 'suite: one', count: 2, of: 4 })
    expect(all).toMatchObject({ name: 'all', count: 2, of: 4 })
  })

  test('is not what fails from then on, or failed until then', () => {
    expect(flakes('pass', 'fail', 'fail', 'pass')).toMatchObject([{ name: 'all', count: 0 }])
    expect(flakes('fail', 'pass', 'pass', 'fail')).toMatchObject([{ name: 'all', count: 0 }])
  })

  test('cannot be told of two nights, which is said', () => {
    const [machine] = trendOf(nightsWith('pass', 'fail')).machines
    expect(machine?.notes).toEqual(['Flakes cannot be told of fewer than 3 nights of a machine.'])
    expect(machine?.tables.map(({ title }) => title)).not.toContain('Flakes')
  })
})

test('nights of different machines stand apart; a kernel makes no other machine', () => {
  const [a] = nightsWith('pass')
  const night = a as NonNullable<typeof a>
  const other = { ...night, machine: { ...night.machine, cores: 2 } }
  const newer = { ...night, machine: { ...night.machine, kernel: '7' } }
  const { machines } = trendOf([night, other, newer])
  expect(machines.map(({ machine, nights }) => [machine, nights.length])).toEqual([
    ['4 cores of Some Processor, 16 GiB', 2],
    ['2 cores of Some Processor, 16 GiB', 1],
  ])
})

test('p99 and memory are compared with their own median, whatever else was run', () => {
  const of = (name: string, p99Ms: number) => entryOf({ name, p99Ms })
  const nights = [
    nightOf(1, [of('quick', 10)]),
    nightOf(2, [of('quick', 10), of('slow', 400)]),
    nightOf(3, [of('slow', 400)]),
    nightOf(4, [of('quick', 30), of('slow', 400)]),
  ]
  const charts = trendOf(nights).machines[0]?.groups[0]?.charts ?? []
  const chart = charts.find(({ title }) => title.startsWith('p99'))
  expect(chart?.series.find(({ name }) => name === 'highest')?.v).toEqual([1, 1, 1, 3])
})

test('two nights of a day are told apart', () => {
  const night = nightOf(1, [entryOf()])
  const labels = trendOf([night, night]).machines[0]?.nights.map(({ label }) => label)
  expect(labels).toEqual(['01-01', '01-01 (2)'])
})
