import { story, type Story } from '../history/story-testbed.ts'
import { lagTruth } from './lag-truth.ts'
import { cannotTell, fails, judgeCases, passes } from './checker-testbed.ts'

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

/** One partition that is not read from 10 s on, at offset 500, while records go on. */
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

/** One partition that is read as fast as it is written, 100 records behind. */
function trailing(): Story {
  const told = story().opened(0, 1).phase('stuck', 10, 20)
  for (let t = 0; t <= 22; t += 1) {
    told.acked(t, 0, t * rate, rate)
    const taken = Math.max(0, (t + 1) * rate - 100)
    if (taken > 0) told.delivered(t, 1, 0, taken - rate, rate)
    told.lagtruth(t, { 0: [0, (t + 1) * rate, taken, true] })
  }
  for (let t = 0; t <= 21; t += 0.5) told.scrape(t, { [series(0)]: 100 })
  return told
}

/** One partition, held by another consumer all the time. */
function away(): Story {
  const told = story().opened(0, 1).phase('traffic', 4, 9)
  for (let t = 0; t <= 12; t += 1) {
    told.acked(t, 0, t * rate, rate).lagtruth(t, { 0: [0, (t + 1) * rate, t * rate, false] })
    told.scrape(t, { [series(0)]: null, up: 1 })
  }
  return told
}

/** What a monitor that polls every second says of the stuck partition. */
const growing = (t: number) => Math.max(0, (Math.floor(t) + 1) * rate - 500)

/**
 * One partition that falls 4,000 records behind from 10 to 20 s, and another time from 30 to 40 s,
 * each time by a burst; in between it is taken as it comes.
 */
function bursts(gauge: (t: number) => number | null): Story {
  const told = story().opened(0, 1)
  let end = 0
  let taken = 0
  for (let t = 0; t <= 52; t += 1) {
    const more = t === 12 || t === 32 ? 4_000 : rate
    told.acked(t, 0, end, more)
    end += more
    const isHeld = (t >= 10 && t < 20) || (t >= 30 && t < 40)
    if (!isHeld) {
      told.delivered(t, 1, 0, taken, end - taken)
      taken = end
    }
    told.lagtruth(t, { 0: [0, end, taken, true] })
  }
  for (let t = 0; t <= 51; t += 0.5) told.scrape(t, { [series(0)]: gauge(t) })
  for (const [begin, name] of [[4, 'traffic'], [10, 'behind'], [20, 'between']] as const) {
    told.phase(name, begin, begin + (name === 'traffic' ? 6 : 10))
  }
  return told.phase('behind-again', 30, 40).phase('after', 40, 50)
}

/** What a monitor that polls every second says of it. */
const following = (t: number) => {
  const [begin, burst] = t < 30 ? [10, 12] : [30, 32]
  const isHeld = t >= begin && t < begin + 10
  if (!isHeld) return 0
  const seconds = Math.floor(t)
  return (seconds - begin + 1) * rate + (seconds >= burst ? 4_000 - rate : 0)
}

judgeCases(
  'lag-truth of a lag that rises and falls',
  lagTruth,
  {
    about: 'lag',
    phases: ['traffic', 'behind', 'between', 'behind-again', 'after'],
    behind: ['behind', 'behind-again'],
    intervalMs: 1_000,
  },
  [
    ...passes('true', ['it is followed', bursts(following)]),
    ...passes('true', [
      'polls that fail while the way to Kafka is cut excuse an old value',
      bursts((t) => (t >= 13.5 && t < 16 ? 50 : following(t)))
        .broken(11, 17, { fault: 'cut', hop: 'kafka' })
        .scrape(12.9, { websocket_kafka_lag_poll_failures_total: 0 })
        .scrape(13.4, { websocket_kafka_lag_poll_failures_total: 1 })
        .scrape(14.4, { websocket_kafka_lag_poll_failures_total: 2 })
        .scrape(15.4, { websocket_kafka_lag_poll_failures_total: 3 }),
    ]),
    ...fails(
      'gauge-frozen',
      ['it says 0 all the time', bursts(() => 0)],
      ['it says 60 all the time', bursts(() => 60)],
      ['it says 4,000 all the time', bursts(() => 4_000)],
    ),
    ...fails(
      'wrong',
      ['it never falls again', bursts((t) => (t < 20 ? following(t) : 4_000))],
      ['it tells half of it', bursts((t) => following(t) / 2)],
      [
        'its own word that polls fail is no excuse where nothing is broken',
        bursts((t) => (t >= 15 && t < 20 ? 50 + (t % 2) : following(t))).scrape(15.6, {
          websocket_kafka_lag_poll_failures_total: 9,
        }),
      ],
    ),
    ...cannotTell('other-mistake', [
      'it is zeroed where nothing is taken, which is another finding',
      bursts((t) => (t % 10 > 5 && following(t) > 300 ? 0 : following(t))),
    ]),
    ...cannotTell('not-behind', [
      'there was no lag to speak of',
      rebalanced(() => 20, false),
      { phases: ['traffic'], behind: ['traffic'] },
    ]),
  ],
)

