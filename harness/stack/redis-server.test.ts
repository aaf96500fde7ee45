/** What is asked of Redis, in bytes, and what counts as its answer. */
import { createServer, type AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { systemClock as clock } from '../../relay/world/clock.ts'
import { askRedisVersion, emptyRedis } from './redis-server.ts'

/** Asks a server that gives this answer; returns what it was asked. */
async function asked(answer: string, ask: (port: number) => Promise<unknown>): Promise<unknown[]> {
  const heard: string[] = []
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.on('data', (chunk) => {
      heard.push(String(chunk))
      socket.end(answer)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    const { port } = server.address() as AddressInfo
    const told = await ask(port).catch((why: Error) => why.message)
    return [...heard, told]
  } finally {
    server.close()
  }
}

test('its version', async () => {
  const answer = '$20\r\nredis_version:7.0.15\r\n'
  const told = await asked(answer, (port) => askRedisVersion(clock, port))
  expect(told).toEqual(['INFO server\r\n', '7.0.15'])
})

test('to forget everything', async () => {
  const told = await asked('+OK\r\n', (port) => emptyRedis(clock, port))
  expect(told).toEqual(['FLUSHALL ASYNC\r\n', undefined])
})

test('a refusal is neither, and is reported', async () => {
  const told = await asked('-NOPERM no\r\n', (port) => emptyRedis(clock, port))
  expect(told[1]).toBe('Redis answered FLUSHALL ASYNC with: NOPERM no')
})
