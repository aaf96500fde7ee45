/** Where a client connects to: brokers of IPv6 too, and names by the family that is asked for. */
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { expect, test } from 'vitest'
import { parseSettings } from '../tables/settings-parse.ts'
import { createKafka, familyOf } from './kafka-client.ts'
import type { Logger } from '../adapters/logger.ts'

const nothing = () => undefined
const quiet: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing }

test('a broker of IPv6 is connected to', async () => {
  const connected = Promise.withResolvers<string | undefined>()
  const server = createServer((socket) => {
    connected.resolve(socket.localAddress)
    socket.destroy()
  })
  server.listen(0, '::1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const parsed = parseSettings({ KAFKA_BROKERS: `[::1]:${port}` })
  if (!parsed.ok) throw new Error(parsed.problems.join('; '))
  const admin = createKafka(parsed.settings, 'test', quiet).admin({ retry: { retries: 0 } })
  const failed = admin.connect().catch((error: unknown) => String(error))
  expect(await Promise.race([connected.promise, failed])).toBe('::1')
  await failed
  await admin.disconnect()
  server.close()
})

test.each([
  ['auto', ['kafka', 'localhost'], 4],
  ['auto', ['127.0.0.7'], 4],
  ['auto', ['kafka'], 0],
  ['auto', ['::1'], 0],
  ['any', ['localhost'], 0],
  ['v4', ['kafka'], 4],
  ['v6', ['localhost'], 6],
] as const)('%s of %j is family %d', (asked, hosts, family) => {
  expect(familyOf(asked, hosts.map((host) => ({ host, port: 1 })))).toBe(family)
})
