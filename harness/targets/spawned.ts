/**
 * Targets that we start ourselves: the reference relay from source, whole or with one defect, and
 * any command that honours the env contract. Their process is ours to kill, freeze and restart.
 */
import { join } from 'node:path'
import { withDeadline } from '../../relay/world/deadline.ts'
import { sleep } from '../../relay/world/clock.ts'
import { defectOf } from '../defects/index.ts'
import type { RelayProcess } from '../faults/fault.ts'
import { startChild, type OwnedChild } from '../world/child.ts'
import { listenerOn } from '../world/listener.ts'
import { repoRoot } from '../world/places.ts'
import { freePort } from '../world/ports.ts'
import { identify } from '../world/processes.ts'
import { isTrouble, Trouble } from '../world/trouble.ts'
import type { World } from '../world/world.ts'
import { contractOf } from './environment.ts'
import { sayAsked, untilReady, type Asked } from './readiness.ts'
import { sayTarget, type RunningTarget, type TargetSpec, type TargetStart } from './target.ts'

type SpawnedSpec = Extract<TargetSpec, { kind: 'reference' | 'command' }>

const startLimitMs = 30_000
/** A relay that honours SIGTERM ends within this time; after it, SIGKILL. */
const stopGraceMs = 15_000
/** How often to look whether a process behind a wrapper is gone. */
const lookEveryMs = 20

/** A relay that runs: what we started, and the process that has its sockets. Often the same. */
interface Launched {
  readonly child: OwnedChild
  readonly pid: number
}

/** Starts the target and waits until it is ready; a target that never is, is the run's trouble. */
export async function startSpawned(
  world: World,
  spec: SpawnedSpec,
  start: TargetStart,
): Promise<RunningTarget> {
  const port = await freePort(`${world.mark}/${start.topic}`)
  let running = await launch(world, spec, start, port, start.readyLimitMs ?? startLimitMs)
  const process: RelayProcess = {
    get pid() {
      return running.pid
    },
    kill: (signal, limitMs) =>
      withDeadline(world.clock, limitMs, `the relay ending on ${signal}`, (aborted) =>
        end(world, running, signal, aborted),
      ),
    async start(limitMs) {
      running = await launch(world, spec, start, port, limitMs)
    },
    send: (signal) => signalRelay(running, signal),
  }
  return {
    says: sayTarget(spec),
    address: addressOf(port),
    process,
    async stop() {
      const { code, signal } = await running.child.stop(stopGraceMs)
      return { code, isKilled: signal === 'SIGKILL' }
    },
  }
}

const addressOf = (port: number) => `127.0.0.1:${port}`

async function launch(
  world: World,
  spec: SpawnedSpec,
  start: TargetStart,
  port: number,
  limitMs: number,
): Promise<Launched> {
  const address = addressOf(port)
  let last: Asked | undefined
  let child: OwnedChild
  try {
    child = await startChild(world, {
      role: 'relay',
      ...commandOf(spec),
      env: contractOf(start, port),
      logFile: start.logFile,
      ready: {
        probe: (signal) => untilReady(world.clock, address, signal, (asked) => (last = asked)),
      },
      deadlineMs: limitMs,
    })
  } catch (error) {
    throw unready(spec, address, last, error)
  }
  const pid = listenerOn(port, world.mark) ?? child.pid
  start.onProcess(pid, 'start', null, null)
  void child.exited.then(({ code, signal }) => start.onProcess(pid, 'exit', code, signal))
  return { child, pid }
}

/** What a user must know whose relay does not come up: what was asked of it, and what it said. */
function unready(spec: SpawnedSpec, address: string, last: Asked | undefined, error: unknown) {
  if (!isTrouble(error, 'child-late') && !isTrouble(error, 'child-died')) return error
  const found = last === undefined ? '' : `${sayAsked(last)}. `
  const what = error.message.slice(0, error.message.lastIndexOf('\n  what to do:'))
  return new Trouble(
    'target-unready',
    `${sayTarget(spec)} is not ready at ${address}. ${found}${what}`,
    'it must listen on WEBSOCKET_HOST:WEBSOCKET_PORT and answer /readyz or /health with 200',
    error,
  )
}

/** Sends a signal and waits until relay and wrapper are gone. */
async function end(
  world: World,
  { child, pid }: Launched,
  signal: 'SIGKILL' | 'SIGTERM',
  aborted: AbortSignal,
) {
  signalRelay({ child, pid }, signal)
  while (identify(pid) !== undefined) await sleep(world.clock, lookEveryMs, aborted)
  // A wrapper without its relay has nothing left to do; most of them see it themselves.
  return child.pid === pid ? child.exited : child.stop(wrapperGraceMs)
}
const wrapperGraceMs = 500

function signalRelay({ child, pid }: Launched, signal: NodeJS.Signals): void {
  if (child.pid === pid) child.signal(signal)
  else if (identify(pid) !== undefined) process.kill(pid, signal)
}

/** The program and its arguments. A user's command is given to a shell, as users expect. */
function commandOf(spec: SpawnedSpec): { command: string; args: readonly string[] } {
  if (spec.kind === 'command') return { command: '/bin/sh', args: ['-c', spec.command] }
  const { execPath } = process
  const isDefective = spec.defect !== undefined && defectOf(spec.defect).part === 'relay'
  if (!isDefective) return { command: execPath, args: [relayMain] }
  return { command: execPath, args: [defectMain, spec.defect] }
}

const relayMain = join(repoRoot, 'relay/main.ts')
const defectMain = join(repoRoot, 'harness/defects/start-defective.ts')
