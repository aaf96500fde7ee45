/**
 * Trouble: what the harness itself could not do. It never counts against a target: it
 * makes the verdict `unknown`. The message says what was wanted and what was found, and how to
 * fix it.
 */

/** Closed set of what can go wrong in the machinery, each with when it is used. */
export const troubles = {
  'tool-missing': 'a program that the native stack needs is not there',
  'tool-broken': 'an installed program does not run, or says the wrong version',
  'install-failed': 'an installation ended with an error',
  'lock-busy': 'another process holds the installation lock for too long',
  'lock-lost': 'the installation lock was taken over from a process that stood still',
  'port-taken': 'a port that a server needed was taken, on every try',
  'child-unstartable': 'the operating system refused to start a child process',
  'child-died': 'a child process ended before it was ready',
  'child-late': 'a child process was not ready by its deadline',
  'disk-full': 'no space, or no right to write, where a run keeps its files',
  'toxiproxy-wedged': 'the control API of Toxiproxy does not answer',
  'toxiproxy-refused': 'the control API of Toxiproxy answered with an error',
  'kafka-failed': 'an administrative request to Kafka failed or took too long',
  'rules-refused': 'a file of alert rules, or a configuration, is refused by its program',
  'prometheus-failed': 'Prometheus did not answer in time, or with an error',
  'target-unready': 'the relay under test did not become ready by its deadline',
  'engine-failed': 'a container engine refused what it was asked for, or did not answer in time',
  'image-missing': 'an image of the compose stack is not here and cannot be had',
  'server-gone': 'a server that is not ours to start is not there any more',
  'load-failed': 'promtool could not load an exported run',
  'record-unreadable': 'the record or the history of a run cannot be read',
  'history-newer': 'the history of a run is of a version that this program does not know yet',
  'stack-bypassed': 'the addresses given would let the target go around the proxies',
} as const
export type TroubleCode = keyof typeof troubles

/** What was wanted and what was found instead, each in one line. */
export interface Lack {
  readonly wanted: string
  readonly found: string
}

/** An error of the harness with a code, how to fix it, and the cause where there is one. */
export class Trouble extends Error {
  override readonly name = 'Trouble'
  readonly code: TroubleCode
  /** The message without how to fix it. */
  readonly what: string
  /** One sentence or command for the person at the keyboard. */
  readonly todo: string
  /** For trouble that is printed in three lines. */
  readonly lack: Lack | undefined

  constructor(code: TroubleCode, what: string | Lack, todo: string, cause?: unknown) {
    const lack = typeof what === 'string' ? undefined : what
    const told = lack === undefined ? (what as string) : sayLack(lack)
    super(`${told}\n  fix: ${todo}`, cause === undefined ? undefined : { cause })
    this.code = code
    this.what = told
    this.todo = todo
    this.lack = lack
  }
}

const sayLack = ({ wanted, found }: Lack) => `wanted: ${wanted}\n  found: ${found}`

/** Whether `error` is trouble with this code. */
export function isTrouble(error: unknown, code: TroubleCode): error is Trouble {
  return error instanceof Trouble && error.code === code
}
