/**
 * Trouble: what the harness itself could not do. It never counts against a target; whoever meets
 * it makes the verdict `unknown`. The message says what was wanted and what was found; `todo`
 * says what the person at the keyboard can do about it.
 */

/** Closed set of what can go wrong in the machinery, each with when it is used. */
export const troubles = {
  'tool-missing': 'a program that the native stack needs is not there',
  'tool-broken': 'an installed program does not run, or says the wrong version',
  'install-failed': 'an installation ended with an error',
  'lock-busy': 'another process holds the installation lock for too long',
  'port-taken': 'a port that a server needed was taken, on every try',
  'child-unstartable': 'the operating system refused to start a child process',
  'child-died': 'a child process ended before it was ready',
  'child-late': 'a child process was not ready by its deadline',
  'disk-full': 'no space, or no right to write, where a run keeps its files',
  'toxiproxy-wedged': 'the control API of Toxiproxy does not answer',
  'toxiproxy-refused': 'the control API of Toxiproxy answered with an error',
  'kafka-failed': 'an administrative request to Kafka failed or took too long',
  'target-unready': 'the relay under test did not become ready by its deadline',
  'server-gone': 'a server that is not ours to start is not there any more',
  'record-unreadable': 'the record or the history of a run cannot be read',
  'stack-bypassed': 'the addresses given would let the target go around the proxies',
} as const
export type TroubleCode = keyof typeof troubles

/** An error of the harness with a code, what to do, and the cause where there is one. */
export class Trouble extends Error {
  override readonly name = 'Trouble'
  readonly code: TroubleCode
  /** One sentence or command for the person at the keyboard. */
  readonly todo: string

  constructor(code: TroubleCode, what: string, todo: string, cause?: unknown) {
    super(`${what}\n  what to do: ${todo}`, cause === undefined ? undefined : { cause })
    this.code = code
    this.todo = todo
  }
}

/** Whether `error` is trouble with this code. */
export function isTrouble(error: unknown, code: TroubleCode): error is Trouble {
  return error instanceof Trouble && error.code === code
}
