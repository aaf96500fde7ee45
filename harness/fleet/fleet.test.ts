import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { crc32 } from 'node:zlib'
import { describe, expect, it, vi } from 'vitest'
import { WebSocketServer, type WebSocket } from 'ws'
import { systemClock } from '../../relay/world/clock.ts'
import { episode } from '../records/malformed-case.ts'
import { shakeHands } from '../wire/raw-server-testbed.ts'
import { byText, fleetTestbed, howItEnded } from './fleet-testbed.ts'
import { kindOf } from '../history/event.ts'

const seed = 'fleet'
const { perform, owned, rawServer, connect, status, events, journal } = fleetTestbed(seed)
const relay = (...args: Parameters<typeof startTestRelay>) => owned(startTestRelay(...args))
const until = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 8_000 })
const resetText = '{"type":"cursor_reset"}'
/** Pings as a stimulus has them sent. */
const pings = (kind: 'json' | 'native', each: number) =>
  ({
    do: 'send',
    group: 'g',
    ...(kind === 'json'
      ? { opcode: 'text' as const, text: '{"type":"ping"}' }
      : { opcode: 'ping' as const, text: 'p'.repeat(125) }),
    what: `ping:${kind}`,
    each,
  }) as const
const bytes = (size: number) => Buffer.alloc(size, 'r')

describe('a fast client', () => {
  it('records every delivery once, in runs, with the bytes of its first sight', async () => {
    const { url, sockets } = await relay()
    await connect(url, {}, 3)
    for (const socket of sockets) {
      for (let at = 0; at < 100; at += 1) sendRecord(socket, at % 2, 40 + (at >> 1), bytes(at))
    }
    await until(async () => expect((await status()).deliveries).toBe(300))
    expect((await status()).floor).toEqual({ 0: '89', 1: '89' })
    await perform({ do: 'finish' })
    const seen = events('seen').map((event) => [event[2], event[3], event[4].length])
    expect(seen.sort(byText)).toEqual([[0, '40', 50], [1, '40', 50]])
    expect(events('seen')[0]![4][1]).toBe(crc32(bytes(2)))
    expect(events('seen')[0]![5][1]).toBe(2)
    const told = events('delivered').map((event) => event.slice(2, 6))
    expect(told.filter(([client]) => client === 2).sort(byText)).toEqual([
      [2, 0, '40', 50],
      [2, 1, '40', 50],
    ])
    expect(new Set(events('delivered').map((event) => event[7]))).toEqual(new Set(['live']))
    expect(events('closed').map(howItEnded)).toEqual(
      Array.from({ length: 3 }, () => [1_000, '', 'client']),
    )
  })

  it('counts what lies between resume and replay_complete as replay', async () => {
    const { url, sockets, received } = await relay((socket) => {
      socket.once('message', () => {
        sendRecord(socket, 0, 1, bytes(1))
        socket.send('{"type":"replay_complete","totalReplayed":1}')
        sendRecord(socket, 0, 2, bytes(1))
      })
    })
    await connect(url, { resume: 'earliest' })
    await until(async () => expect((await status()).deliveries).toBe(2))
    sockets[0]!.terminate()
    await until(() => expect(events('closed')).toHaveLength(1))
    expect(JSON.parse(received[0]!)).toMatchObject({ type: 'resume', from: 'earliest' })
    const kinds = journal().events.map(kindOf)
    const replayed = ['seen', 'delivered', 'control']
    expect(kinds).toEqual(['opened', 'sent', ...replayed, 'seen', 'delivered', 'closed'])
    expect(events('delivered').map((event) => event[7])).toEqual(['replay', 'live'])
    expect(events('sent')[0]!.slice(3)).toEqual(['resume:earliest', 1])
  })

  it('reports bytes that differ, records without cursors and cursors without records', async () => {
    const { url, sockets } = await relay()
    await connect(url, {}, 2)
    sendRecord(sockets[0]!, 0, 1, bytes(9))
    await until(async () => expect((await status()).deliveries).toBe(1))
    sendRecord(sockets[1]!, 0, 1, bytes(8))
    sockets[1]!.send(bytes(1))
    sockets[1]!.send('{"type":"cursor","partition":0,"offset":"7"}')
    sockets[1]!.send('{"type":"gap","count":1}')
    sockets[1]!.send('not json')
    await until(() => expect(events('garbled')).toHaveLength(4))
    expect(events('garbled').map((event) => event.slice(2))).toEqual([
      [2, 0, '1', 'bytes-differ'],
      [2, -1, '-1', 'record-without-cursor'],
      [2, -1, '-1', 'frame-inside-pair'],
      [2, -1, '-1', 'text-not-json'],
    ])
    expect(events('control')[0]![3]).toEqual({ type: 'gap', count: 1 })
  })

  it('answers pings, counts pongs and reports who closed it and why', async () => {
    let ponged = ''
    const { url, sockets } = await relay((socket) => {
      socket.on('message', () => socket.send('{"type":"pong"}'))
      socket.on('pong', (payload) => {
        ponged = payload.toString()
        socket.close(4_008, 'too slow')
      })
    })
    await connect(url)
    await perform(pings('json', 5))
    await perform(pings('native', 7))
    sockets[0]!.ping('are you there')
    await until(() => expect(events('closed')).toHaveLength(1))
    expect(ponged).toBe('are you there')
    expect(events('sent').map((event) => event.slice(3))).toEqual([
      ['ping:json', 5],
      ['ping:native', 7],
    ])
    const pongs = events('control').map((event) => event[3]['count'] as number)
    expect(pongs.reduce((sum, count) => sum + count, 0)).toBe(12)
    expect(howItEnded(events('closed')[0]!)).toEqual([4_008, 'too slow', 'relay'])
  })
})

