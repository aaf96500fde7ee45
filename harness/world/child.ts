/**
 * Child processes with an owner. A child leads a process group of its own: Ctrl-C reaches the
 * harness alone, which then ends its children in order; and ending a child ends what it started.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { withDeadline } from '../../relay/world/deadline.ts'
import { sleep } from '../../relay/world/clock.ts'
import { openChildLog, type ChildLog } from './child-log.ts'
import { childEnvironment, secretsOf } from './environment.ts'
import { identify, ownerVariable, signalGroup } from './processes.ts'
import { Trouble } from './trouble.ts'
import { until } from './until.ts'
import type { World } from './world.ts'
import type { OwnedChild, Exit } from './owned-child.ts'

/**
 * When a child counts as ready: one of its lines says so, or a probe no longer throws. A probe is
 * repeated until it passes; each try gets the signal of the whole deadline.
 */
export type Ready =
  | { readonly line: (line: string) => boolean }
  | { readonly probe: Probe }
type Probe = (signal: AbortSignal) => Promise<void>

export interface ChildSpec {
  /** What it is for: `kafka`, `relay`, `fleet`, …; appears in the history and in messages. */
  readonly role: string
  readonly command: string
  /** Never secrets: every user of the machine can read a command line. */
  readonly args?: readonly string[]
  /** Added to the few variables that are inherited. Values of secret names are kept from logs. */
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** Standard output and error, in at most `logBytesMax` (default 8 MiB) with the older half. */
  readonly logFile: string
  readonly logBytesMax?: number
  /** Called with every line, without secrets. */
  readonly onLine?: (line: string) => void
  /** Without it the child is ready as soon as it was started. */
  readonly ready?: Ready
  /** A line that says that it will never be ready: some servers say so and live on. */
  readonly fatalLine?: (line: string) => boolean
  /** For becoming ready. */
  readonly deadlineMs: number
  /** Opens a message channel, for children that run Node. */
  readonly hasChannel?: boolean
}

const logBytesDefault = 8 * 1_024 * 1_024
const stopGraceMs = 5_000
const probeEveryMs = 50
/** How long after its exit the last words of a child may take to arrive. */
const lastWordsMs = 250

/**
 * Starts a child and waits until it is ready.
 *
 * @throws Trouble `child-unstartable`, `child-died` or `child-late`, with the end of its log; the
 * child is gone then
 */
export async function startChild(world: World, spec: ChildSpec): Promise<OwnedChild> {
  const lines = new Set<(line: string) => void>()
  const env = childEnvironment({ ...spec.env, [ownerVariable]: world.mark })
  const log = openChildLog({
    file: spec.logFile,
    bytesMax: spec.logBytesMax ?? logBytesDefault,
    secrets: secretsOf(spec.env ?? {}),
    onLine: (line) => {
      spec.onLine?.(line)
      for (const listen of lines) listen(line)
    },
  })
  const spawned = spawn(spec.command, spec.args ?? [], {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', ...(spec.hasChannel ? ['ipc' as const] : [])],
    env,
    ...(spec.cwd === undefined ? {} : { cwd: spec.cwd }),
  })
  const child = await own(world, spec, spawned, log)
  const { ready } = spec
  if (ready === undefined) return child
  try {
    await withDeadline(world.clock, spec.deadlineMs, 'its start', (signal) =>
      Promise.race([
        'line' in ready ? untilLine(lines, ready.line) : untilProbe(world, ready.probe, signal),
        child.exited.then(() => Promise.reject(new Error('it has ended'))),
        untilLine(lines, spec.fatalLine ?? (() => false)).then(() =>
          Promise.reject(new Error('it says that it cannot start')),
        ),
      ]),
    )
    return child
  } catch (error) {
    throw await failed(world, spec, child, error)
  }
}

