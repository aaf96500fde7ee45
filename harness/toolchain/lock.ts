/**
 * One installation of tools at a time, by proper-lockfile: the lock is a folder whose time its
 * holder renews. A holder that was killed, even by SIGKILL, keeps others out for `staleMs` and no
 * longer. Installing the packages needs no lock, and could not have this one (see packages.ts).
 */
import { lock } from 'proper-lockfile'
import { sleep, type Clock } from '../../relay/world/clock.ts'
import { Trouble } from '../world/trouble.ts'

const pollMs = 200
/** A holder whose event loop is blocked for this long counts as dead. */
const staleMsDefault = 20_000

export interface LockOptions {
  readonly clock: Clock
  /** The folder that is the lock; there while it is held. */
  readonly path: string
  /** How long to wait for another holder. */
  readonly limitMs: number
  /** Called once if there is another holder. */
  readonly onWait: () => void
  /** At least 2 seconds. */
  readonly staleMs?: number
}

/**
 * Runs `work` while holding the lock.
 *
 * @throws Trouble `lock-busy` when another holder keeps it for longer than `limitMs`; `lock-lost`
 * when it was taken from us because we stood still
 */
export async function withLock<T>(options: LockOptions, work: () => Promise<T>): Promise<T> {
  const lost = Promise.withResolvers<never>()
  const release = await take(options, (error) => lost.reject(lockLost(options.path, error)))
  try {
    return await Promise.race([work(), lost.promise])
  } finally {
    // A lock that was taken from us is not ours to release.
    await release().catch(() => undefined)
  }
}

async function take(options: LockOptions, onLost: (error: Error) => void) {
  const { clock, path, limitMs, onWait, staleMs = staleMsDefault } = options
  const untilMs = clock.nowMs() + limitMs
  const how = { lockfilePath: path, realpath: false, stale: staleMs, onCompromised: onLost }
  for (let isTold = false; ; isTold = true) {
    try {
      return await lock(path, how)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ELOCKED') throw error
    }
    if (!isTold) onWait()
    if (clock.nowMs() > untilMs) throw busy(path)
    await sleep(clock, pollMs)
  }
}

function busy(path: string): Trouble {
  return new Trouble(
    'lock-busy',
    `another process still holds ${path}: it is installing, or stuck`,
    'wait for it, or end it',
  )
}

function lockLost(path: string, cause: Error): Trouble {
  const what = `${path} was taken from this process, which stood still: ${cause.message}`
  return new Trouble('lock-lost', what, 'run the command again', cause)
}
