import { createHash } from 'node:crypto'
import { createServer, type Server, type Socket } from 'node:net'
import { crc32 } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { systemClock } from '../../relay/world/clock.ts'
import type { ClientGroup } from '../dsl/scenario.ts'
import type { EventKind, EventOf } from '../history/event.ts'
import { openPlan } from '../producer/plan.ts'
import { episode } from '../stimuli/episode.ts'
import type { MalformedKind } from '../stimuli/malformed.ts'
import { FirstSights } from './first-sights.ts'
import { createFleet, type Fleet } from './fleet.ts'
import { referenceReader, type ClientPartsChange } from './reference-reader.ts'
import { memoryJournal, sendRecord, startTestRelay, type TestRelay } from './test-relay.ts'

const seed = 'fleet'
/** What the reference clients of a test do differently. */
let change: ClientPartsChange | undefined
let journal: ReturnType<typeof memoryJournal>
let fleet: Fleet
const ends: (() => Promise<void> | void)[] = []

beforeEach(() => {
  journal = memoryJournal()
  change = undefined
  fleet = createFleet({
    clock: systemClock,
    journal,
    sights: new FirstSights(journal),
    garbledLeft: 100,
    readBuffer: Buffer.alloc(65_536),
    reference: (client) =>
      referenceReader({ clock: systemClock, journal, seed, change }, client),
  })
  ends.push(() => fleet.stop())
})

afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

async function relay(...args: Parameters<typeof startTestRelay>): Promise<TestRelay> {
  const started = await startTestRelay(...args)
  ends.push(() => started.close())
  return started
}

function connect(url: string, spec: Partial<ClientGroup> = {}, count = 1) {
  const whole: ClientGroup = { count, reads: 'fast', ...spec }
  return fleet.perform({ do: 'connect', group: 'g', url, count, spec: whole, deadlineMs: 5_000 })
}

const status = async () => (await fleet.perform({ do: 'status' })).groups['g']!

function events<K extends EventKind>(kind: K): EventOf<K>[] {
  return journal.events.filter((event): event is EventOf<K> => event[0] === kind)
}

const byText = (a: unknown, b: unknown) => (String(a) < String(b) ? -1 : 1)
const until = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 8_000 })
const bytes = (size: number) => Buffer.alloc(size, 'r')

