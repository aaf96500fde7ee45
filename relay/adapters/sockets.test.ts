/** What one message may cost while it comes: bytes, pieces and reads are bounded. */
import { createServer, type Server } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Ledger } from '../limits/ledger.ts'
import { PartialFrames } from '../limits/partial-frames.ts'
import { parseSettings } from '../tables/settings-parse.ts'
import { settled } from '../world/manual-clock-testbed.ts'
import { createSocketServer, inboundBytesMax, type Inbound, type Reading } from './sockets.ts'

let server: Server
const sockets: Socket[] = []
const broken: number[] = []
/** What came, in order. */
const received: string[] = []
const inbound: Inbound = {
  onText: () => undefined,
  onPing: () => void received.push('ping'),
  onUnknownFrame: () => undefined,
  onClose: () => void received.push('close'),
  onProtocolError: (code) => void broken.push(code),
  onEnd: () => void received.push('end'),
  onHeldBack: () => void heldBackBytes.push(partial.usedBytes),
}
const heldBackBytes: number[] = []
const settings = parseSettings({ WEBSOCKET_PARTIAL_FRAMES_BYTES: String(2 * inboundBytesMax) })
if (!settings.ok) throw new Error(settings.problems.join('; '))
const partial = new Ledger(settings.settings).share('partial_frames')
const frames = new PartialFrames(partial)
let reading: Reading

beforeAll(async () => {
  const upgrades = createSocketServer(frames)
  server = createServer().on('upgrade', (request, socket, rest) => {
    sockets.push(socket as Socket)
    upgrades.upgrade(request, socket as Socket, rest, (one) => {
      reading = one
      return inbound
    })
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

async function open(): Promise<Socket> {
  const client = connect({ port: (server.address() as AddressInfo).port, noDelay: true })
  client.on('error', () => undefined)
  sockets.push(client)
  await new Promise<void>((resolve) => {
    client.once('data', () => resolve())
    client.write(hello)
  })
  return client
}

test.each<readonly [string, Buffer, number]>([
  ['is larger than it may be', head(inboundBytesMax + 1, 0x82), 1009],
  ['has too many fragments', fragments, 1008],
  ['comes in crumbs', head(inboundBytesMax, 0x82), 1008],
])('a message that %s breaks the connection', async (_, bytes, code) => {
  const client = await open()
  client.write(bytes)
  const before = broken.length
  for (let crumbs = 0; broken.length === before && crumbs < 20_000; crumbs += 1) {
    client.write(Buffer.alloc(1))
    await settled()
  }
  expect(broken.slice(before)).toEqual([code])
})

/** Waits until what all hold back is so. */
async function held(isSo: (bytes: number) => boolean): Promise<number> {
  for (let turns = 0; !isSo(partial.usedBytes) && turns < 20_000; turns += 1) await settled()
  return partial.usedBytes
}

test('what waits for the end of its message is counted, whole reads and all', async () => {
  expect(await held((bytes) => bytes === 0)).toBe(0)
  const client = await open()
  const message = Buffer.concat([head(500_000, 0x82), Buffer.alloc(500_000)])
  client.write(message.subarray(0, -1))
  const bytes = await held((found) => found >= 500_000)
  expect(bytes).toBeGreaterThanOrEqual(500_000)
  expect(bytes).toBeLessThan(600_000)
  client.write(message.subarray(-1))
  expect(await held((found) => found === 0)).toBe(0)

  // A piece of one byte is a view of the read that it came in, and keeps it.
  const pings = Buffer.concat(Array.from({ length: 400 }, () => controlFrame))
  for (let pieces = 0; pieces < 4; pieces += 1) {
    client.write(Buffer.concat([one(pieces === 0 ? 0x02 : 0x00), pings]))
    const atLeast = (pieces + 1) * pings.length
    expect(await held((found) => found >= atLeast)).toBeGreaterThanOrEqual(atLeast)
  }
  client.destroy()
  expect(await held((found) => found === 0)).toBe(0)
})

/** A ping of 100 bytes. */
const controlFrame = Buffer.concat([Buffer.from([0x89, 0xe4, 0, 0, 0, 0]), Buffer.alloc(100)])

test('when all hold back too much, the one that holds most is closed and freed', async () => {
  const small = await open()
  small.write(Buffer.concat([head(1_000, 0x82), Buffer.alloc(999)]))
  await held((bytes) => bytes >= 999)
  const large = Buffer.concat([head(inboundBytesMax, 0x82), Buffer.alloc(inboundBytesMax - 1)])
  for (let clients = 0; clients < 3; clients += 1) (await open()).write(large)
  for (let turns = 0; heldBackBytes.length === 0 && turns < 20_000; turns += 1) await settled()
  expect(heldBackBytes).toHaveLength(1)
  expect(partial.usedBytes).toBeLessThanOrEqual(2 * inboundBytesMax)
  expect(partial.refusals).toBe(1)
})

test('what came of a client that is not read from is counted when it is looked at', async () => {
  const before = partial.usedBytes
  const client = await open()
  reading.pause()
  client.write(Buffer.concat(Array.from({ length: 300 }, () => controlFrame)))
  for (let turns = 0; partial.usedBytes - before < 30_000 && turns < 20_000; turns += 1) {
    frames.look()
    await settled()
  }
  expect(partial.usedBytes - before).toBeGreaterThanOrEqual(30_000)
  reading.resume()
  expect(await held((bytes) => bytes === before)).toBe(before)
})

test('of the frames of one read, one is taken in a turn of the loop', async () => {
  const client = await open()
  const before = partial.usedBytes
  received.length = 0
  client.write(Buffer.concat(Array.from({ length: 400 }, () => controlFrame)))
  let most = 0
  for (let turns = 0; received.length < 400 && turns < 20_000; turns += 1) {
    const already = received.length
    await new Promise((done) => setImmediate(done))
    most = Math.max(most, received.length - already)
  }
  expect([received.length, most]).toEqual([400, 1])
  expect(await held((bytes) => bytes === before)).toBe(before)
})

test('what was sent before the end is received before it', async () => {
  const client = await open()
  received.length = 0
  const goodBye = Buffer.from([0x88, 0x80, 0, 0, 0, 0])
  client.end(Buffer.concat([controlFrame, controlFrame, controlFrame, goodBye]))
  for (let turns = 0; !received.includes('end') && turns < 2_000; turns += 1) await settled()
  expect(received).toEqual(['ping', 'ping', 'ping', 'close', 'end'])
})
