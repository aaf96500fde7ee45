/** Who is measured, and how it is started: the relay and the baseline relay, as child processes. */
import { fileURLToPath } from 'node:url'
import { readExposition } from '../samplers/exposition.ts'
import { onFreePorts } from '../stack/free-ports.ts'
import type { Stack } from '../stack/stack.ts'
import { untilReady } from '../targets/readiness.ts'
import { startChild } from '../world/child.ts'
import { httpGet } from '../world/http-get.ts'
import type { OwnedChild } from '../world/owned-child.ts'
import type { World } from '../world/world.ts'
import type { Background } from './loads.ts'

export const candidates = ['relay', 'plain'] as const
export type Candidate = (typeof candidates)[number]

export interface Started {
  readonly child: OwnedChild
  readonly port: number
}

const startLimitMs = 30_000
const addressOf = (port: number) => `127.0.0.1:${port}`
const fileOf = (path: string) => fileURLToPath(new URL(path, import.meta.url))

export interface CandidatePlan {
  readonly who: Candidate
  /** Exists already. */
  readonly topic: string
  readonly logFolder: string
  /** Where a CPU profile is written when it ends. */
  readonly profileFolder?: string | undefined
  readonly background?: Background | undefined
}

/** Starts one, and waits until it has its partitions. */
export function startCandidate(world: World, stack: Stack, plan: CandidatePlan): Promise<Started> {
  const { who, topic } = plan
  const logFile = `${plan.logFolder}/${topic}.log`
  return onFreePorts({ role: who, count: 1, seed: topic }, async ([port = 0]) => {
    const spec = who === 'relay' ? relay(stack, plan, port) : plain(stack, topic, port)
    const child = await startChild(world, {
      role: `bench-${who}`,
      command: process.execPath,
      logFile,
      deadlineMs: startLimitMs,
      ...spec,
      ready:
        who === 'relay'
          ? { probe: (signal) => untilReady(world.clock, addressOf(port), signal) }
          : { line: (line) => line.includes('ready') },
    })
    return { child, port }
  })
}

const plain = (stack: Stack, topic: string, port: number) => ({
  args: [
    fileOf('baseline-relay.ts'),
    stack.kafkaDirect.join(','),
    topic,
    `bench-${topic}`,
    String(port),
  ],
})

const relay = (
  stack: Stack,
  { background, profileFolder, topic }: CandidatePlan,
  port: number,
) => ({
  args: [
    ...(profileFolder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileFolder}`]),
    fileOf('../../relay/main.ts'),
  ],
  env: {
    KAFKA_BROKERS: stack.kafkaDirect.join(','),
    KAFKA_TOPIC: topic,
    KAFKA_GROUP_ID: `bench-${topic}`,
    REDIS_URL: background === 'dead Redis' ? stack.redisProxied : stack.redisDirect,
    WEBSOCKET_PORT: String(port),
    WEBSOCKET_MAX_CONNECTIONS_PER_IP: '100000',
    LOG_LEVEL: 'warn',
    // A stalled client is closed within one turn, so that its end is measured too.
    ...(background === 'stalled client' && { WEBSOCKET_SEND_TIMEOUT_SECS: '2' }),
  },
})

/** How late timers were since the last time it was asked: beyond what it samples at. */
export interface LoopDelay {
  readonly p99Ms: number
  readonly maxMs: number
}
const samplingMs = 10

/** Reads, and thereby resets, the relay's own measurement of its event loop. */
export async function readLoopDelay({ port }: Started): Promise<LoopDelay> {
  const page = `http://${addressOf(port)}/metrics`
  const { body } = await httpGet(page, { signal: AbortSignal.timeout(5_000) })
  const { series } = readExposition(body)
  const late = (name: string) => {
    const seconds = series.get(`nodejs_eventloop_lag_${name}_seconds`) ?? Number.NaN
    return Math.max(0, seconds * 1_000 - samplingMs)
  }
  return { p99Ms: late('p99'), maxMs: late('max') }
}
