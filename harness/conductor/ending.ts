/**
 * The end of a run before its time: the user wants it, a process that the run stands on is gone,
 * or the history cannot be written. Whatever waits, waits with this signal.
 */
import type { Exit } from '../world/child.ts'

export interface Ending {
  readonly signal: AbortSignal
  /** Ends the run; the first reason is the one that is told. */
  end(why: Error): void
  /** Ends the run when a process ends that was to go on. */
  watch(role: string, ended: Promise<Exit>): void
  /** From here on processes may end: the run is over. */
  expectExits(): void
}

/** An ending that also follows the user's wish. */
export function openEnding(user: AbortSignal): Ending {
  const controller = new AbortController()
  const signal = AbortSignal.any([user, controller.signal])
  let isOver = false
  const end = (why: Error) => controller.abort(why)
  return {
    signal,
    end,
    watch(role, ended) {
      void ended.then((exit) => (isOver ? undefined : end(gone(role, exit))))
    },
    expectExits() {
      isOver = true
    },
  }
}

const gone = (role: string, { code, signal }: Exit) =>
  new Error(`the ${role}'s process ended in the middle of the run (${signal ?? `code ${code}`})`)