describe('a client that is not let in', () => {
  it.each([429, 401, 503])('reports status %i', async (code) => {
    const { url } = await relay(undefined, code)
    const told = await connect(url, {}, 2)
    expect(told.groups['g']).toMatchObject({ open: 0, refused: 2, closed: 0 })
    const refused = { group: 'g', status: code }
    expect(events('refused')).toMatchObject([refused, refused])
  })

  it('reports that nothing listens', async () => {
    await connect('ws://127.0.0.1:1/ws')
    expect(events('refused')[0]).toMatchObject({ group: 'g', status: 0, why: 'ECONNREFUSED' })
  })

  it('reports a missing answer, in time', async () => {
    const { url } = await rawServer(() => undefined)
    const spec = { count: 1, reads: 'fast' } as const
    await perform({ do: 'connect', group: 'g', url, count: 1, spec, deadlineMs: 50 })
    expect(events('refused')[0]!.why).toContain('no answer')
  })

  it('refuses an answer that does not know its key', async () => {
    const { url } = await rawServer((socket) => {
      socket.end('HTTP/1.1 101 OK\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n')
    })
    await connect(url)
    expect(events('refused')[0]!.why).toContain('Sec-WebSocket-Accept')
  })
})

describe('a stalled client', () => {
  it('takes nothing more from the kernel, until it goes on', async () => {
    const { url, sockets } = await relay()
    await connect(url)
    await perform({ do: 'reading', group: 'g', isStalled: true })
    const before = (await status()).bytesRead
    const record = bytes(65_536)
    const count = 400
    for (let at = 0; at < count; at += 1) sendRecord(sockets[0]!, 0, at, record)
    await until(() => expect(sockets[0]!.bufferedAmount).toBeGreaterThan(8e6))
    expect((await status()).bytesRead).toBe(before)
    await perform({ do: 'reading', group: 'g', isStalled: false })
    await until(async () => expect((await status()).deliveries).toBe(count))
    expect(events('stalled').map((event) => event.isStalled)).toEqual([true, false])
  })

  it('can still flood, and the flood ends although the relay does not read it', async () => {
    const { url, sockets } = await rawServer(shakeHands)
    await connect(url)
    sockets[0]!.pause()
    await perform({ do: 'reading', group: 'g', isStalled: true })
    await perform(pings('native', 1_000_000))
    const [, , , what, count] = events('sent')[0]!
    expect(what).toBe('ping:native')
    expect(count).toBeGreaterThan(1_000)
    expect(count).toBeLessThan(200_000)
  })
})

