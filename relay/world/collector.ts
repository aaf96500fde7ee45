/**
 * The garbage collector, told what a relay is: a small heap of objects that live long beside much
 * memory outside of it that lives for milliseconds.
 */
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'
import type { Clock } from './clock.ts'

/** Of what may be allocated between two collections: where marking begins, where it must end. */
const sharePercent = { soft: 80, hard: 95 } as const

/**
 * Lets the old generation be marked when it has grown, and not whenever less is free than the young
 * generation may take. By that default a relay with some 30 MB of objects, whose fetches, log and
 * writes are counted beside them, marks everything more than twice a second, for a quarter of its
 * processor time and pauses of tens of milliseconds. The limits of the heap stay what they are.
 * For the whole process; may be called at any time.
 */
export function markWhenGrown(): void {
  setFlagsFromString(`--incremental-marking-soft-trigger=${sharePercent.soft}`)
  setFlagsFromString(`--incremental-marking-hard-trigger=${sharePercent.hard}`)
}

/** Bytes of the young generation, both its halves; what the runtime took for long by default. */
const youngBytesMax = 32 * 1_024 * 1_024
const lookEveryMs = 50

/** How large the young generation is, and how it is kept from growing. */
export interface YoungGeneration {
  bytes(): number
  stopGrowth(): void
}

const ofThisProcess: YoungGeneration = {
  bytes: () =>
    getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space')?.space_size ?? 0,
  stopGrowth: () => setFlagsFromString('--semi-space-growth-factor=1'),
}

/**
 * Lets the young generation grow to 32 MiB and no further. By its default it takes up to 128 MiB on
 * a large machine, and thousands of clients that come at once make it do so: each then seems to
 * cost 15 to 20 KB while it is idle, of which it holds 5, and the rest is never given back. The
 * limit itself can be set on the command line only, so the growth is ended when it is reached.
 */
export function keepYoungSmall(clock: Clock, young: YoungGeneration = ofThisProcess): void {
  const look = clock.every(lookEveryMs, () => {
    if (young.bytes() < youngBytesMax) return
    young.stopGrowth()
    look.cancel()
  })
}
