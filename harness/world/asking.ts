/**
 * Asking a child over its channel: commands are numbered, answers are brought back to whoever
 * asked, and everything settles, by the answer, by a deadline, or by the end of the process.
 */
import type { Clock } from '../../relay/world/clock.ts'
import { withDeadline } from '../../relay/world/deadline.ts'
import type { OwnedChild } from './owned-child.ts'

/** The process ended while something was still asked of it. */
export class ChildGoneError extends Error {
  override readonly name = 'ChildGoneError'
  readonly code = 'CHILD_GONE'
}

/**
 * What a child answers: the number of the command, and a status or what was wrong. `nowMs`: its
 * clock when it answered.
 */
export type Answer<S> =
  | { readonly re: number; readonly status: S; readonly nowMs?: number }
  | { readonly re: number; readonly error: string }

/** A command with the number that its answer carries. */
export interface Asked<C> {
  readonly id: number
  readonly command: C
}

/** Sends a command and waits for its answer, for a number of milliseconds. */
export type Ask<C, S> = (command: C, limitMs: number) => Promise<S>

/** A clock that reads microseconds may round. */
const clockSlackMs = 1

/**
 * Opens the asking side of a child that answers every `{ id, command }` with an Answer. All times
 * of a run are of one clock: a child whose clock is another one's says nothing that can be judged.
 */
export function askOf<C extends { readonly do: string }, S>(
  clock: Clock,
  child: OwnedChild,
): Ask<C, S> {
  const asked = new Map<number, PromiseWithResolvers<S> & { readonly askedMs: number }>()
  let lastId = 0
  const gone = () =>
    new ChildGoneError(`the ${child.role}'s process has ended; its last words:\n${child.tail()}`)
  void child.exited.then(() => asked.forEach((one) => one.reject(gone())))
  child.onMessage((message) => {
    const answer = message as Answer<S>
    const one = asked.get(answer.re)
    if (one === undefined) return
    if (!('status' in answer)) return one.reject(new Error(answer.error))
    const { nowMs = one.askedMs } = answer
    if (isBetween(nowMs, one.askedMs, clock.nowMs())) one.resolve(answer.status)
    else one.reject(otherClock(child.role, nowMs - one.askedMs))
  })
  return (command, limitMs) =>
    withDeadline(clock, limitMs, `the ${child.role} doing "${command.do}"`, () => {
      lastId += 1
      const id = lastId
      const one = { ...Promise.withResolvers<S>(), askedMs: clock.nowMs() }
      asked.set(id, one)
      // The channel of a process that dies ends before it does; its end rejects all that is asked.
      const message: Asked<C> = { id, command }
      if (!child.send(message) && child.exit !== undefined) one.reject(gone())
      return one.promise.finally(() => asked.delete(id))
    })
}

const isBetween = (ms: number, fromMs: number, untilMs: number) =>
  ms >= fromMs - clockSlackMs && ms <= untilMs + clockSlackMs

const otherClock = (role: string, offMs: number) =>
  new Error(
    `the clock of the ${role}'s process is ${Math.round(offMs)} ms away from that of the ` +
      'conductor; both must read one monotonic clock: run them on one machine',
  )