/** Puts a spawned process into the world's hands. */
async function own(
  world: World,
  spec: ChildSpec,
  spawned: ChildProcess,
  log: ChildLog,
): Promise<OwnedChild> {
  for (const stream of [spawned.stdout, spawned.stderr]) {
    stream?.setEncoding('utf8')
    stream?.on('data', (text: string) => log.take(text))
  }
  spawned.once('close', () => log.close())
  // A stray that holds the other end of a pipe must not keep us waiting for the end of it.
  spawned.once('exit', () => {
    world.clock.after(lastWordsMs, () => {
      spawned.stdout?.destroy()
      spawned.stderr?.destroy()
    })
  })
  const pid = spawned.pid
  if (pid === undefined) {
    const cause = await new Promise((resolve) => spawned.once('error', resolve))
    throw new Trouble(
      'child-unstartable',
      `${spec.role}: cannot start ${spec.command}: ${(cause as Error).message}`,
      'check that the program exists and may be executed: npm run chaos -- doctor',
      cause,
    )
  }
  // Errors of a process that did start concern its channel or a signal; its exit shows the rest.
  spawned.on('error', () => undefined)
  const child = face(world, spec, spawned, pid, log)
  const entry = { role: spec.role, ...(identify(pid) ?? { pid, start: 'ended at once' }) }
  try {
    world.adopt(child, entry)
  } catch (error) {
    await child.stop(0)
    throw new Trouble(
      'disk-full',
      `${spec.role}: cannot write the ledger that ensures its end: ${(error as Error).message}`,
      'make room, and check the rights of the folder .chaos',
      error,
    )
  }
  // What it started and left behind in its group ends with it.
  void child.exited.then(() => signalGroup(pid, 'SIGKILL')).then(() => world.release(entry))
  return child
}

function face(
  world: World,
  spec: ChildSpec,
  spawned: ChildProcess,
  pid: number,
  log: ChildLog,
): OwnedChild {
  let exit: Exit | undefined
  const exited = new Promise<Exit>((resolve) => {
    spawned.once('exit', (code, signal) => {
      exit = { code, signal }
      resolve(exit)
    })
  })
  const stop = async (graceMs: number) => {
    if (exit === undefined) signalGroup(pid, 'SIGTERM')
    await Promise.race([exited, sleep(world.clock, Math.max(graceMs, 1))])
    if (exit === undefined) signalGroup(pid, 'SIGKILL')
    return exited
  }
  return {
    role: spec.role,
    pid,
    exited,
    get exit() {
      return exit
    },
    stop: (graceMs = stopGraceMs) => stop(graceMs),
    signal: (signal) => exit === undefined && spawned.kill(signal),
    tail: () => log.tail(),
    send: (message) => spawned.connected && spawned.send(message, () => undefined),
    onMessage: (listener) => void spawned.on('message', listener),
  }
}

function untilLine(
  lines: Set<(line: string) => void>,
  isReady: (line: string) => boolean,
): Promise<void> {
  return new Promise((resolve) => {
    const listen = (line: string) => {
      if (!isReady(line)) return
      lines.delete(listen)
      resolve()
    }
    lines.add(listen)
  })
}

/** Asks until the probe passes: the deadline around us, or the child's end, ends it before. */
const untilProbe = ({ clock }: World, probe: Probe, signal: AbortSignal) =>
  until({ clock, signal }, Infinity, probeEveryMs, () =>
    probe(signal).then(
      () => true,
      () => false,
    ),
  )

/** Ends a child that did not become ready, and says why with its last words. */
async function failed(
  world: World,
  spec: ChildSpec,
  child: OwnedChild,
  cause: unknown,
): Promise<Trouble> {
  const { exit } = child
  await child.stop(0)
  await sleep(world.clock, lastWordsMs)
  const what =
    exit === undefined
      ? `${spec.role} was not ready: ${(cause as Error).message}`
      : `${spec.role} ended before it was ready (${exit.signal ?? `code ${exit.code}`})`
  return new Trouble(
    exit === undefined ? 'child-late' : 'child-died',
    `${what}. Its last words:\n${indent(child.tail() || '(none)')}`,
    `read ${spec.logFile}, and see what this machine lacks: npm run chaos -- doctor`,
    cause,
  )
}

const indent = (text: string) => text.replaceAll(/^/gm, '    ')
