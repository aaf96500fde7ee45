/** One Redis for one run: nothing on disk, memory bounded, evicting like a cache. */
import { connect } from 'node:net'
import { join } from 'node:path'
import type { Clock } from '../../relay/world/clock.ts'
import { withDeadline } from '../../relay/world/deadline.ts'
import type { Found } from '../toolchain/tools.ts'
import { startChild } from '../world/child.ts'
import type { OwnedChild } from '../world/owned-child.ts'
import type { World } from '../world/world.ts'

const readyLimitMs = 10_000
const answerLimitMs = 1_000

/**
 * Starts Redis on a port of 127.0.0.1 and waits until it answers.
 *
 * @param more settings of redis.conf, added to ours or replacing them
 */
export function startRedis(
  world: World,
  tool: Found,
  folder: string,
  logFolder: string,
  port: number,
  more: Readonly<Record<string, string>> = {},
): Promise<OwnedChild> {
  return startChild(world, {
    role: 'redis',
    command: tool.path,
    args: Object.entries({ ...settings(folder, port), ...more }).flatMap(([name, value]) => {
      return [`--${name}`, value]
    }),
    env: tool.env,
    logFile: join(logFolder, 'redis.log'),
    deadlineMs: readyLimitMs,
    ready: { probe: async () => void (await askRedisVersion(world.clock, port)) },
  })
}

function settings(folder: string, port: number) {
  return {
    bind: '127.0.0.1',
    port: String(port),
    save: '',
    appendonly: 'no',
    dir: folder,
    maxmemory: '256mb',
    'maxmemory-policy': 'allkeys-lru',
  }
}

/** The version that a Redis on 127.0.0.1 reports. */
export const askRedisVersion = (clock: Clock, port: number): Promise<string> =>
  askRedis(clock, port, 'INFO server', /redis_version:(\S+)/)

/** Takes everything out of a Redis on 127.0.0.1. */
export const emptyRedis = async (clock: Clock, port: number): Promise<void> =>
  void (await askRedis(clock, port, 'FLUSHALL ASYNC', /^\+(OK)/))

/** What the first group of `wanted` finds in the answer; rejects with the answer that refuses. */
export function askRedis(
  clock: Clock,
  port: number,
  command: string,
  wanted: RegExp,
): Promise<string> {
  return withDeadline(clock, answerLimitMs, `Redis on port ${port}`, (signal) => {
    const { promise, resolve, reject } = Promise.withResolvers<string>()
    const socket = connect({ port, host: '127.0.0.1' })
    signal.addEventListener('abort', () => socket.destroy(), { once: true })
    let text = ''
    socket.setEncoding('utf8')
    socket.on('error', reject)
    socket.on('close', () => reject(new Error('Redis closed the connection')))
    socket.on('data', (chunk) => {
      text += chunk
      const refused = /^-(.*)\r\n/.exec(text)?.[1]
      if (refused !== undefined) reject(new Error(`Redis answered ${command} with: ${refused}`))
      const found = wanted.exec(text)?.[1]
      if (found !== undefined) resolve(found)
      if (found !== undefined || refused !== undefined) socket.destroy()
    })
    socket.write(`${command}\r\n`)
    return promise
  })
}
