/** Peers that hold a connection and do nothing with it: each is ended, and none is in the way. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterAll, describe, expect, test } from 'vitest'
import { sleep, systemClock as clock } from '../world/clock.ts'
import { createHttpServer, type HttpServer } from './http.ts'

const pendingMax = 8
const page = 'x'.repeat(200_000)
const askPage = 'GET /page HTTP/1.1\r\nHost: x\r\n\r\n'
const upgrade =
  'GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n'

const servers: HttpServer[] = []
const peers: Socket[] = []
const upgraded: Socket[] = []
afterAll(async () => {
  for (const socket of [...peers, ...upgraded]) socket.destroy()
  await Promise.all(servers.map((server) => server.close()))
})

/** @returns its port, and how many it ended because they were too many */
async function serve(timeoutMs: number) {
  const seen = { ended: 0 }
  const server = createHttpServer({
    routes: { '/page': { GET: () => ({ code: 200, body: page }) } },
    timeoutMs,
    pendingMax: () => pendingMax,
    onPendingEnded: () => (seen.ended += 1),
    guard: () => undefined,
    upgradePath: '/ws',
    onUpgrade: (_, socket) => void upgraded.push(socket),
  })
  servers.push(server)
  return { port: await server.listen('127.0.0.1', [0]), seen }
}

async function open(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  peers.push(socket)
  await once(socket, 'connect')
  return socket
}

/** Settles when the connection is over, with or without an error. */
const over = (socket: Socket) =>
  new Promise<void>((resolve) => {
    if (socket.closed) resolve()
    else socket.once('close', () => resolve())
  })

/** Sends this every 50 ms for as long as it is allowed to. */
function drip(socket: Socket, text: string): void {
  const timer = clock.every(50, () => void socket.write(text))
  socket.once('close', () => timer.cancel())
}

describe.concurrent('a peer is ended in time that', () => {
  test.each<readonly [string, (socket: Socket) => void]>([
    ['sends nothing', () => undefined],
    ['sends half a request', (socket) => void socket.write('GET /page HT')],
    [
      'sends its handshake byte by byte',
      (socket) => {
        socket.write('GET /ws?')
        drip(socket, 'x')
      },
    ],
    [
      'sends a body byte by byte',
      (socket) => {
        socket.write('GET /page HTTP/1.1\r\nHost: x\r\nContent-Length: 999\r\n\r\n')
        drip(socket, 'x')
      },
    ],
    // It still sends, which is how it learns that the peer is gone.
    [
      'asks and does not read',
      (socket) => {
        socket.pause()
        drip(socket, askPage)
        socket.write(askPage.repeat(200))
      },
    ],
  ])('%s', async (_, act) => {
    const { port } = await serve(1_000)
    const socket = await open(port)
    act(socket)
    if (!socket.isPaused()) socket.resume()
    await over(socket)
    expect(socket.closed).toBe(true)
  })
})

test('the oldest is closed for one more; upgraded connections do not count', async () => {
  const { port, seen } = await serve(60_000)
  const client = await open(port)
  client.write(upgrade)
  while (upgraded.length === 0) await sleep(clock, 5)
  const silent: Socket[] = []
  while (silent.length < pendingMax) silent.push(await open(port))
  const answered = await fetch(`http://127.0.0.1:${port}/page`)
  await over(silent[0]!.resume())
  expect([answered.status, seen.ended]).toEqual([200, 1])
  expect([client.closed, silent[1]!.closed]).toEqual([false, false])
})
