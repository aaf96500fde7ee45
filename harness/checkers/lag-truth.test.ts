import { story, type Story } from '../history/story.ts'
import { lagTruth } from './lag-truth.ts'
import { cannotTell, fails, judgeCases, passes } from './testbed.ts'

type Gauge = (t: number, partition: number) => number | null

const rate = 50
const series = (partition: number) => `websocket_kafka_consumer_lag{partition="${partition}"}`

/**
 * Two partitions, 50 records a second each, delivered at once; a rival holds partition 1 from 10 to
 * 20 s, and what piled up is caught up with by 22 s. Truth every second, a scrape every half.
 */
function rebalanced(gauge: Gauge, isMoved = true): Story {
  const told = story().opened(0, 1)
  const isAway = (t: number, partition: number) =>
    isMoved && partition === 1 && t >= 10 && t < 20
  for (let t = 0; t <= 32; t += 1) {
    told.acked(t, 0, t * rate, rate).acked(t, 1, t * rate, rate)
    told.delivered(t, 1, 0, t * rate, rate)
    if (!isMoved || t < 10 || t > 21) told.delivered(t, 1, 1, t * rate, rate)
    if (isMoved && t === 21) told.delivered(t, 1, 1, 10 * rate, 12 * rate)
    const end = (t + 1) * rate
    const committed = isMoved && t >= 10 && t < 21 ? 10 * rate : end
    told.lagtruth(t, {
      0: [0, end, end, true],
      1: [0, end, committed, !isAway(t, 1)],
    })
  }
  for (let t = 0; t <= 31; t += 0.5) {
    told.scrape(t, { [series(0)]: gauge(t, 0), [series(1)]: gauge(t, 1) })
  }
  if (isMoved) told.broken(9.8, 20, { fault: 'rebalance' })
  return told.phase('traffic', 4, 9).phase('rebalance', 10, 20).phase('reassigned', 20, 30)
}

const right: Gauge = (t, partition) => (partition === 1 && t >= 10.5 && t < 21 ? null : 20)

/** One partition that nobody takes from 10 s on, at offset 500, while records go on. */
function stuck(gauge: (t: number) => number | null, isStuck = true): Story {
  const told = story().opened(0, 1).phase('stuck', 10, 20)
  for (let t = 0; t <= 22; t += 1) {
    told.acked(t, 0, t * rate, rate)
    const isTaken = !isStuck || t < 10
    if (isTaken) told.delivered(t, 1, 0, t * rate, rate)
    told.lagtruth(t, { 0: [0, (t + 1) * rate, isTaken ? (t + 1) * rate : 500, true] })
  }
  for (let t = 0; t <= 21; t += 0.5) told.scrape(t, { [series(0)]: gauge(t) })
  return told
}

/** What a monitor that polls every second says of the stuck partition. */
const growing = (t: number) => Math.max(0, (Math.floor(t) + 1) * rate - 500)

judgeCases(
  'lag-truth across a rebalance',
  lagTruth,
  { phases: ['traffic', 'rebalance', 'reassigned'], intervalMs: 1_000, commitIntervalMs: 500 },
  [
    ...passes(
      'true',
      ['gone while away, right before and after', rebalanced(right)],
      ['no rebalance at all', rebalanced(() => 20, false)],
    ),
    ...fails('revoked-series-kept', [
      'the last value stays',
      rebalanced((t, partition) => (partition === 1 && t > 10 && t < 21 ? 400 : 20)),
    ]),
    ...fails('revoked-series-kept', [
      'a zero stays',
      rebalanced((t, partition) => (partition === 1 && t > 10 && t < 21 ? 0 : 20)),
    ]),
    ...fails('wrong', [
      'a stale value after it came back',
      rebalanced((t, partition) => (partition === 1 && t >= 21 ? 900 : right(t, partition))),
    ]),
    ...fails('missing', [
      'never told again',
      rebalanced((t, partition) => (partition === 1 && t >= 10.5 ? null : 20)),
    ]),
    ...fails('missing', ['no gauge', rebalanced(() => null)]),
    ...fails('negative', [
      'less than nothing',
      rebalanced((t, partition) => (t === 6 ? -1 : right(t, partition))),
    ]),
    ...cannotTell('nothing-moved', [
      'nothing moved',
      rebalanced(() => 20, false).broken(9.8, 20, { fault: 'rebalance' }),
      { phases: ['rebalance'] },
    ]),
    ...cannotTell('no-truth', [
      'nobody asked',
      story().phase('traffic', 1, 2).phase('rebalance', 2, 3).phase('reassigned', 3, 4),
    ]),
    ...cannotTell('no-phase', ['no such phases', story()]),
  ],
)

judgeCases(
  'lag-truth of a stuck partition',
  lagTruth,
  { phases: ['stuck'], stuck: 'stuck', intervalMs: 1_000, commitIntervalMs: 500 },
  [
    ...passes('true', ['it shows', stuck(growing)]),
    ...fails('stuck-hidden', ['zeroed', stuck((t) => (t < 13 ? growing(t) : 0))]),
    ...fails('stuck-hidden', ['frozen', stuck((t) => growing(Math.min(t, 11)))]),
    ...fails('wrong', ['too high', stuck((t) => growing(t) + 500)]),
    ...fails('missing', ['gone', stuck((t) => (t < 13 ? growing(t) : null))]),
    ...cannotTell('not-stuck', ['it was not stuck', stuck(() => 20, false)]),
  ],
)
