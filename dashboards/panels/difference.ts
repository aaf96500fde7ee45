/** The runs as one table of numbers, and each against a baseline. */
import { comparedTo, max, queriesOf, sum, type Query } from '../kit/query.ts'
import type { Ask, Panels } from '../kit/panel.ts'
import { tables } from '../metrics/tables.ts'

const { relay, run } = tables
const p99 = { quantile: '0.99', path: 'live' } as const
const median = { quantile: '0.5', path: 'live' } as const

/** A number of the whole run, of the runs that a variable chooses. */
type Measure = (chosen: ReturnType<typeof queriesOf>, by: readonly 'run'[]) => Query<'run'>

const measures = {
  produced: (of, by) => sum(of.growth(run.recordsAcked), by),
  delivered: (of, by) => sum(of.growth(run.deliveries), by),
  'latency p50, mean': (of, by) => max(of.meanOverTime(run.deliveryLatency, median), by),
  'latency p99, mean': (of, by) => max(of.meanOverTime(run.deliveryLatency, p99), by),
  'latency p99, peak': (of, by) => max(of.peak(run.deliveryLatency, p99), by),
  'lag of a partition, peak': (of, by) => max(of.peak(relay.consumerLag), by),
  'RSS, peak': (of, by) => max(of.peak(run.residentMemory, { role: 'relay' }), by),
  'CPU time': (of, by) => sum(of.growth(run.cpuTime, { role: 'relay' }), by),
  missed: (of, by) => sum(of.growth(relay.dropped), by),
  'connections ended': (of, by) => sum(of.growth(run.clientsClosed), by),
} as const satisfies Readonly<Record<string, Measure>>
type Name = keyof typeof measures

const [runs, baseline] = [queriesOf({ run: '$run' }), queriesOf({ run: '$baseline' })]
const sometimes = 'either, because a run may end before a connection does'

const total = (name: Name): Ask => ({
  query: measures[name](runs, ['run']),
  legend: name,
  expect: name === 'connections ended' ? sometimes : 'data',
})

/** What is 0 in most runs has no ratio, so it is in the first table only. */
const difference = (name: Name): Ask => ({
  query: comparedTo(measures[name](runs, ['run']), measures[name](baseline, [])),
  legend: name,
  expect: 'data',
})

export const differencePanels = {
  totals: {
    id: 40,
    kind: 'table',
    title: 'Each run in numbers',
    shows: 'Over all that is shown: sums, means and peaks.',
    todo: 'Choose the whole run as the time range, or the fault window to see only that.',
    width: 24,
    rowLabel: 'run',
    asks: [
      total('produced'),
      total('delivered'),
      total('latency p50, mean'),
      total('latency p99, mean'),
      total('latency p99, peak'),
      total('lag of a partition, peak'),
      total('RSS, peak'),
      total('CPU time'),
      total('missed'),
      total('connections ended'),
    ],
  },
  difference: {
    id: 41,
    kind: 'table',
    title: 'Difference to the baseline',
    shows: 'How much more or less than the baseline run: 0 % is equal.',
    todo:
      'One pair of runs is no proof: two equal runs differ by some percent too. Repeat both in ' +
      'turn before calling a difference a regression.',
    width: 24,
    unit: 'percentunit',
    rowLabel: 'run',
    asks: [
      difference('produced'),
      difference('delivered'),
      difference('latency p50, mean'),
      difference('latency p99, mean'),
      difference('latency p99, peak'),
      difference('RSS, peak'),
      difference('CPU time'),
    ],
  },
} as const satisfies Panels
