/**
 * The relay of a stack that runs it itself, from its image: what operators deploy. Each scenario
 * gets a container of its own, with the settings that it asks for; its process is stopped, killed
 * and paused through the engine.
 */
import { withDeadline } from '../../relay/world/deadline.ts'
import type { RelayService } from '../stack/stack.ts'
import { startChild } from '../world/child.ts'
import type { Exit, OwnedChild } from '../world/owned-child.ts'
import { Trouble } from '../world/trouble.ts'
import type { World } from '../world/world.ts'
import { contractOf } from './environment.ts'
import { targetKind } from './kind.ts'
import { sayAsked, untilReady, type Asked } from './readiness.ts'
import { stopInOrder } from './stop-in-order.ts'
import type { RelayProcess, RunningTarget, TargetStart } from './target.ts'

const name = "the image of --stack compose's relay"

export const image = targetKind({
  says: 'the relay of --stack compose, from its image',
  capabilities: {
    isConfigurable: true,
    hasProcess: true,
    takesDefects: false,
    isOurs: true,
    isOfStack: true,
  },
  target: { form: '"image"', isIt: (text) => text === 'image' },
  options: {},
  parse: () => ({}),
  name: () => name,
  recorded: {},
  record: () => ({}),
  start: (world, _, start) => startImage(world, start),
})

const startLimitMs = 30_000

const outOfMemory = "the kernel killed the relay: its container's memory limit was reached"

interface Launched {
  readonly child: OwnedChild
  readonly pid: number
  readonly address: string
  readonly exited: Promise<Exit>
}

async function startImage(world: World, start: TargetStart): Promise<RunningTarget> {
  const { service } = start
  if (service === undefined) {
    throw new Trouble('target-unready', `${name} needs that stack`, 'add --stack compose')
  }
  const contract = { ...contractOf(start, service.port), WEBSOCKET_HOST: '0.0.0.0' }
  let starts = 0
  const launchNext = (limitMs: number) => {
    starts += 1
    const logFile = starts === 1 ? start.logFile : `${start.logFile}.start-${starts}`
    return launch(world, service, { ...start, logFile }, limitMs)
  }
  await service.create(contract)
  let running = await launchNext(start.readyLimitMs ?? startLimitMs)
  const { address } = running
  const isUp = () => running.child.exit === undefined
  const kill: RelayProcess['kill'] = (signal, limitMs) => {
    if (isUp()) start.onProcess(running.pid, 'signal', null, signal)
    return withDeadline(world.clock, limitMs, `the relay ending on ${signal}`, async () => {
      if (isUp()) await send(service, signal, isUp)
      return running.exited
    })
  }
  const process: RelayProcess = {
    get pid() {
      return running.pid
    },
    kill,
    async start(limitMs, environment) {
      if (environment !== undefined) await service.create({ ...contract, ...environment })
      const next = await launchNext(limitMs)
      if (next.address !== address) throw moved(address, next.address)
      running = next
    },
    // What comes of it is measured by whoever sends it.
    send: (signal) => void send(service, signal, isUp).catch(() => undefined),
  }
  return {
    says: name,
    address,
    process,
    stop: () => stopInOrder(world.clock, kill, running.child),
  }
}

/** One that ended meanwhile needs no signal. */
async function send(service: RelayService, signal: NodeJS.Signals, isUp: () => boolean) {
  try {
    await service.signal(signal)
  } catch (error) {
    if (isUp() && (await service.see()).isRunning) throw error
  }
}

/** Starts the container and waits until its relay is ready. */
async function launch(
  world: World,
  service: RelayService,
  start: TargetStart,
  limitMs: number,
): Promise<Launched> {
  const { command, args, variables } = service.runs
  let last: Asked | undefined
  let seen: Awaited<ReturnType<RelayService['see']>> | undefined
  let child: OwnedChild
  try {
    child = await startChild(world, {
      role: 'relay',
      command,
      args,
      env: variables,
      logFile: start.logFile,
      ...(start.onLine !== undefined && { onLine: start.onLine }),
      ready: {
        async probe(signal) {
          seen = await service.see()
          if (!seen.isRunning) throw new Error('its container does not run yet')
          await untilReady(world.clock, seen.address, signal, (asked) => (last = asked))
        },
      },
      deadlineMs: limitMs,
    })
  } catch (error) {
    await service.signal('SIGKILL').catch(() => undefined)
    throw unready(last, error)
  }
  const { pid = 0, address = '' } = seen ?? {}
  start.onProcess(pid, 'start', null, null)
  const exited = child.exited.then(exitOfContainer)
  void exited.then((exit) => sayEnd(service, start, pid, exit))
  return { child, pid, address, exited }
}

/** An exit code says nothing of why the kernel killed it. */
async function sayEnd(service: RelayService, start: TargetStart, pid: number, exit: Exit) {
  start.onProcess(pid, 'exit', exit.code, exit.signal)
  const ended = await service.see().catch(() => undefined)
  if (ended?.wasOutOfMemory === true) start.onLine?.(outOfMemory)
}

/** What a shell and an engine add to the number of the signal that ended a process. */
const signalBase = 128
const signals: Readonly<Record<number, NodeJS.Signals>> = {
  6: 'SIGABRT',
  9: 'SIGKILL',
  11: 'SIGSEGV',
  15: 'SIGTERM',
}

/** How the relay ended, from the exit code by which the engine tells it. */
export function exitOfContainer({ code, signal }: Exit): Exit {
  const named = code === null ? undefined : signals[code - signalBase]
  return named === undefined ? { code, signal } : { code: null, signal: named }
}

function unready(last: Asked | undefined, error: unknown): unknown {
  if (!(error instanceof Trouble) || !error.code.startsWith('child-')) return error
  const found = last === undefined ? '' : `${sayAsked(last)}. `
  return new Trouble(
    'target-unready',
    `${name} is not ready. ${found}${error.what}`,
    'it must listen on WEBSOCKET_HOST:WEBSOCKET_PORT and answer /readyz or /health with 200',
    error,
  )
}

const moved = (from: string, to: string) =>
  new Trouble(
    'target-unready',
    `${name} was at ${from} and came back at ${to}`,
    'run again; nothing else may join the network of the run',
  )
