/** A caveat about a run: something that limits what its verdicts prove. */
import type { Ground } from '../checkers/checker.ts'

/**
 * One caveat. `everything`: not even a failure is proven. `failures`: passes stand, but failures
 * that rest on the `ground` are not proven.
 */
export interface Caveat {
  readonly rule: string
  readonly says: string
  /** How to get a verdict. */
  readonly fix: string
  readonly invalidates: 'passes' | 'failures' | 'everything'
  /** Also invalidates failures that rest on this. */
  readonly ground?: Ground
  /** The one phase that it is about: what is judged only in other phases is not affected. */
  readonly phase?: string
}
