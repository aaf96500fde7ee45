import { story, type Story } from '../history/story-testbed.ts'
import { memoryBounded, type MemoryBoundedOptions } from './memory-bounded.ts'
import { cannotTell, fails, judgeCases, passes } from './checker-testbed.ts'

const MiB = 1_048_576

interface Told {
  readonly rss: (t: number) => number
  readonly isStalled?: boolean
  readonly isDelivered?: boolean
  readonly bytes?: number
}

/** Load of 2 MiB/s for 20 s, calm until 5 s; then two clients stall; RSS by `rss`. */
function load({ rss, isStalled = true, isDelivered = true, bytes = 20_972 }: Told): Story {
  const told = story().opened(0, 1).opened(0, 2, 'stalled').opened(0, 3, 'stalled')
  for (let t = 1; t < 20; t += 1) {
    told.acked(t, 0, (t - 1) * 100, 100, { bytes })
    if (isDelivered) told.delivered(t + 0.1, 1, 0, (t - 1) * 100, 100)
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

/** Grows in two thirds of the 14 s of load, and pauses in the other. */
const pausing = (mebibytesPerSecond: number, paused: 1 | 2 | 3) => (t: number) => {
  const third = 14 / 3
  const grownFor = [1, 2, 3].reduce((sum, one) => {
    const within = Math.min(third, Math.max(0, t - 5 - (one - 1) * third))
    return one === paused ? sum : sum + within
  }, 0)
  return (100 + mebibytesPerSecond * grownFor) * MiB
}
const warm = (mebibytes: number) => (t: number) =>
  (100 + Math.min(mebibytes, 5 * Math.max(0, t - 5))) * MiB
/** Grows by 3 MiB/s and falls back every 4.7 s. */
const sawtooth = (t: number) => (100 + 3 * ((Math.max(5, t) - 5) % 4.7)) * MiB

/** Buffers of 12 MiB justify a rise by 24 MiB, in 14 s: 1.7 MiB/s. 60 MiB are owed. */
const stall = { calm: 'calm', stalled: 'stalled', phases: ['load'], budgetBytes: 12 * MiB } as const
/** As much larger as the budget. */
const heavy = 60_000
judgeCases<MemoryBoundedOptions>('memory-bounded while clients stall', memoryBounded, stall, [
  ...passes<MemoryBoundedOptions>(
    'bounded',
    ['a flat line', load({ rss: flat })],
    ['one spike within the budget', load({ rss: (t) => (t === 10 ? 120 * MiB : flat(t)) })],
    ['a warm-up that levels off', load({ rss: warm(20) })],
    ['a long one, beside larger buffers', load({ rss: warm(40), bytes: heavy }), {
      budgetBytes: 40 * MiB,
    }],
    ['a heap that is collected now and then', load({ rss: sawtooth })],
    ['a large one that stays as it is', load({ rss: (t) => 900 * MiB + flat(t) })],
    ['a megabyte a minute, in words of its own', load({ rss: flat }), {
      slopeBytesPerSecond: MiB / 60,
    }],
  ),
  ...fails<MemoryBoundedOptions>(
    'slope',
    ['a leak that pauses in the first third', load({ rss: pausing(2.4, 1) })],
    ['a leak that pauses in the second third', load({ rss: pausing(2.4, 2) })],
    ['a leak that pauses in the last third', load({ rss: pausing(2.4, 3) })],
    ['growth is proven even without proof of the stall', load({
      rss: pausing(2.4, 2),
      isStalled: false,
    })],
    ['a leak of 4.5 MiB/s that pauses', load({ rss: pausing(4.5, 3) }), { budgetBytes: 24 * MiB }],
    ['a leak of its own limit', load({ rss: growing(0.2) }), { slopeBytesPerSecond: MiB / 10 }],
    ['a leak that a soak sees', load({ rss: growing(0.02) }), { slopeBytesPerSecond: MiB / 60 }],
  ),
  ...fails<MemoryBoundedOptions>(
    'ceiling',
    ['a peak', load({ rss: (t) => (t > 12 ? 190 : 100) * MiB })],
    ['everything stays', load({ rss: growing(2) })],
    ['a leak of 4.5 MiB/s', load({ rss: growing(4.5) }), { budgetBytes: 24 * MiB }],
  ),
  ...cannotTell<MemoryBoundedOptions>(
    'no-stall',
    ['no client stalled', load({ rss: flat, isStalled: false })],
  ),
  ...cannotTell<MemoryBoundedOptions>(
    'stall-not-proven',
    [
      'too little was owed, no matter what the relay says it dropped',
      load({ rss: flat, bytes: 100 }).scrape(1, { websocket_dropped_messages_total: 0 })
        .scrape(15, { websocket_dropped_messages_total: 900 }),
    ],
    ['all that was owed is less than buffers may hold', load({ rss: flat }), {
      budgetBytes: 16 * MiB,
    }],
  ),
  ...cannotTell('no-flow', ['no client got a record', load({ rss: flat, isDelivered: false })]),
  ...cannotTell('no-memory-samples', ['memory was not measured', story().phase('calm', 0, 5)
    .phase('load', 5, 19)]),
  ...cannotTell('no-phase', ['no such phase', story()]),
])

/** 2 MiB/s for 14 s are 30 MiB: enough for a budget of 5 MiB, twice, and twice of it. */
const bytes = { calm: 'calm', phases: ['load'], budgetBytes: 5 * MiB } as const
const free = (rss: Told['rss'], size = 20_972) => load({ rss, isStalled: false, bytes: size })
judgeCases<MemoryBoundedOptions>('memory-bounded of large records', memoryBounded, bytes, [
  ...passes('bounded', ['bounded in bytes', free(flat)]),
  ...fails(
    'ceiling',
    ['bounded by count: everything stays', free(growing(2))],
    ['bounded by count: half of it stays', free(growing(1.2))],
  ),
  ...fails('slope', ['just below the ceiling, for it pauses', free(pausing(1, 2))]),
  ...cannotTell('too-little', ['less than a bound by count may hold', free(flat, 5_000)]),
  ...cannotTell('no-flow', [
    'no client got a record',
    load({ rss: flat, isStalled: false, isDelivered: false }),
  ]),
])

interface Asking {
  readonly rss?: Told['rss']
  /** Clients that ask and do not take it. */
  readonly askers?: number
  /** How long the replay of the quick client takes, seconds; 0 is that it asks for none. */
  readonly quickTakes?: number
  /** When askers get all of it. */
  readonly gotAt?: number
}

/** 10 records of 1 MiB; a client gets them at once until 5 s, and others ask from 6 s to 16 s. */
function asking({ rss = flat, askers = 12, quickTakes = 1, gotAt }: Asking): Story {
  const told = story().opened(0, 1).acked(1, 0, 0, 10, { bytes: MiB }).delivered(1.1, 1, 0, 0, 10)
  told.opened(2, 2, 'quick')
  if (quickTakes > 0) {
    told.sent(2, 2, 'resume:earliest').delivered(2.1, 2, 0, 0, 10, { path: 'replay' })
    told.control(2 + quickTakes, 2, { type: 'replay_complete' })
  }
  for (let client = 3; client < 3 + askers; client += 1) {
    told.opened(6, client, 'askers').sent(6, client, 'resume:earliest')
    if (gotAt === undefined) continue
    told.delivered(gotAt - 0.1, client, 0, 0, 10, { path: 'replay' })
    told.control(gotAt, client, { type: 'replay_complete' })
  }
  for (let t = 0; t <= 20; t += 0.5) told.memory(t, rss(t))
  return told.phase('calm', 0, 6).phase('asked', 6, 16)
}

/** Of 120 MiB that are asked for, 80 must be and 40 read: the rise that is allowed. */
const asked = { calm: 'calm', askers: 'askers', phases: ['asked'], budgetBytes: 20 * MiB } as const
judgeCases<MemoryBoundedOptions>('memory-bounded of replays', memoryBounded, asked, [
  ...passes(
    'bounded',
    ['few are held at once', asking({ rss: (t) => (t > 6 ? 130 : 100) * MiB })],
    ['some of them get all at last', asking({ gotAt: 17 })],
  ),
  ...fails(
    'ceiling',
    ['all are held', asking({ rss: (t) => (t > 8 ? 220 : 100) * MiB })],
    ['all are held for a moment', asking({ rss: (t) => (t === 9 ? 160 : 100) * MiB })],
  ),
  ...fails<MemoryBoundedOptions>('slope', [
    'it grows to the end, within the ceiling of a high budget',
    asking({ rss: growing(5) }),
    { budgetBytes: 28 * MiB, slopeBytesPerSecond: 4 * MiB },
  ]),
  ...cannotTell('no-replay', ['the target may keep nothing', asking({ quickTakes: 0 })]),
  ...cannotTell(
    'too-little',
    ['few ask', asking({ askers: 7 })],
    ['all clients get it, and none waits', asking({ gotAt: 9 })],
  ),
  ...cannotTell('too-slow', ['there was no time to read ahead', asking({ quickTakes: 3 })]),
])

/** So many clients send 1 MiB of a message without its end from 6 s on. */
function holding(holders: number, rss: Told['rss'] = flat): Story {
  const told = story().acked(1, 0, 0, 10)
  for (let client = 1; client <= holders; client += 1) {
    told.opened(0, client, 'holders').sent(6 + client / 100, client, 'hostile:held-back')
  }
  for (let t = 0; t <= 20; t += 0.5) told.memory(t, rss(t))
  return told.phase('calm', 0, 6).phase('held', 6, 16)
}

const held = { calm: 'calm', holders: 'holders', phases: ['held'], budgetBytes: 20 * MiB } as const
judgeCases<MemoryBoundedOptions>('memory-bounded of unfinished messages', memoryBounded, held, [
  ...passes('bounded', ['few are kept', holding(80, (t) => (t > 6 ? 130 : 100) * MiB)]),
  ...fails('ceiling', ['all are kept', holding(80, (t) => (t > 8 ? 180 : 100) * MiB)]),
  ...cannotTell('too-little', ['few came', holding(79)]),
])
