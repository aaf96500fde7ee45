/**
 * Processes by identity. A process id alone is not unique: the system reuses it. So
 * everything that may be ended later is known by its id *and* its time of birth.
 *
 * /proc is read by hand: it is a field of one file, needed quickly and without starting a program,
 * also by code that runs before any package is installed.
 */
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { sleep, type Clock } from '../../relay/world/clock.ts'

/** A process, distinguishable from any later one with the same id, also after a reboot. */
export interface ProcessIdentity {
  readonly pid: number
  /** Opaque: equal for the same process only. */
  readonly start: string
}

/** Every child of a world carries this variable; its children inherit it, wherever they go. */
export const ownerVariable = 'DASHSTREAM_CHAOS_OWNER'

/** How long a process may take to vanish once it was sent SIGKILL. */
const killedWithinMs = 5_000
const pollMs = 20

/** The running process with this id; undefined where there is none, or only its zombie. */
export function identify(pid: number): ProcessIdentity | undefined {
  const start = process.platform === 'linux' ? startOnLinux(pid) : startByPs(pid)
  return start === undefined ? undefined : { pid, start }
}

/** Whether exactly this process still runs. */
export function isRunning(one: ProcessIdentity): boolean {
  return identify(one.pid)?.start === one.start
}

/** Sends a signal to the process group that `pid` leads, or to `pid` alone. False: no process. */
export function signalGroup(pid: number, signal: NodeJS.Signals): boolean {
  for (const target of [-pid, pid]) {
    try {
      process.kill(target, signal)
      return true
    } catch {
      // No such group or process: try the next, then say so.
    }
  }
  return false
}

/**
 * Ends processes and their groups: SIGTERM, then SIGKILL after `graceMs`. Never touches a
 * stranger that got the same id. Resolves to those that are still there, normally none.
 */
export async function endProcesses(
  clock: Clock,
  processes: readonly ProcessIdentity[],
  graceMs: number,
): Promise<ProcessIdentity[]> {
  let left = processes.filter(isRunning)
  for (const [signal, waitMs] of [['SIGTERM', graceMs], ['SIGKILL', killedWithinMs]] as const) {
    for (const one of left) signalGroup(one.pid, signal)
    const untilMs = clock.nowMs() + waitMs
    while (left.length > 0 && clock.nowMs() < untilMs) {
      left = left.filter(isRunning)
      if (left.length > 0) await sleep(clock, pollMs)
    }
  }
  return left
}

/** Running processes that carry `owner` as their owner. Linux only; elsewhere none is found. */
export function ownedBy(owner: string): ProcessIdentity[] {
  if (process.platform !== 'linux') return []
  const mark = `${ownerVariable}=${owner}\0`
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((name) => `${readOrEmpty(`/proc/${name}/environ`)}\0`.includes(mark))
    .flatMap((name) => identify(Number(name)) ?? [])
}

/** Fields of /proc/<pid>/stat, counted from the one after the command's closing bracket. */
const stateField = 0
const startField = 19

function startOnLinux(pid: number): string | undefined {
  const stat = readOrEmpty(`/proc/${pid}/stat`)
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const state = fields[stateField]
  if (stat === '' || state === 'Z' || state === 'X') return undefined
  return `${bootId()}/${fields[startField]}`
}

let boot: string | undefined
/** Ticks since boot mean nothing after the next one. */
function bootId(): string {
  boot ??= readOrEmpty('/proc/sys/kernel/random/boot_id').trim()
  return boot
}

function startByPs(pid: number): string | undefined {
  const { stdout } = spawnSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], {
    encoding: 'utf8',
    timeout: 5_000,
  })
  const line = (stdout ?? '').trim()
  return line === '' || line.startsWith('Z') ? undefined : line.replace(/^\S+\s+/, '')
}

function readOrEmpty(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
