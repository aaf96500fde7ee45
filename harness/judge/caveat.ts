/** A caveat about a run: something that makes its verdicts worth less. */
import type { Ground } from '../checkers/checker.ts'

/**
 * One reason for doubt. `everything`: not even a failure is proven. `failures`: what passed has
 * passed all the more, and failures are in doubt that rest on the `ground`.
 */
export interface Caveat {
  readonly rule: string
  readonly says: string
  /** What to do to get an answer. */
  readonly fix: string
  readonly invalidates: 'passes' | 'failures' | 'everything'
  /** Spoils also the failures that rest on this. */
  readonly ground?: Ground
  /** The one phase that it is about: what is judged in others only is as good as ever. */
  readonly phase?: string
}
