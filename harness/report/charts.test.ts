/** Charts of every run: rates by bins, what is open, and nothing where nothing was seen. */
import * as fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { story } from '../history/story-testbed.ts'
import { standardCharts } from './charts.ts'
import { Bins } from './bins.ts'

const total = (counts: readonly number[]) => counts.reduce((sum, one) => sum + one, 0)

describe('a rate', () => {
  test('counts everything that lies within, once', () => {
    const point = fc.tuple(fc.integer({ min: -50, max: 1_200 }), fc.integer({ min: 0, max: 9 }))
    fc.assert(
      fc.property(fc.array(point), fc.integer({ min: 1, max: 400 }), (points, width) => {
        const bins = new Bins(1_000, width)
        for (const [at, count] of points) bins.add(at, count)
        const span = Math.ceil(1_000 / width) * width
        const within = points.filter(([at]) => at >= 0 && at < span)
        expect(total(bins.sums)).toBe(total(within.map(([, count]) => count)))
        expect(bins.middles.every((at, bin) => Math.floor(at / width) === bin)).toBe(true)
      }),
    )
  })

  test('of no time has no bins', () => {
    const bins = new Bins(0, 10)
    bins.add(0, 1)
    expect([bins.middles, bins.sums]).toEqual([[], []])
  })
})

const firstWord = (title: string) => title.split(/[ :]/)[0]
const highest = (v: readonly (number | null)[] = []) => Math.max(...v.map((one) => one ?? 0))
const run = () =>
  story()
    .opened(0, 1)
    .opened(0, 2)
    .acked(1, 0, 0, 100)
    .delivered(1.2, 1, 0, 0, 100)
    .delivered(1.2, 2, 0, 0, 100)
    .closed(3, 2)
    .memory(1, 5e7)
    .phase('settle', 3, 4)
    .history()

describe('the charts of a run', () => {
  const charts = new Map(standardCharts(run()).map((chart) => [firstWord(chart.title), chart]))

  test('give deliveries per client of a group, beside what was produced', () => {
    const [produced, readers] = charts.get('Records')?.series ?? []
    expect([highest(produced?.v), highest(readers?.v)]).toEqual([200, 200])
  })

  test('say nothing of latency where nothing arrived', () => {
    const p50 = charts.get('Latency')?.series[0]
    const known = p50?.v.filter((one) => one !== null) ?? []
    expect(known).toHaveLength(1)
    expect(known[0]).toBeCloseTo(210, -1)
  })

  test('show who was really open, edge by edge', () => {
    const open = charts.get('Connected')?.series[1]
    expect(Math.max(...(open?.v.map((one) => one ?? 0) ?? []))).toBe(2)
    expect(open?.v.at(-1)).toBe(0)
  })

  test.each([4, 400])('take each delivery up once for each chart, in %i s as well', (until) => {
    const history = story()
      .opened(0, 1)
      .acked(1, 0, 0, 100)
      .delivered(1.2, 1, 0, 0, 100, { over: until - 2 })
      .phase('settle', 2, until)
      .history()
    const walks = vi.spyOn(history.stream().deliveries.get(1)!, 'eachArrival')
    standardCharts(history)
    expect(walks).toHaveBeenCalledTimes(2)
  })

  test('are none for a history of nothing', () => {
    expect(standardCharts(story().history())).toEqual([])
  })
})
