/** One Redis for one run: nothing on disk, memory bounded, evicting like a cache. */
import { connect } from 'node:net'
import { join } from 'node:path'
import type { Clock } from '../../relay/world/clock.ts'
import { withDeadline } from '../../relay/world/deadline.ts'
import type { Found } from '../toolchain/tools.ts'
import { startChild, type OwnedChild } from '../world/child.ts'
import type { World } from '../world/world.ts'

const readyLimitMs = 10_000
const answerLimitMs = 1_000

/** Starts Redis on a port of 127.0.0.1 and waits until it answers. */
export function startRedis(
  world: World,
  tool: Found,
  folder: string,
  logFolder: string,
  port: number,
): Promise<OwnedChild> {
  return startChild(world, {
    role: 'redis',
    command: tool.path,
    args: Object.entries(settings(folder, port)).flatMap(([name, value]) => [`--${name}`, value]),
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
export function askRedisVersion(clock: Clock, port: number): Promise<string> {
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
      const version = /redis_version:(\S+)/.exec(text)?.[1]
      if (version === undefined) return
      resolve(version)
      socket.destroy()
    })
    socket.write('INFO server\r\n')
    return promise
  })
}
