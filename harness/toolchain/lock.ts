/**
 * One process at a time: a lock file that names its holder. A holder that died, even after
 * SIGKILL, holds nothing, because its time of birth is written beside its id.
 */
import { linkSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { sleep, type Clock } from '../../relay/world/clock.ts'
import { identify, isRunning, type ProcessIdentity } from '../world/processes.ts'
import { Trouble } from '../world/trouble.ts'

const pollMs = 200
/** Taking a dead holder's lock away is a matter of microseconds; older guards are dead, too. */
const guardAgeMsMax = 5_000

/**
 * Runs `work` while holding the lock.
 *
 * @param limitMs how long to wait for another holder
 * @param onWait called once if there is another holder, with its process id
 * @throws Trouble `lock-busy` when the holder keeps it for longer
 */
export async function withLock<T>(
  clock: Clock,
  file: string,
  limitMs: number,
  onWait: (pid: number) => void,
  work: () => Promise<T>,
): Promise<T> {
  const untilMs = clock.nowMs() + limitMs
  let isTold = false
  while (!take(file)) {
    const holder = readHolder(file)
    if (holder === undefined || !isRunning(holder)) {
      takeAway(clock, file)
    } else {
      if (!isTold) onWait(holder.pid)
      isTold = true
      if (clock.nowMs() > untilMs) throw busy(file, holder.pid)
    }
    await sleep(clock, pollMs)
  }
  try {
    return await work()
  } finally {
    rmSync(file, { force: true })
  }
}

/** Creates the lock with its content in one step; false where it exists. */
function take(file: string): boolean {
  const mine = `${file}.${process.pid}`
  writeFileSync(mine, JSON.stringify(identify(process.pid)))
  try {
    linkSync(mine, file)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  } finally {
    rmSync(mine, { force: true })
  }
}

/** Removes the lock of a dead holder. A guard keeps two from removing each other's new lock. */
function takeAway(clock: Clock, file: string): void {
  const guard = `${file}.guard`
  try {
    writeFileSync(guard, '', { flag: 'wx' })
  } catch {
    const age = clock.unixMs() - (statSync(guard, { throwIfNoEntry: false })?.mtimeMs ?? Infinity)
    if (age > guardAgeMsMax) rmSync(guard, { force: true })
    return
  }
  const holder = readHolder(file)
  if (holder === undefined || !isRunning(holder)) rmSync(file, { force: true })
  rmSync(guard, { force: true })
}

function readHolder(file: string): ProcessIdentity | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as ProcessIdentity
  } catch {
    return undefined
  }
}

function busy(file: string, pid: number): Trouble {
  return new Trouble(
    'lock-busy',
    `process ${pid} still holds ${file}: it is installing, or stuck`,
    `wait for process ${pid}, or end it`,
  )
}
