/** A whole relay that finds neither Kafka nor Redis, and how to speak to it in plain bytes. */
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { certificateProblems } from './adapters/certificates.ts'
import type { Logger } from './adapters/logger.ts'
import { Relay } from './relay.ts'
import { parseSettings, type Environment } from './tables/settings-parse.ts'
import { wire } from './wiring.ts'
import { sleep, systemClock as clock } from './world/clock.ts'

const nothing = () => undefined
const logger = { debug: nothing, info: nothing, warn: nothing, error: nothing }
const relays: Relay[] = []

/** For the end of a file. */
export const stopAll = () => Promise.all(relays.map((relay) => relay.stop()))

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** @returns its port */
export async function open(env: Environment = {}, received: Partial<Logger> = {}): Promise<number> {
  const port = await freePort()
  const asked = {
    KAFKA_BROKERS: '127.0.0.1:1',
    REDIS_URL: 'redis://127.0.0.1:1',
    WEBSOCKET_PORT: String(port),
    REDIS_CLEAR_TIMEOUT_SECS: '1',
    ...env,
  }
  const parsed = parseSettings(asked, certificateProblems)
  if (!parsed.ok) throw new Error(parsed.problems.join('; '))
  const relay = new Relay(wire(parsed.settings, { clock, logger: { ...logger, ...received } }))
  relays.push(relay)
  return relay.start()
}

export const head = (first: string, lines: readonly string[]) =>
  `${[first, ...lines].join('\r\n')}\r\n\r\n`
const upgradeLines = [
  'Upgrade: websocket',
  'Connection: Upgrade',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Version: 13',
]
export const get = (path: string, ...lines: readonly string[]) =>
  head(`GET ${path} HTTP/1.1`, lines)
export const upgrade = (...lines: readonly string[]) => get('/ws', ...upgradeLines, ...lines)
export const local = 'Host: localhost'

/** Sends bytes; returns what came until there was `enough`, or the end of the connection. */
export async function say(
  port: number,
  bytes: string | Buffer,
  enough = /\r\n\r\n./s,
  socket: Socket = connect(port, '127.0.0.1'),
): Promise<string> {
  let came = ''
  socket.on('data', (chunk) => (came += chunk.toString('latin1')))
  socket.on('error', nothing)
  socket.write(bytes)
  const endMs = clock.nowMs() + 3_000
  while (!socket.closed && !enough.test(came) && clock.nowMs() < endMs) await sleep(clock, 5)
  socket.destroy()
  return came
}
export const statusOf = (answer: string) => Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1])

