/**
 * The garbage collector, tuned for a relay: a small heap of long-lived objects, and much memory
 * outside of the heap that is freed within milliseconds.
 */
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'
import type { Clock } from './clock.ts'

/** Share of the allocation between two collections: where marking begins, where it must end. */
const sharePercent = { soft: 80, hard: 95 } as const

/**
 * Lets V8 mark the old generation when it has grown, and not whenever less is free than the young
 * generation may take. With that default a relay with about 30 MB of objects, plus the external
 * memory of fetches, log and writes, marks everything more than twice a second, for a quarter of
 * its CPU time and pauses of tens of milliseconds. The limits of the heap do not change. Applies to
 * the whole process; may be called at any time.
 */
export function markWhenGrown(): void {
  setFlagsFromString(`--incremental-marking-soft-trigger=${sharePercent.soft}`)
  setFlagsFromString(`--incremental-marking-hard-trigger=${sharePercent.hard}`)
}

/** Bytes of the young generation, both halves; the default of earlier runtimes. */
const youngBytesMax = 32 * 1_024 * 1_024
const lookEveryMs = 50

/** Reads the size of the young generation, and stops its growth. */
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
 * Lets the young generation grow to 32 MiB and no further. By default it takes up to 128 MiB on a
 * large machine, and thousands of clients that connect at once make it do so: each then seems to
 * cost 15 to 20 kB while idle, although it holds 5 kB, and the rest is never given back. The limit
 * itself can be set on the command line only, so growth is stopped when the size is reached.
 */
export function keepYoungSmall(clock: Clock, young: YoungGeneration = ofThisProcess): void {
  const look = clock.every(lookEveryMs, () => {
    if (young.bytes() < youngBytesMax) return
    young.stopGrowth()
    look.cancel()
  })
}