describe('a fast client', () => {
  it('tells every record once, in runs, with the bytes of its first sight', async () => {
    const { url, sockets } = await relay()
    await connect(url, {}, 3)
    for (const socket of sockets) {
      for (let at = 0; at < 100; at += 1) sendRecord(socket, at % 2, 40 + (at >> 1), bytes(at))
    }
    await until(async () => expect((await status()).deliveries).toBe(300))
    expect((await status()).floor).toEqual({ 0: '89', 1: '89' })
    await fleet.perform({ do: 'finish' })
    const seen = events('seen').map(([, , partition, first, crcs]) => [partition, first, crcs.length])
    expect(seen.sort(byText)).toEqual([[0, '40', 50], [1, '40', 50]])
    expect(events('seen')[0]![4][1]).toBe(crc32(bytes(2)))
    expect(events('seen')[0]![5][1]).toBe(2)
    const told = events('delivered').map((event) => event.slice(2, 6))
    expect(told.filter(([client]) => client === 2).sort(byText)).toEqual([
      [2, 0, '40', 50],
      [2, 1, '40', 50],
    ])
    expect(new Set(events('delivered').map((event) => event[7]))).toEqual(new Set(['live']))
    expect(events('closed').map((event) => event.slice(3))).toEqual(
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
    const kinds = journal.events.map((event) => event[0])
    expect(kinds).toEqual(['opened', 'sent', 'seen', 'delivered', 'control', 'seen', 'delivered', 'closed'])
    expect(events('delivered').map((event) => event[7])).toEqual(['replay', 'live'])
    expect(events('sent')[0]!.slice(3)).toEqual(['resume:earliest', 1])
  })

  it('tells bytes that differ, records without cursors and cursors without records', async () => {
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

  it('answers pings, counts pongs and tells who closed it and why', async () => {
    let ponged = ''
    const { url, sockets } = await relay((socket) => {
      socket.on('message', () => socket.send('{"type":"pong"}'))
      socket.on('pong', (payload) => {
        ponged = payload.toString()
        socket.close(4_008, 'too slow')
      })
    })
    await connect(url)
    await fleet.perform({ do: 'pings', group: 'g', kind: 'json', each: 5 })
    await fleet.perform({ do: 'pings', group: 'g', kind: 'native', each: 7 })
    sockets[0]!.ping('are you there')
    await until(() => expect(events('closed')).toHaveLength(1))
    expect(ponged).toBe('are you there')
    expect(events('sent').map((event) => event.slice(3))).toEqual([
      ['ping:json', 5],
      ['ping:native', 7],
    ])
    const pongs = events('control').map((event) => event[3]['count'] as number)
    expect(pongs.reduce((sum, count) => sum + count, 0)).toBe(12)
    expect(events('closed')[0]!.slice(3)).toEqual([4_008, 'too slow', 'relay'])
  })
})

describe('a client that is not let in', () => {
  it.each([429, 401, 503])('tells status %i', async (code) => {
    const { url } = await relay(undefined, code)
    const told = await connect(url, {}, 2)
    expect(told.groups['g']).toMatchObject({ open: 0, refused: 2, closed: 0 })
    expect(events('refused').map((event) => event.slice(2, 4))).toEqual([['g', code], ['g', code]])
  })

  it('tells that nobody listens', async () => {
    await connect('ws://127.0.0.1:1/ws')
    expect(events('refused')[0]!.slice(2)).toEqual(['g', 0, 'ECONNREFUSED'])
  })

  it('tells that nobody answers, in time', async () => {
    const { port } = await rawServer(() => undefined)
    const spec = { count: 1, reads: 'fast' } as const
    const url = `ws://127.0.0.1:${port}/ws`
    await fleet.perform({ do: 'connect', group: 'g', url, count: 1, spec, deadlineMs: 50 })
    expect(events('refused')[0]![4]).toContain('no answer')
  })

  it('refuses an answer that does not know its key', async () => {
    const { port } = await rawServer((socket) => {
      socket.end('HTTP/1.1 101 OK\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n')
    })
    await connect(`ws://127.0.0.1:${port}/ws`)
    expect(events('refused')[0]![4]).toContain('Sec-WebSocket-Accept')
  })
})

describe('a stalled client', () => {
  it('takes nothing more from the kernel, until it goes on', async () => {
    const { url, sockets } = await relay()
    await connect(url)
    await fleet.perform({ do: 'reading', group: 'g', isStalled: true })
    const before = (await status()).bytesRead
    const record = bytes(65_536)
    const count = 400
    for (let at = 0; at < count; at += 1) sendRecord(sockets[0]!, 0, at, record)
    await until(() => expect(sockets[0]!.bufferedAmount).toBeGreaterThan(8e6))
    expect((await status()).bytesRead).toBe(before)
    await fleet.perform({ do: 'reading', group: 'g', isStalled: false })
    await until(async () => expect((await status()).deliveries).toBe(count))
    expect(events('stalled').map((event) => event[3])).toEqual([true, false])
  })

  it('can still flood, and the flood ends although nobody takes it', async () => {
    const { port, sockets } = await rawServer(answerHandshake)
    await connect(`ws://127.0.0.1:${port}/ws`)
    sockets[0]!.pause()
    await fleet.perform({ do: 'reading', group: 'g', isStalled: true })
    await fleet.perform({ do: 'pings', group: 'g', kind: 'native', each: 1_000_000 })
    const [, , , what, count] = events('sent')[0]!
    expect(what).toBe('ping:native')
    expect(count).toBeGreaterThan(1_000)
    expect(count).toBeLessThan(200_000)
  })
})

describe('a slow client', () => {
  it('reads about as many bytes a second as it is told', async () => {
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
    expect(events('opened').map((event) => event.slice(2))).toEqual([[1, 'g'], [1, 'g']])
  })
})

describe('leaving', () => {
  it('by reset is seen as one, and the group can join again', async () => {
    const codes: number[] = []
    const { url } = await relay((socket) => socket.on('close', (code) => codes.push(code)))
    await connect(url, { reconnects: true }, 2)
    const left = await fleet.perform({ do: 'disconnect', group: 'g', how: 'reset' })
    expect(left.groups['g']).toMatchObject({ open: 0, closed: 2 })
    await until(() => expect(codes).toEqual([1_006, 1_006]))
    const again = await connect(url, {}, 1)
    expect(again.groups['g']).toMatchObject({ open: 1, closed: 2 })
  })

  it('politely does not wait for ever for an answer', async () => {
    const { port } = await rawServer(answerHandshake)
    await connect(`ws://127.0.0.1:${port}/ws`)
    await fleet.perform({ do: 'disconnect', group: 'g', how: 'close' })
    expect(events('closed')[0]!.slice(3)).toEqual([1_006, 'no answer to our close frame', 'client'])
  })
})

describe('a broken stream', () => {
  it('is told and ended', async () => {
    const { port } = await rawServer((socket) => {
      answerHandshake(socket)
      socket.on('data', () => undefined)
      setImmediate(() => socket.write(Buffer.from('c100', 'hex')))
    })
    await connect(`ws://127.0.0.1:${port}/ws`)
    await until(() => expect(events('closed')).toHaveLength(1))
    expect(events('garbled')[0]![5]).toBe('reserved-bit')
    expect(events('closed')[0]!.slice(3)).toEqual([1_002, 'reserved-bit', 'client'])
  })

  it('that ends inside a frame says so', async () => {
    const { port } = await rawServer((socket) => {
      answerHandshake(socket)
      setImmediate(() => socket.end(Buffer.from('820561', 'hex')))
    })
    await connect(`ws://127.0.0.1:${port}/ws`)
    await until(() => expect(events('closed')).toHaveLength(1))
    expect(events('closed')[0]!.slice(3)).toEqual([1_006, 'end of stream, inside a frame', 'relay'])
  })
})

/** Sends records of partition 0 to a reference client that has just joined. */
async function feed(records: Iterable<Buffer>) {
  const { url, sockets } = await relay()
  await connect(url, { reads: 'reference' })
  let offset = 0
  for (const value of records) sendRecord(sockets[0]!, 0, offset++, value)
  await until(async () => expect((await status()).deliveries).toBe(offset))
}

describe('a reference client', () => {
  const context = { seed, count: 1, payloadBytesMax: 1e6, unixMs: 0 }
  /** Values of two runs of the load. */
  function* load() {
    const plan = openPlan(seed)
    for (let next = 1; next <= 40; ) {
      const records = ['run-00000', 'run-00001'].map((thread) => plan.record(thread, next, 900, 0n))
      yield* records.map(({ value }) => value)
      next = records[0]!.next
    }
  }
  const values = (kind: MalformedKind) =>
    episode(kind, context).flatMap(({ value }) => (value === null ? [] : [value]))

  it('has the state that the producer says it must have', async () => {
    await feed([...load(), ...values('big-integers')])
    await fleet.perform({ do: 'disconnect', group: 'g', how: 'close' })
    const states = events('runstate').map((event) => event.slice(3))
    expect(states.map(([, , isEqual, flags]) => [isEqual, flags])).toEqual(
      Array.from({ length: 3 }, () => [true, []]),
    )
    expect(states[0]).toEqual(['run-00000', expect.any(Number), true, []])
    expect(events('refusal')).toEqual([])
  })

  it('is compared while nothing comes, and refuses with a reason', async () => {
    await feed(values('bad-patch-json'))
    await until(() => expect(events('runstate')).toHaveLength(1))
    const [, , , thread, , isEqual, flags] = events('runstate')[0]!
    expect(thread).toContain('bad-patch-json')
    expect({ isEqual, flags }).toEqual({ isEqual: true, flags: ['patch'] })
    expect(events('refusal').map((event) => event[5])).toContain('patch-value')
  })

  it('with a mistake put back has another state', async () => {
    change = () => ({ parseJson: (text) => JSON.parse(text) as never })
    await feed(values('big-integers'))
    await fleet.perform({ do: 'disconnect', group: 'g', how: 'close' })
    expect(events('runstate').map((event) => event[5])).toEqual([false])
  })

  it('gives up a connection that broke the pairing, comes back and says where it was', async () => {
    const { url, sockets, received } = await relay()
    await connect(url, { reads: 'reference' })
    const [value] = values('duplicate')
    sendRecord(sockets[0]!, 0, 5, value!)
    sockets[0]!.send('{"type":"cursor","partition":0}')
    await until(() => expect(received).toHaveLength(1))
    expect(JSON.parse(received[0]!)).toMatchObject({ lastOffsetsByPartition: { 0: '5' } })
    expect(events('closed')[0]!.slice(3)).toEqual([4_003, 'cursor_malformed', 'client'])
  })
})

it('a client that is hostile says everything, whatever it is closed for', async () => {
  const { url } = await relay((socket) => {
    socket.on('message', (message: Buffer) => {
      if (message.length > 100_000) socket.terminate()
    })
  })
  await connect(url)
  await fleet.perform({ do: 'hostile-frames', group: 'g' })
  const { hostileFrames } = await import('../stimuli/hostile-frames.ts')
  const said = events('sent').map((event) => event[3])
  expect(said.filter((what) => what.startsWith('hostile:'))).toEqual(
    hostileFrames.map((frame) => `hostile:${frame.name}`),
  )
})

it('a command for a group that does not exist is refused with the ones that do', async () => {
  const { url } = await relay()
  await connect(url)
  await expect(fleet.perform({ do: 'resume', group: 'h', from: 'latest' })).rejects.toThrow(
    /"h".*groups: g/,
  )
})

/** A TCP server that does by hand what `ws` would never do. */
async function rawServer(onSocket: (socket: Socket) => void) {
  const sockets: Socket[] = []
  const server: Server = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => undefined)
    socket.once('data', (head: Buffer) => {
      requests.set(socket, head.toString())
      onSocket(socket)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  ends.push(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { port: (server.address() as { port: number }).port, sockets }
}

const requests = new Map<Socket, string>()

function answerHandshake(socket: Socket): void {
  const key = /Sec-WebSocket-Key: (.*)\r\n/.exec(requests.get(socket) ?? '')?.[1] ?? ''
  const text = `${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`
  const accept = createHash('sha1').update(text).digest('base64')
  const lines = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade']
  socket.write(`${[...lines, `Sec-WebSocket-Accept: ${accept}`].join('\r\n')}\r\n\r\n`)
}