judgeCases(
  'lag-truth across a rebalance',
  lagTruth,
  { about: 'lag', phases: ['traffic', 'rebalance', 'reassigned'], intervalMs: 1_000 },
  [
    ...passes(
      'true',
      ['gone while away, right before and after', rebalanced(right)],
      ['0 while away', rebalanced((t, partition) => right(t, partition) ?? 0)],
      ['no rebalance at all', rebalanced(() => 20, false)],
    ),
    ...fails('revoked-series-stale', [
      'the last value stays',
      rebalanced((t, partition) => (partition === 1 && t > 10 && t < 21 ? 400 : 20)),
    ]),
    ...fails('wrong', [
      'a stale value after it came back',
      rebalanced((t, partition) => (partition === 1 && t >= 21 ? 900 : right(t, partition))),
    ]),
    ...passes('true', [
      'not told after it came back until something was taken from it',
      rebalanced((t, partition) =>
        partition === 1 && t >= 20 && t < 21.5 ? 0 : right(t, partition),
      ),
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
    ...cannotTell('not-compared', [
      'nothing was ever held',
      away(),
      { phases: ['traffic'] },
    ]),
    ...cannotTell('no-truth', [
      'Kafka was not asked',
      story().phase('traffic', 1, 2).phase('rebalance', 2, 3).phase('reassigned', 3, 4),
    ]),
    ...cannotTell('no-phase', ['no such phases', story()]),
  ],
)

judgeCases(
  'lag-truth of revoked series',
  lagTruth,
  { about: 'revoked', phases: ['rebalance'], intervalMs: 1_000 },
  [
    ...passes('true', ['none of them is there', rebalanced(right)]),
    ...fails('revoked-series-kept', [
      'a zero stays',
      rebalanced((t, partition) => (partition === 1 && t > 10 && t < 21 ? 0 : 20)),
    ]),
    ...cannotTell('other-mistake', [
      'the last value stays, which is another finding',
      rebalanced((t, partition) => (partition === 1 && t > 10 && t < 21 ? 400 : 20)),
    ]),
    ...cannotTell('not-compared', ['no partition was moved', rebalanced(() => 20, false)]),
  ],
)

judgeCases(
  'lag-truth of a stuck partition',
  lagTruth,
  {
    about: 'stuck',
    phases: ['stuck'],
    behind: ['stuck'],
    behindRecordsMin: 20,
    intervalMs: 1_000,
  },
  [
    ...passes('true', ['it shows', stuck(growing)]),
    ...fails(
      'stuck-hidden',
      ['zeroed', stuck((t) => (t < 13 ? growing(t) : 0))],
      ['zeroed from the start', stuck(() => 0)],
    ),
    ...fails('wrong', ['it stops', stuck((t) => growing(Math.min(t, 11)))]),
    ...fails('wrong', ['too high', stuck((t) => growing(t) + 500)]),
    ...fails('missing', ['gone', stuck((t) => (t < 13 ? growing(t) : null))]),
    ...cannotTell('nothing-stuck', ['it was behind, and read on', trailing()]),
    ...cannotTell('not-behind', ['it was not stuck', stuck(() => 20, false)]),
  ],
)
