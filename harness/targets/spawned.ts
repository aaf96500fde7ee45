/**
 * Targets that the harness starts: a program configured by environment variables. The harness can
 * kill, freeze and restart its process.
 */
import { withDeadline } from '../../relay/world/deadline.ts'
import { sleep } from '../../relay/world/clock.ts'
import type { RelayProcess, RunningTarget, TargetStart } from './target.ts'
import { startChild } from '../world/child.ts'
import type { Exit, OwnedChild } from '../world/owned-child.ts'
import { listenerOn } from '../world/listener.ts'
import { freePort } from '../world/ports.ts'
import { identify, isRunning, type ProcessIdentity } from '../world/processes.ts'
import { Trouble, type TroubleCode } from '../world/trouble.ts'
import type { World } from '../world/world.ts'
import { contractOf } from './environment.ts'
import { sayAsked, untilReady, type Asked } from './readiness.ts'
import { stopInOrder } from './stop-in-order.ts'

/** A program that becomes a relay. */
export interface Spawned {
  readonly says: string
  readonly command: string
  readonly args: readonly string[]
  /** Variables of its own, beside those of the contract, which they cannot override. */
  readonly env?: Readonly<Record<string, string>>
}

const startLimitMs = 30_000
/** How often to look whether a process behind a wrapper is gone. */
const lookEveryMs = 50
/** What a wrapper without its relay may take to see that it has nothing left to do. */
const wrapperGraceMs = 500

/** A relay that runs: what we started, and the process that has its sockets. Often the same. */
interface Launched {
  readonly child: OwnedChild
  readonly pid: number
  /** Undefined where it ended as soon as it was ready. */
  readonly relay: ProcessIdentity | undefined
  /** How it ended; without a code and a signal where a wrapper keeps that to itself. */
  readonly exited: Promise<Exit>
}

/** Starts the target and waits until it is ready; a target that never is, is the run's trouble. */
export async function startSpawned(
  world: World,
  spec: Spawned,
  start: TargetStart,
): Promise<RunningTarget> {
  const port = await freePort(`${world.mark}/${start.topic}`)
  let starts = 0
  const launchAgain = (limitMs: number, environment?: Readonly<Record<string, string>>) => {
    starts += 1
    const logFile = starts === 1 ? start.logFile : `${start.logFile}.start-${starts}`
    return launch(world, spec, { ...start, logFile }, port, limitMs, environment)
  }
  let running = await launchAgain(start.readyLimitMs ?? startLimitMs)
  const kill: RelayProcess['kill'] = (signal, limitMs) => {
    if (isUp(running)) start.onProcess(running.pid, 'signal', null, signal)
    return withDeadline(world.clock, limitMs, `the relay ending on ${signal}`, () =>
      end(running, signal),
    )
  }
  const process: RelayProcess = {
    get pid() {
      return running.pid
    },
    kill,
    async start(limitMs, environment) {
      running = await launchAgain(limitMs, environment)
    },
    send: (signal) => signalRelay(running, signal),
  }
  return {
    says: spec.says,
    address: addressOf(port),
    process,
    stop: () => stopInOrder(world.clock, kill, running.child),
  }
}

const isUp = ({ relay }: Launched) => relay !== undefined && isRunning(relay)

const addressOf = (port: number) => `127.0.0.1:${port}`

async function launch(
  world: World,
  spec: Spawned,
  start: TargetStart,
  port: number,
  limitMs: number,
  environment: Readonly<Record<string, string>> = {},
): Promise<Launched> {
  const address = addressOf(port)
  let last: Asked | undefined
  let child: OwnedChild
  try {
    child = await startChild(world, {
      role: 'relay',
      command: spec.command,
      args: spec.args,
      // Only these variables give the relay the servers of this run.
      env: { ...spec.env, ...contractOf(start, port), ...environment },
      logFile: start.logFile,
      ...(start.onLine !== undefined && { onLine: start.onLine }),
      ready: {
        probe: (signal) => untilReady(world.clock, address, signal, (asked) => (last = asked)),
      },
      deadlineMs: limitMs,
    })
  } catch (error) {
    throw unready(spec, address, last, error)
  }
  const pid = listenerOn(port, world.mark) ?? child.pid
  const relay = identify(pid)
  start.onProcess(pid, 'start', null, null)
  const exited = exitOf(world, child, relay)
  void exited.then(({ code, signal }) => start.onProcess(pid, 'exit', code, signal))
  return { child, pid, relay, exited }
}

/** Settles when the relay is gone, though its wrapper may live on. */
async function exitOf(world: World, child: OwnedChild, relay: ProcessIdentity | undefined) {
  if (relay === undefined || relay.pid === child.pid) return child.exited
  while (child.exit === undefined && isRunning(relay)) await sleep(world.clock, lookEveryMs)
  const unknown: Exit = { code: null, signal: null }
  return Promise.race([child.exited, sleep(world.clock, wrapperGraceMs).then(() => unknown)])
}

const startTroubles: ReadonlySet<TroubleCode> = new Set([
  'child-late',
  'child-died',
  'child-unstartable',
])

/** What a user must know whose relay does not come up: what was asked of it, and what it said. */
function unready(spec: Spawned, address: string, last: Asked | undefined, error: unknown) {
  if (!(error instanceof Trouble) || !startTroubles.has(error.code)) return error
  const found = last === undefined ? '' : `${sayAsked(last)}. `
  return new Trouble(
    'target-unready',
    `${spec.says} is not ready at ${address}. ${found}${error.what}`,
    'it must listen on WEBSOCKET_HOST:WEBSOCKET_PORT and answer /readyz or /health with 200',
    error,
  )
}

/** Sends a signal and waits until the relay is gone, then ends what wraps it. */
async function end(launched: Launched, signal: 'SIGKILL' | 'SIGTERM') {
  const { child, exited } = launched
  signalRelay(launched, signal)
  const exit = await exited
  if (child.exit === undefined) await child.stop(wrapperGraceMs)
  return exit
}

function signalRelay(launched: Launched, signal: NodeJS.Signals): void {
  const { child, pid } = launched
  if (child.pid === pid) child.signal(signal)
  else if (isUp(launched)) process.kill(pid, signal)
}
