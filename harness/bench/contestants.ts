/** Who is measured, and how it is started: the relay and the plain fan-out, as child processes. */
import { get } from 'node:http'
import { fileURLToPath } from 'node:url'
import { sleep } from '../../relay/world/clock.ts'
import { onFreePorts } from '../stack/free-ports.ts'
import type { Stack } from '../stack/stack.ts'
import { startChild, type OwnedChild } from '../world/child.ts'
import type { World } from '../world/world.ts'

export const contestants = ['relay', 'plain'] as const
export type Contestant = (typeof contestants)[number]

export interface Started {
  readonly child: OwnedChild
  readonly port: number
}

const startLimitMs = 30_000
const fileOf = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/** Starts one on a topic that exists, and waits until it has its partitions. */
export function startContestant(
  world: World,
  stack: Stack,
  who: Contestant,
  topic: string,
  logFile: string,
): Promise<Started> {
  const brokers = stack.kafkaDirect.join(',')
  return onFreePorts({ role: who, count: 1, seed: topic }, async ([port = 0]) => {
    const spec = who === 'relay' ? relay(stack, brokers, topic, port) : plain(brokers, topic, port)
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

const plain = (brokers: string, topic: string, port: number) => ({
  args: [fileOf('plain-relay.ts'), brokers, topic, `bench-${topic}`, String(port)],
})

const relay = (stack: Stack, brokers: string, topic: string, port: number) => ({
  args: [fileOf('../../relay/main.ts')],
  env: {
    KAFKA_BROKERS: brokers,
    KAFKA_TOPIC: topic,
    KAFKA_GROUP_ID: `bench-${topic}`,
    REDIS_URL: stack.redisDirect,
    WEBSOCKET_PORT: String(port),
    WEBSOCKET_MAX_CONNECTIONS_PER_IP: '100000',
    LOG_LEVEL: 'warn',
  },
})

async function untilReady(world: World, port: number, signal: AbortSignal): Promise<void> {
  while ((await statusOf(`http://127.0.0.1:${port}/readyz`, signal)) !== 200) {
    await sleep(world.clock, 50, signal)
  }
}

function statusOf(url: string, signal: AbortSignal): Promise<number> {
  return new Promise((resolve) => {
    get(url, { signal }, (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    }).on('error', () => resolve(0))
  })
}
