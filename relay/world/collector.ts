/**
 * The garbage collector, told what a relay is: a small heap of objects that live long beside much
 * memory outside of it that lives for milliseconds.
 */
import { setFlagsFromString } from 'node:v8'

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
