/**
 * Targets that we start ourselves: the reference relay from source, whole or with one defect, and
 * any command that honours the env contract. Their process is ours to kill, freeze and restart.
 */
import { get } from 'node:http'
import { join } from 'node:path'
import { withDeadline } from '../../relay/world/deadline.ts'
import { sleep } from '../../relay/world/clock.ts'
import { defectOf } from '../defects/index.ts'
import type { RelayProcess } from '../faults/fault.ts'
import { startChild, type OwnedChild } from '../world/child.ts'
import { repoRoot } from '../world/places.ts'
import { holdPorts } from '../world/ports.ts'
import type { World } from '../world/world.ts'
import { environmentOf } from './environment.ts'
import { sayTarget, type RunningTarget, type TargetSpec, type TargetStart } from './target.ts'

type SpawnedSpec = Extract<TargetSpec, { kind: 'reference' | 'command' }>

const startLimitMs = 30_000
/** A relay that honours SIGTERM ends within this time; after it, SIGKILL. */
const stopGraceMs = 15_000

/** Starts the target and waits until it is ready; a target that never is, is the run's trouble. */
export async function startSpawned(
  world: World,
  spec: SpawnedSpec,
  start: TargetStart,
): Promise<RunningTarget> {
  const port = await freePort(start.topic)
  const address = `127.0.0.1:${port}`
  const launch = async (limitMs: number): Promise<OwnedChild> => {
    const child = await startChild(world, {
      role: 'relay',
      ...commandOf(spec),
      env: contract(start, port),
      logFile: start.logFile,
      ready: { probe: (signal) => untilReady(world, address, signal) },
      deadlineMs: limitMs,
    })
    start.onProcess(child.pid, 'start', null, null)
    void child.exited.then(({ code, signal }) => start.onProcess(child.pid, 'exit', code, signal))
    return child
  }
  let child = await launch(startLimitMs)
  const process: RelayProcess = {
    get pid() {
      return child.pid
    },
    async kill(signal, limitMs) {
      child.signal(signal)
      return withDeadline(world.clock, limitMs, `the relay ending on ${signal}`, () => child.exited)
    },
    async start(limitMs) {
      child = await launch(limitMs)
    },
    send: (signal) => void child.signal(signal),
  }
  return {
    says: sayTarget(spec),
    address,
    process,
    async stop() {
      const { code, signal } = await child.stop(stopGraceMs)
      return { code, isKilled: signal === 'SIGKILL' }
    },
  }
}

/** A port that was free a moment ago; the same one is used again after a restart. */
async function freePort(seed: string): Promise<number> {
  const held = await holdPorts(1, seed)
  await held.release()
  return held.ports[0] ?? 0
}

/** The program and its arguments. A user's command is given to a shell, as users expect. */
function commandOf(spec: SpawnedSpec): { command: string; args: readonly string[] } {
  if (spec.kind === 'command') return { command: '/bin/sh', args: ['-c', `exec ${spec.command}`] }
  const { execPath } = process
  const isDefective = spec.defect !== undefined && defectOf(spec.defect).part === 'relay'
  if (!isDefective) return { command: execPath, args: [relayMain] }
  return { command: execPath, args: [defectMain, spec.defect] }
}

const relayMain = join(repoRoot, 'relay/main.ts')
const defectMain = join(repoRoot, 'harness/defects/start-defective.ts')

/** The env contract of a relay, with what the scenario asked for on top. */
function contract(start: TargetStart, port: number): Record<string, string> {
  return {
    KAFKA_BROKERS: start.kafkaBrokers.join(','),
    KAFKA_TOPIC: start.topic,
    KAFKA_DLQ_TOPIC: start.dlqTopic,
    KAFKA_GROUP_ID: start.groupId,
    REDIS_URL: start.redisUrl,
    WEBSOCKET_HOST: '127.0.0.1',
    WEBSOCKET_PORT: String(port),
    ...environmentOf(start.settings),
  }
}

/** Asks until the target says that it is ready: `/readyz`, or `/health` where it has none. */
async function untilReady(world: World, address: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    const ready = await statusOf(`http://${address}/readyz`, signal)
    if (ready === 200) return
    if (ready === 404 && (await statusOf(`http://${address}/health`, signal)) === 200) return
    await sleep(world.clock, 100, signal)
  }
}

/** HTTP status of a page; 0 where nobody answers. */
function statusOf(url: string, signal: AbortSignal): Promise<number> {
  return new Promise((resolve) => {
    const request = get(url, { signal, timeout: 2_000 }, (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
    request.on('timeout', () => request.destroy())
    request.on('error', () => resolve(0))
  })
}
