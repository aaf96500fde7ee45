import { story, type Story } from '../history/story.ts'
import { memoryBounded } from './memory-bounded.ts'
import { cannotTell, fails, judgeCases, passes } from './testbed.ts'

const MiB = 1_048_576

/** Load of 2 MiB/s for 20 s, a reader, two clients that stall at 5 s; RSS by `rss`. */
function load(rss: (t: number) => number, isStalled = true, bytes = 20_972): Story {
  const told = story().opened(0, 1).opened(0, 2, 'stalled').opened(0, 3, 'stalled')
  for (let t = 1; t < 20; t += 1) {
    told.acked(t, 0, (t - 1) * 100, 100, { bytes }).delivered(t + 0.1, 1, 0, (t - 1) * 100, 100)
  }
  for (let t = 0; t <= 20; t += 0.5) told.memory(t, rss(t)).memory(t, 20 * MiB, 'toxiproxy')
  if (isStalled) {
    told.broken(5, 19, { fault: 'readers-stop', group: 'stalled' })
    told.stalled(5, 2, true).stalled(5, 3, true)
  }
  return told.phase('stall', 5, 19)
}

const flat = (t: number) => (100 + (t % 2)) * MiB

judgeCases(
  'memory-bounded',
  memoryBounded,
  {
    stalled: 'stalled',
    phases: ['stall'],
    ceilingBytes: 200 * MiB,
    slopeBytesPerSecond: MiB,
  },
  [
    ...passes('bounded', ['a flat line', load(flat)]),
    ...passes('bounded', [
      'one spike below the ceiling',
      load((t) => (t === 10 ? 190 * MiB : flat(t))),
    ]),
    ...passes('bounded', [
      'a warm-up that levels off',
      load((t) => (100 + Math.min(40, 5 * Math.max(0, t - 5))) * MiB),
    ]),
    ...fails('slope', ['a queue that grows', load((t) => (100 + 2 * t) * MiB)]),
    ...fails('ceiling', ['a peak', load((t) => (t > 12 ? 220 : 100) * MiB)]),
    ...fails('slope', [
      'growth is proven even without proof of the stall',
      load((t) => (100 + 2 * t) * MiB, false),
    ]),
    ...cannotTell('no-stall', ['nobody stalled', load(flat, false)]),
    ...cannotTell('stall-not-proven', ['too little was owed', load(flat, true, 100)]),
    ...cannotTell('no-memory-samples', ['nobody measured', story().phase('stall', 5, 19)]),
    ...cannotTell('no-phase', ['no such phase', story()]),
  ],
)
