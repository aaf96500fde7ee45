import { story, type Story } from '../history/story.ts'
import { memoryBounded, type MemoryBoundedOptions } from './memory-bounded.ts'
import { cannotTell, fails, judgeCases, passes } from './testbed.ts'

const MiB = 1_048_576

interface Told {
  readonly rss: (t: number) => number
  readonly isStalled?: boolean
  readonly bytes?: number
}

/** Load of 2 MiB/s for 20 s, calm until 5 s; then two clients stall; RSS by `rss`. */
function load({ rss, isStalled = true, bytes = 20_972 }: Told): Story {
  const told = story().opened(0, 1).opened(0, 2, 'stalled').opened(0, 3, 'stalled')
  for (let t = 1; t < 20; t += 1) {
    told.acked(t, 0, (t - 1) * 100, 100, { bytes }).delivered(t + 0.1, 1, 0, (t - 1) * 100, 100)
  }
  for (let t = 0; t <= 20; t += 0.5) told.memory(t, rss(t)).memory(t, 20 * MiB, 'toxiproxy')
  if (isStalled) {
    told.broken(5, 19, { fault: 'readers-stop', group: 'stalled' })
    told.stalled(5, 2, true).stalled(5, 3, true)
  }
  return told.phase('calm', 0, 5).phase('load', 5, 19)
}

const flat = (t: number) => (100 + (t % 2)) * MiB
const growing = (mebibytesPerSecond: number) => (t: number) =>
  (100 + mebibytesPerSecond * Math.max(0, t - 4)) * MiB

const stall = { calm: 'calm', stalled: 'stalled', phases: ['load'], budgetBytes: 40 * MiB } as const
judgeCases<MemoryBoundedOptions>('memory-bounded while clients stall', memoryBounded, stall, [
  ...passes(
    'bounded',
    ['a flat line', load({ rss: flat })],
    ['one spike within the budget', load({ rss: (t) => (t === 10 ? 170 * MiB : flat(t)) })],
    [
      'a warm-up that levels off',
      load({ rss: (t) => (100 + Math.min(40, 5 * Math.max(0, t - 5))) * MiB }),
    ],
    ['a large one that stays as it is', load({ rss: (t) => 900 * MiB + flat(t) })],
  ),
  ...fails(
    'slope',
    ['everything stays', load({ rss: growing(2) })],
    ['growth is proven even without proof of the stall', load({
      rss: growing(2),
      isStalled: false,
    })],
    ['a leak of its own limit', load({ rss: growing(0.2) }), { slopeBytesPerSecond: MiB / 10 }],
  ),
  ...fails('ceiling', ['a peak', load({ rss: (t) => (t > 12 ? 190 : 100) * MiB })]),
  ...cannotTell<MemoryBoundedOptions>(
    'no-stall',
    ['nobody stalled', load({ rss: flat, isStalled: false })],
  ),
  ...cannotTell('stall-not-proven', [
    'too little was owed, whatever the relay says it dropped',
    load({ rss: flat, bytes: 100 }).scrape(1, { websocket_dropped_messages_total: 0 })
      .scrape(15, { websocket_dropped_messages_total: 900 }),
  ]),
  ...cannotTell('no-memory-samples', ['nobody measured', story().phase('calm', 0, 5)
    .phase('load', 5, 19)]),
  ...cannotTell('no-phase', ['no such phase', story()]),
])

/** 2 MiB/s for 14 s are 28 MiB: enough for a budget of 5 MiB, twice, and twice of it. */
const bytes = { calm: 'calm', phases: ['load'], budgetBytes: 5 * MiB } as const
const free = (rss: Told['rss'], size = 20_972) => load({ rss, isStalled: false, bytes: size })
judgeCases<MemoryBoundedOptions>('memory-bounded of large records', memoryBounded, bytes, [
  ...passes('bounded', ['bounded in bytes', free(flat)]),
  ...fails(
    'ceiling',
    ['bounded by count: everything stays', free(growing(2))],
    ['bounded by count: half of it stays', free(growing(1.2))],
  ),
  ...fails<MemoryBoundedOptions>('slope', ['just below the ceiling', free(growing(1.2)), {
    budgetBytes: 8 * MiB + MiB / 2,
  }]),
  ...cannotTell('too-little', ['less than a bound by count may hold', free(flat, 5_000)]),
])
