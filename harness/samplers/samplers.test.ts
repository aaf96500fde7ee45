import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { AssignerProtocol } from 'kafkajs'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { systemClock } from '../../relay/world/clock.ts'
import { memoryJournal } from '../history/memory-journal-testbed.ts'
import type { EventKind } from '../history/event.ts'
import { fieldsOf } from './dead-letters.ts'
import { startHealthSampler } from './health.ts'
import { ownedBy } from './lag-truth.ts'
import { startMemorySampler } from './memory.ts'
import { startMetricsSampler } from './metrics.ts'
import { startPageSampler } from './pages.ts'
import { startReadinessSampler } from './readiness.ts'
import { startSampling, type Sampler } from './sampler.ts'

/** Lets nothing of this process run meanwhile. */
function standStill(ms: number): void {
  const endMs = systemClock.nowMs() + ms
  while (systemClock.nowMs() < endMs);
}

const ends: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end()
})

const pids = () => ({ conductor: process.pid, relay: 2 ** 22 + 1 })

const member = (clientId: string, partitions?: number[]) => ({
  clientId,
  memberId: `${clientId}-1`,
  clientHost: '/127.0.0.1',
  memberMetadata: Buffer.alloc(0),
  memberAssignment:
    partitions === undefined
      ? Buffer.alloc(0)
      : AssignerProtocol.MemberAssignment.encode({
          version: 0,
          assignment: { records: partitions, others: [9] },
          userData: Buffer.alloc(0),
        }),
})
const isTarget = ({ clientId }: { clientId: string }) => !clientId.startsWith('rival')

const byPath = ([a]: unknown[], [b]: unknown[]) => (String(a) < String(b) ? -1 : 1)

function openMemory() {
  const journal = memoryJournal()
  const events = <K extends EventKind>(kind: K) => journal.of(kind)
  return { world: { clock: systemClock, journal }, events }
}

function started<S extends Sampler>(sampler: S): S {
  ends.push(() => sampler.stop())
  return sampler
}

async function target(listener: RequestListener): Promise<{ address: string; server: Server }> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  ends.push(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, server }
}

describe('health', () => {
  it('is asked over and over on one connection, and timed', async () => {
    const { world, events } = openMemory()
    const { address, server } = await target((_, answer) => answer.end('{"status":"healthy"}'))
    let connections = 0
    server.on('connection', () => (connections += 1))
    started(startHealthSampler(world, { address, everyMs: 5 }))
    await vi.waitFor(() => expect(events('health').length).toBeGreaterThan(3))
    const [, , tookMicros, status, body] = events('health')[1]!
    expect([status, body]).toEqual([200, { status: 'healthy' }])
    expect(tookMicros).toBeGreaterThan(0)
    expect(connections).toBe(1)
  })

  it.each<[string, RequestListener, number, string]>([
    ['hangs', () => undefined, 0, 'limit'],
    ['hangs up', (request) => request.socket.destroy(), 0, 'ECONNRESET'],
    ['speaks no JSON', (_, answer) => void answer.end('fine'), 200, 'not a JSON object'],
  ])('of a target that %s is recorded as such', async (_, listener, status, why) => {
    const { world, events } = openMemory()
    const { address } = await target(listener)
    started(startHealthSampler(world, { address, everyMs: 5, limitMs: 50 }))
    await vi.waitFor(() => expect(events('health').length).toBeGreaterThan(1))
    expect(events('health')[0]![3]).toBe(status)
    expect(events('health')[0]![5]).toContain(why)
    expect(events('trouble')).toEqual([])
  })
})

describe('readiness', () => {
  it('is asked over and over', async () => {
    const { world, events } = openMemory()
    const { address } = await target((_, answer) => answer.writeHead(503).end('{"status":"no"}'))
    started(startReadinessSampler(world, { address, everyMs: 5 }))
    await vi.waitFor(() => expect(events('page').length).toBeGreaterThan(2))
    expect(events('page')[0]).toMatchObject({
      path: '/readyz',
      status: 503,
      body: { status: 'no' },
    })
  })

  it('is not asked again of a target that has no such page', async () => {
    const { world, events } = openMemory()
    const { address } = await target((_, answer) => answer.writeHead(404).end())
    const sampler = startReadinessSampler(world, { address, everyMs: 5 })
    await vi.waitFor(() => expect(events('page').length).toBe(1))
    await sampler.stop()
    expect(events('page').map(({ path, status }) => [path, status])).toEqual([['/readyz', 404]])
    expect(events('trouble')).toEqual([])
  })
})