describe('a slow client', () => {
  it('reads about as many bytes a second as configured', async () => {
    const { url, sockets } = await relay()
    const bytesPerSecond = 200_000
    await connect(url, { reads: 'slow', bytesPerSecond })
    const startedMs = systemClock.nowMs()
    for (let at = 0; at < 400; at += 1) sendRecord(sockets[0]!, 0, at, bytes(1_000))
    await until(async () => expect((await status()).deliveries).toBe(400))
    expect(systemClock.nowMs() - startedMs).toBeGreaterThan(1_500)
  })
})

describe('a client that comes back', () => {
  it('is the same client and resumes from where it was', async () => {
    const { url, sockets, received } = await relay()
    await connect(url, { reconnects: true })
    sendRecord(sockets[0]!, 3, 17, bytes(5))
    await until(async () => expect((await status()).deliveries).toBe(1))
    sockets[0]!.terminate()
    await until(() => expect(received).toHaveLength(1))
    expect(JSON.parse(received[0]!)).toMatchObject({
      from: 'cursor',
      lastOffsetsByPartition: { 3: '17' },
    })
    const opened = { client: 1, group: 'g' }
    expect(events('opened')).toMatchObject([opened, opened])
  })
})

describe('leaving', () => {
  it('by reset is seen as one, and the group can join again', async () => {
    const codes: number[] = []
    const { url } = await relay((socket) => socket.on('close', (code) => codes.push(code)))
    await connect(url, { reconnects: true }, 2)
    const left = await perform({ do: 'disconnect', group: 'g', how: 'reset' })
    expect(left.groups['g']).toMatchObject({ open: 0, closed: 2 })
    await until(() => expect(codes).toEqual([1_006, 1_006]))
    const again = await connect(url, {}, 1)
    expect(again.groups['g']).toMatchObject({ open: 1, closed: 2 })
  })
})

describe('a broken stream', () => {
  it('is reported and closed', async () => {
    const { url } = await rawServer((socket, head) => {
      shakeHands(socket, head)
      setImmediate(() => socket.write(Buffer.from('c100', 'hex')))
    })
    await connect(url)
    await until(() => expect(events('closed')).toHaveLength(1))
    expect(events('garbled')[0]![5]).toBe('reserved-bit')
    expect(howItEnded(events('closed')[0]!)).toEqual([1_002, 'reserved-bit', 'client'])
  })

  it('that ends inside a frame says so', async () => {
    const { url } = await rawServer((socket, head) => {
      shakeHands(socket, head)
      setImmediate(() => socket.end(Buffer.from('820561', 'hex')))
    })
    await connect(url)
    await until(() => expect(events('closed')).toHaveLength(1))
    const says = 'end of stream, inside a frame'
    expect(howItEnded(events('closed')[0]!)).toEqual([1_006, says, 'relay'])
  })
})

describe('a reference client', () => {
  it('gives up a connection that broke the pairing, comes back and says where it was', async () => {
    const { url, sockets, received } = await relay()
    await connect(url, { reads: 'reference' })
    const stamp = { seed, count: 1, payloadBytesMax: 1e6, unixMs: 0 }
    sendRecord(sockets[0]!, 0, 5, episode('duplicate', stamp)[0]!.value!)
    sockets[0]!.send('{"type":"cursor","partition":0}')
    await until(() => expect(received).toHaveLength(1))
    expect(JSON.parse(received[0]!)).toMatchObject({ lastOffsetsByPartition: { 0: '5' } })
    expect(howItEnded(events('closed')[0]!)).toEqual([4_003, 'cursor_malformed', 'client'])
  })
})

