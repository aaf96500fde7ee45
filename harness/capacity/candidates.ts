/** Who is measured, and how it is started: the relay and the baseline relay, as child processes. */
import { get } from 'node:http'
import { fileURLToPath } from 'node:url'
import { sleep } from '../../relay/world/clock.ts'
import { onFreePorts } from '../stack/free-ports.ts'
import type { Stack } from '../stack/stack.ts'
import { startChild } from '../world/child.ts'
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
          ? { probe: (signal) => untilReady(world, port, signal) }
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

async function untilReady(world: World, port: number, signal: AbortSignal): Promise<void> {
  while ((await ask(`http://127.0.0.1:${port}/readyz`, signal)).status !== 200) {
    await sleep(world.clock, 50, signal)
  }
}

/** How late timers were since the last time it was asked: beyond what it samples at. */
export interface LoopDelay {
  readonly p99Ms: number
  readonly maxMs: number
}
const samplingMs = 10

/** Reads, and thereby resets, the relay's own measurement of its event loop. */
export async function readLoopDelay({ port }: Started): Promise<LoopDelay> {
  const { body } = await ask(`http://127.0.0.1:${port}/metrics`, AbortSignal.timeout(5_000))
  const late = (name: string) => {
    const seconds = new RegExp(`^nodejs_eventloop_lag_${name}_seconds (\\S+)`, 'm').exec(body)?.[1]
    return Math.max(0, Number(seconds ?? Number.NaN) * 1_000 - samplingMs)
  }
  return { p99Ms: late('p99'), maxMs: late('max') }
}

function ask(url: string, signal: AbortSignal): Promise<{ status: number; body: string }> {
  return new Promise((resolve) => {
    get(url, { signal }, (response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (text: string) => (body += text))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }))
    }).on('error', () => resolve({ status: 0, body: '' }))
  })
}
