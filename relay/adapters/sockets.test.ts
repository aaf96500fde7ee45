/** What one message may cost while it comes: bytes, pieces and reads are bounded. */
import { createServer, type Server } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { settled } from '../world/manual-clock.ts'
import { createSocketServer, inboundBytesMax, type Inbound } from './sockets.ts'

let server: Server
const sockets: Socket[] = []
const broken: number[] = []
const inbound: Inbound = {
  text: () => undefined,
  ping: () => undefined,
  otherwise: () => undefined,
  closing: () => undefined,
  broke: (code) => void broken.push(code),
  fell: () => undefined,
}

beforeAll(async () => {
  const upgrades = createSocketServer()
  server = createServer().on('upgrade', (request, socket, rest) => {
    sockets.push(socket as Socket)
    upgrades.upgrade(request, socket as Socket, rest, () => inbound)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterAll(() => {
  for (const socket of sockets) socket.destroy()
  server.close()
})

const hello =
  'GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n'

/** The head of a binary frame that is or is not the last of its message. */
function head(bytes: number, opcode: number): Buffer {
  const frame = Buffer.alloc(14)
  frame.set([opcode, 0xff])
  frame.writeBigUInt64BE(BigInt(bytes), 2)
  return frame
}

const one = (opcode: number) => Buffer.concat([head(1, opcode), Buffer.alloc(1)])
const fragments = Buffer.concat([one(0x02), ...Array.from({ length: 1_024 }, () => one(0x00))])

test.each<readonly [string, Buffer, number]>([
  ['is larger than it may be', head(inboundBytesMax + 1, 0x82), 1009],
  ['has too many pieces', fragments, 1008],
  ['comes in crumbs', head(inboundBytesMax, 0x82), 1008],
])('a message that %s breaks the connection', async (_, bytes, code) => {
  const client = connect({ port: (server.address() as AddressInfo).port, noDelay: true })
  client.on('error', () => undefined)
  sockets.push(client)
  await new Promise<void>((resolve) => {
    client.once('data', () => resolve())
    client.write(hello)
  })
  client.write(bytes)
  const before = broken.length
  for (let crumbs = 0; broken.length === before && crumbs < 20_000; crumbs += 1) {
    client.write(Buffer.alloc(1))
    await settled()
  }
  expect(broken.slice(before)).toEqual([code])
})