describe('metrics', () => {
  it('are recorded as changes, and as missing while there is no answer', async () => {
    const { world, events } = openMemory()
    const pages = ['a 1\nb 1\n', undefined, 'a 1\nb NaN\n', 'a 1\nb NaN\n', 'a 1\n']
    const { address } = await target((request, answer) => {
      const page = pages.length > 1 ? pages.shift() : pages[0]
      if (page === undefined) request.socket.destroy()
      else answer.end(page)
    })
    started(startMetricsSampler(world, { address, everyMs: 5 }))
    await vi.waitFor(() => expect(events('scrape').length).toBeGreaterThan(5))
    expect(events('scrape').map((event) => [event[3], event[4]]).slice(0, 6)).toEqual([
      [200, { a: 1, b: 1 }],
      [0, {}],
      [200, { b: 'NaN' }],
      [200, {}],
      [200, { b: null }],
      [200, {}],
    ])
  })

  it('that are malformed are trouble, recorded a bounded number of times', async () => {
    const { world, events } = openMemory()
    const { address } = await target((_, answer) => answer.end('a 1\na 1\n'))
    started(startMetricsSampler(world, { address, everyMs: 1 }))
    await vi.waitFor(() => expect(events('scrape').length).toBeGreaterThan(40))
    expect(events('trouble').map((event) => event.what)).toEqual(
      Array.from({ length: 20 }, () => '/metrics: a comes twice'),
    )
  })
})

it('pages are kept at the start and on demand', async () => {
  const { world, events } = openMemory()
  const { address } = await target((request, answer) => answer.end(`{"you":"${request.url}"}`))
  const pages = started(startPageSampler(world, { address }))
  expect(await pages.keep('/again')).toEqual({ you: '/again' })
  const told = events('page').map(({ path, status, body }) => [path, status, body])
  expect(told.sort(byPath)).toEqual([
    ['/again', 200, { you: '/again' }],
    ['/version', 200, { you: '/version' }],
  ])
})

it('memory of a process that is gone is not trouble', async () => {
  const { world, events } = openMemory()
  started(startMemorySampler(world, { pids, everyMs: 5 }))
  await vi.waitFor(() => expect(events('memory').length).toBeGreaterThan(2))
  expect(new Set(events('memory').map((event) => event[2]))).toEqual(new Set(['conductor']))
  expect(events('trouble')).toEqual([])
})

it.runIf(process.platform === 'linux')('measures how long one process waited', async () => {
  const { world, events } = openMemory()
  const all = () => ({ relay: process.pid, conductor: process.pid })
  started(startMemorySampler(world, { pids: all, waitsOf: 'relay', everyMs: 5 }))
  await vi.waitFor(() => expect(events('memory').length).toBeGreaterThan(2))
  const waitsOf = (role: string) =>
    events('memory').flatMap((event) => (event[2] === role ? [typeof event[5]] : []))
  expect(new Set(waitsOf('relay'))).toEqual(new Set(['number']))
  expect(new Set(waitsOf('conductor'))).toEqual(new Set(['undefined']))
})

describe('a sampler', () => {
  it('reports what it could not do, never samples twice at a time, and stops', async () => {
    const { world, events } = openMemory()
    let running = 0
    let most = 0
    let samples = 0
    const sampler = startSampling(world, {
      name: 'test',
      everyMs: 1,
      limitMs: 20,
      async sample(signal) {
        samples += 1
        running += 1
        most = Math.max(most, running)
        await new Promise((resolve) => signal.addEventListener('abort', resolve))
        running -= 1
      },
    })
    await vi.waitFor(() => expect(events('trouble').length).toBeGreaterThan(1))
    await sampler.stop()
    const before = samples
    await new Promise<void>((resolve) => void systemClock.after(30, resolve))
    expect(samples).toBe(before)
    expect(most).toBe(1)
    expect(events('trouble')[0]).toMatchObject({
      where: 'test',
      what: 'a sample of test took longer than its limit of 20 ms',
    })
  })
})

describe('the partitions of the target', () => {
  it('are those of its members, of its topic', () => {
    const members = [member('relay', [3, 1]), member('rival', [2]), member('relay', [0])]
    expect(ownedBy({ members }, 'records', isTarget)).toEqual([0, 1, 3])
  })

  it('are none while it has no assignment', () => {
    expect(ownedBy({ members: [member('relay')] }, 'records', isTarget)).toEqual([])
  })
})

describe('a dead letter', () => {
  it('is kept with its place, without its long texts', () => {
    const value = Buffer.from(JSON.stringify({ error: 'e', payload: 'x'.repeat(10_000) }))
    const fields = fieldsOf(1, '7', value)
    expect(fields).toMatchObject({ error: 'e', dlq_partition: 1, dlq_offset: '7' })
    expect(String(fields['payload'])).toHaveLength(513)
  })

  it('that is no JSON is kept as such', () => {
    expect(fieldsOf(0, '0', Buffer.from('nonsense'))['unreadable']).toBe('nonsense')
    expect(fieldsOf(0, '0', null)['unreadable']).toBeNull()
  })
})

it('does not call a target silent while this process itself stood still', async () => {
  const { world, events } = openMemory()
  let asked = 0
  const { address } = await target((_, response) => {
    asked += 1
    if (asked === 1) standStill(400)
    response.setHeader('content-type', 'application/json').end('{"status":"healthy"}')
  })
  started(startHealthSampler(world, { address, everyMs: 30, limitMs: 150 }))
  await vi.waitFor(() => expect(events('health').length).toBeGreaterThan(2))
  expect(events('health').map(([, , , status]) => status)).not.toContain(0)
  const missed = events('strain').filter(([, , role]) => role === 'health')
  expect(missed.length).toBeGreaterThan(0)
})