it('a client resets the buffer and comes back with the epoch that it got last', async () => {
  const { url, sockets, received } = await relay()
  await connect(url)
  await perform({ do: 'send', group: 'g', opcode: 'text', text: resetText, what: 'reset' })
  await vi.waitFor(() => expect(received).toEqual(['{"type":"cursor_reset"}']))
  sockets[0]!.send('{"type":"cursor_reset_complete","epoch":"e2"}')
  await vi.waitFor(() => expect(events('control')).toHaveLength(1))
  for (const from of ['cursor', 'earliest'] as const) {
    await perform({ do: 'resume', group: 'g', from })
  }
  await vi.waitFor(() => expect(received).toHaveLength(3))
  const epochs = received.map((text) => (JSON.parse(text) as { epoch?: string }).epoch)
  expect(epochs).toEqual([undefined, 'e2', undefined])
  expect(events('sent')[0]).toMatchObject({ 3: 'reset' })
})

it('handshakes are broken off at each stage, and the clients stay', async () => {
  let resets = 0
  const heads: boolean[] = []
  const { url } = await rawServer((socket, head) => {
    const isWhole = head.endsWith('\r\n\r\n')
    heads.push(isWhole)
    if (isWhole) shakeHands(socket, head)
    socket.on('error', () => (resets += 1))
  })
  await connect(url)
  await perform({ do: 'abort-handshakes', group: 'g', each: 3 })
  await vi.waitFor(() => expect(resets).toBe(3))
  expect((await status()).open).toBe(1)
  expect(heads).toEqual([true, false, true, true])
  const stages = ['half-request', 'request', 'answered']
  const told = events('sent').map(([, , , what]) => what)
  expect(told).toEqual(stages.map((stage) => `handshake-aborted:${stage}`))
})

it('a handshake that is not answered is reported with how far it came', async () => {
  const { url } = await rawServer((socket, head) => {
    if (heard++ === 0) shakeHands(socket, head)
    else socket.destroy()
  })
  let heard = 0
  await connect(url)
  await perform({ do: 'abort-handshakes', group: 'g', each: 3 })
  const told = events('sent').map(([, , , what]) => what)
  expect(told.at(-1)).toBe('handshake-aborted:request')
})

it('reports each second how well it could observe', async () => {
  await until(() => expect(events('strain').length).toBeGreaterThan(1))
  const [, , role, delayMs, missed, backlog] = events('strain')[0]!
  expect([role, missed, backlog]).toEqual(['fleet', 0, 0])
  expect(delayMs).toBeLessThan(1_000)
})

it('a command for a group that does not exist is refused with the ones that do', async () => {
  const { url } = await relay()
  await connect(url)
  await expect(perform({ do: 'resume', group: 'h', from: 'latest' })).rejects.toThrow(
    /"h".*groups: g/,
  )
})

/** A relay made with the `ws` package: an independent implementation of RFC 6455. */
interface TestRelay {
  readonly url: string
  readonly sockets: WebSocket[]
  /** Text messages received, over all sockets. */
  readonly received: string[]
  close(): Promise<void>
}

/** Starts it on a free port; `refusal` refuses every client with that HTTP status. */
async function startTestRelay(
  onClient: (socket: WebSocket) => void = () => undefined,
  refusal?: number,
): Promise<TestRelay> {
  const sockets: WebSocket[] = []
  const received: string[] = []
  const http: Server = createServer()
  const server = new WebSocketServer({ noServer: true })
  http.on('upgrade', (request, socket, head) => {
    if (refusal !== undefined) {
      socket.end(`HTTP/1.1 ${refusal} Refused\r\nContent-Length: 0\r\n\r\n`)
      return
    }
    server.handleUpgrade(request, socket, head, (client) => {
      sockets.push(client)
      client.on('message', (text: Buffer) => received.push(text.toString()))
      client.on('error', () => undefined)
      onClient(client)
    })
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  return {
    url: `ws://127.0.0.1:${(http.address() as AddressInfo).port}/ws`,
    sockets,
    received,
    async close() {
      for (const socket of sockets) socket.terminate()
      http.closeAllConnections()
      await new Promise((resolve) => http.close(resolve))
    },
  }
}

/** Sends a record with its cursor. */
function sendRecord(to: WebSocket, partition: number, offset: number, record: Buffer): void {
  to.send(JSON.stringify({ type: 'cursor', partition, offset: String(offset) }))
  to.send(record)
}
