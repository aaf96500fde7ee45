/** What clients can make the relay hold, with real sockets: as much as it says, and no more. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { maskedFrame } from '../wire/frame-writer.ts'
import { usageOf } from '../samplers/memory.ts'
import { repoRoot } from '../world/places.ts'
import { Client } from '../wire/relay-client.ts'
import { record } from './records-testbed.ts'
import { Testbed, withPlace, type Place } from './reference-testbed.ts'
import { until } from './until-testbed.ts'

let bed: Testbed
beforeAll(async () => {
  bed = await Testbed.open()
})
afterAll(() => bed?.close())

const MiB = 1_048_576
const many = (count: number, address: string) =>
  Promise.all(Array.from({ length: count }, () => Client.open(address)))
const rssOf = async ({ relay }: Place) => (await usageOf(relay.process!.pid))!.rssBytes
const used = ({ metric }: Place, share: string) => metric('relay_memory_used_bytes', `"${share}"`)

test('clients that ask for large records and read none hold what their share is', async () => {
  const settings = {
    replayPagesBytesMax: 32 * MiB,
    replayWaitMs: 2_000,
    connectionsPerIpMax: 100,
    sendTimeoutMs: 60_000,
    lagDisconnectRecords: 0,
  }
  await withPlace(bed.place(settings), async (place) => {
    for (let at = 0; at < 6; at += 1) await place.produce([record(at, 9_000_000)])
    const taken = () => place.metric('websocket_kafka_messages_total')
    await until('the records', async () => (await taken()) === 6)
    const before = await rssOf(place)
    const clients = await many(20, place.address)
    for (const client of clients) {
      client.stall()
      client.send('{"type":"resume","from":"earliest","lastOffsetsByPartition":{}}')
    }
    const refused = () => place.metric('relay_requests_refused_total', '"replay_busy"')
    await until('a client to be refused', async () => (await refused()) > 10)
    expect(await used(place, 'replay_pages')).toBeLessThanOrEqual(32 * MiB)
    expect(await used(place, 'replay_pages')).toBeGreaterThan(17_000_000)
    // Without the share it is some 290 MB.
    expect((await rssOf(place)) - before).toBeLessThan(150_000_000)
    for (const client of clients) client.read()
    await until('the refusals', () => clients.filter(({ isEnded }) => isEnded).length > 10)
    const busy = clients.filter(({ closeCode }) => closeCode === 4005)
    expect(busy.length).toBeGreaterThan(10)
    expect(busy[0]!.framesOf('error')).toMatchObject([{ code: 'REPLAY_BUSY' }])
    for (const client of clients) client.end()
    await until('all bytes', async () => (await used(place, 'replay_pages')) === 0)
    expect(await used(place, 'replay_requests')).toBe(0)
  })
})

test('clients that hold back the end of a message hold what their share is', async () => {
  const settings = { partialFramesBytesMax: 8 * MiB, connectionsPerIpMax: 100 }
  await withPlace(bed.place(settings), async (place) => {
    const whole = maskedFrame('text', Buffer.alloc(MiB, ' '), Buffer.from([1, 2, 3, 4]))
    const clients = await many(40, place.address)
    for (const client of clients) client.raw(whole.subarray(0, -1))
    const ended = () => clients.filter(({ isEnded }) => isEnded)
    await until('the first to be closed', () => ended().length >= 33)
    expect(await used(place, 'partial_frames')).toBeLessThanOrEqual(8 * MiB)
    expect(await used(place, 'partial_frames')).toBeGreaterThan(6 * MiB)
    for (const { closeCode } of ended()) expect(closeCode).toBe(4007)
    const closed = () => place.metric('relay_clients_closed_total', '"frame_held_back"')
    expect(await closed()).toBe(ended().length)
    for (const client of clients) if (!client.isEnded) client.raw(whole.subarray(-1))
    await until('the rest of all', async () => (await used(place, 'partial_frames')) === 0)
    expect(ended()).toHaveLength(await closed())
    for (const client of clients) client.end()
  })
})

test('no more connections are let in than there may be files, and the relay lives on', async () => {
  const command = `ulimit -n 256; exec '${process.execPath}' '${repoRoot}/relay/main.ts'`
  const spec = { kind: 'command', command, isShell: true } as const
  await withPlace(bed.place({ connectionsPerIpMax: 1_000 }, 1, 'direct', spec), async (place) => {
    const { settings } = (await place.page('/version')) as { settings: Record<string, number> }
    const { connectionsMax } = settings
    expect(connectionsMax).toBeLessThan(256)
    const clients = Array.from({ length: connectionsMax! + 5 }, () => new Client(place.address))
    await Promise.all(clients.map(({ opened }) => opened))
    const refused = clients.filter(({ isOpen }) => !isOpen)
    expect(refused.map(({ refusedWith }) => refusedWith)).toEqual([503, 503, 503, 503, 503])
    expect((await fetch(`http://${place.address}/livez`)).status).toBe(200)
    for (const client of clients) client.end()
  })
})
