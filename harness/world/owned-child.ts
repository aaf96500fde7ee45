/** A child process as its owner sees it. */

/** How a process ended: one of the two is set. */
export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface OwnedChild {
  readonly role: string
  readonly pid: number
  /** Resolves when the process has ended; never rejects. */
  readonly exited: Promise<Exit>
  /** Set once it has ended. */
  readonly exit: Exit | undefined
  /** SIGTERM, then SIGKILL to the whole group after `graceMs`. Idempotent, never throws. */
  stop(graceMs?: number): Promise<Exit>
  /** Sends a signal to the process itself, not to what it started. False: it has ended. */
  signal(signal: NodeJS.Signals): boolean
  /** The newest lines that it wrote. */
  tail(): string
  /** Sends over the channel; false where there is none (any more). */
  send(message: object): boolean
  onMessage(listener: (message: unknown) => void): void
}
