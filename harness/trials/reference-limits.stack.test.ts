/** The reference relay as a process: deadlines, slots, start and end, with real sockets. */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { closeRows, type CloseReason } from '../../relay/tables/close-codes.ts'
import { metricRows } from '../../relay/tables/metrics.ts'
import { sleep, systemClock as clock } from '../../relay/world/clock.ts'
import { abortHandshake, abortStages } from '../wire/connection.ts'
import { handshake } from '../wire/handshake.ts'
import { repoRoot } from '../world/places.ts'
import { Client } from '../wire/relay-client.ts'
import { promised, seeAll, seenElsewhere, settingsOf, slots } from './closes-testbed.ts'
import { many } from './records-testbed.ts'
import { startRelay } from './relay-process-testbed.ts'
import { Testbed, withPlace, type Place } from './reference-testbed.ts'
import { areSlotsFree } from './slots-testbed.ts'
import { repeat, until } from './until-testbed.ts'

let bed: Testbed
beforeAll(async () => {
  bed = await Testbed.open()
})
afterAll(() => bed?.close())

const sendTimeoutMs = 1_000

/** The slot of a client that was closed is free, and the counters show for which reason. */
async function givenUp({ address, metric }: Place, path: string): Promise<boolean> {
  await until(`${path} given up`, async () => {
    return (await metric('websocket_ws_send_failures_total', 'send_timeout', path)) === 1
  })
  await until('the slot', async () => (await metric('websocket_connected_clients')) === 0)
  const next = await Client.open(address)
  next.end()
  return next.isOpen
}

const start = (env: Readonly<Record<string, string>>) =>
  startRelay(bed.world, { env, logFile: join(bed.world.makeFolder('start'), 'relay.log') })

describe('a client that takes no bytes is given up', () => {
  const settings = { sendTimeoutMs, connectionsPerIpMax: 1, lagDisconnectRecords: 0 }

  test('while records are broadcast', async () => {
    await withPlace(bed.place(settings), async (place) => {
      const client = await Client.open(place.address)
      client.stall()
      for (const value of many(60, 900_000)) await place.produce([value])
      expect(await givenUp(place, 'broadcast')).toBe(true)
      const { metrics } = (await place.page('/health')) as { metrics: Record<string, number> }
      expect(metrics['send_timeout']).toBe(1)
      expect((await place.page('/version'))['send_timeout_secs']).toBe(1)
    })
  })

  test('while its pings are answered', async () => {
    const unlimited = { ...settings, clientFramesPerSecondMax: 0 }
    await withPlace(bed.place(unlimited), async (place) => {
      const client = await Client.open(place.address)
      client.stall()
      for (let round = 0; round < 20; round += 1) client.pings(10_000)
      expect(await givenUp(place, 'control')).toBe(true)
    })
  })

  test('while its replay is sent', async () => {
    await withPlace(bed.place(settings), async (place) => {
      for (const value of many(15, 900_000)) await place.produce([value])
      const taken = () => place.metric('websocket_kafka_messages_total')
      await until('the records', async () => (await taken()) === 15)
      const client = await Client.open(place.address)
      client.stall()
      client.send('{"type":"resume","from":"earliest","lastOffsetsByPartition":{}}')
      expect(await givenUp(place, 'resume')).toBe(true)
    })
  })
})

describe('slots', () => {
  test('are counted per address and come back, also from handshakes that break off', async () => {
    await withPlace(bed.place({ connectionsPerIpMax: 2 }), async ({ address, metric }) => {
      const hello = handshake(`ws://${address}/ws`, Buffer.alloc(16))
      for (let tries = 0; tries < 21; tries += 1) {
        await abortHandshake(clock, hello, abortStages[tries % 3]!, 2_000)
      }
      await until('no client', async () => (await metric('websocket_connected_clients')) === 0)
      const open = [await Client.open(address), await Client.open(address)]
      const third = new Client(address)
      await until('the refusal', () => third.refusedWith !== undefined)
      expect(third.refusedWith).toBe(429)
      open[0]!.reset()
      await until('the slot', async () => (await metric('websocket_connected_clients')) === 1)
      await Client.open(address)
    })
  })
})

/** A handshake as another client would send it: its status and the body of the answer. */
function knock(address: string, headers: Readonly<Record<string, string>> = {}, path = '/ws') {
  const [host, port] = address.split(':')
  const upgrade = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
  }
  return new Promise<readonly [status: number, says: string]>((resolve, reject) => {
    const asked = request({ host, port, path, headers: { ...upgrade, ...headers } })
    asked.on('error', reject)
    asked.on('upgrade', () => resolve([101, '']))
    asked.on('response', (answer) => {
      answer.once('data', (says) => resolve([answer.statusCode ?? 0, String(says)]))
    })
    asked.end()
  })
}

test.concurrent('every reason to refuse clients is seen, reported and counted', async () => {
  const place = await bed.place({
    authToken: 'word',
    trustedProxies: ['127.0.0.1'],
    wrongTokensPerMinuteMax: 1,
    connectionsPerIpMax: 1,
    connectionsMax: 2,
    pendingConnectionsMax: 4,
  })
  const { address, relay } = place
  const authorization = 'Bearer word'
  const from = (last: number) => ({ authorization, 'x-forwarded-for': `10.0.0.${last}` })
  const answers = [
    await knock(address, { host: 'elsewhere' }),
    await knock(address, { origin: 'http://elsewhere' }),
    await knock(address),
    await knock(address, from(1)),
    await knock(address, from(1)),
    await knock(address, from(2)),
    await knock(address, from(3)),
  ]
  expect(answers.map(([status]) => status)).toEqual([421, 403, 401, 101, 429, 101, 503])
  const guess = { ...from(5), authorization: 'Bearer guess' }
  const guesses = [await knock(address, guess), await knock(address, guess)]
  expect(guesses.map(([status]) => status)).toEqual([401, 429])
  const [host, port] = address.split(':')
  const silent = Array.from({ length: 5 }, () => connect({ host, port: Number(port) }))
  for (const socket of silent) socket.on('error', () => undefined)
  await Promise.all(silent.map((socket) => once(socket, 'connect')))
  const counted = async () => {
    const of = await place.scrape()
    const { reason } = metricRows.refusedConnections.labels
    return reason.filter((one) => of('relay_refused_connections_total', `"${one}"`) > 0)
  }
  const ending = relay.stop()
  await until('the last reason', async () => {
    return (await knock(address, from(4)))[1] === 'Shutting down'
  })
  expect(await counted()).toEqual(metricRows.refusedConnections.labels.reason)
  for (const socket of silent) socket.destroy()
  expect(await ending).toEqual({ code: 0, isKilled: false })
})

describe.concurrent('the table of close codes', () => {
  /** The reference, but for a replay buffer that throws. */
  const failing = `
    import { runRelay } from '${join(repoRoot, 'relay/main.ts')}'
    import { storeExcept } from '${join(repoRoot, 'harness/defects/replay-store.ts')}'
    const page = async () => { throw new TypeError('no page') }
    const load = async () => (reference) => ({
      replayStore: storeExcept(reference.replayStore, { page }),
    })
    process.exit(await runRelay(process.env, load))`
  const command = `exec '${process.execPath}' --input-type=module -e "${failing}"`

  test('has no reason for which no client was ever closed, nor another code', async () => {
    const [hasty, patient, broken] = await Promise.all([
      bed.place(settingsOf.hasty),
      bed.place(settingsOf.patient),
      bed.place(settingsOf.failing, 1, 'direct', { kind: 'command', command, isShell: true }),
    ])
    expect(await seeAll({ hasty, patient, failing: broken })).toStrictEqual(promised)
    for (const [reason, file] of Object.entries(seenElsewhere)) {
      const { code } = closeRows[reason as CloseReason]
      expect(readFileSync(join(import.meta.dirname, file), 'utf8')).toContain(`toBe(${code})`)
    }
    for (const place of [hasty, broken]) {
      expect(await areSlotsFree(place, slots)).toBe(true)
      await place.relay.stop()
    }
  })
})

describe('the end', () => {
  test('comes in time under load, with a close frame for all and offsets committed', async () => {
    const place = await bed.place({}, 2)
    const clients = await Promise.all(Array.from({ length: 5 }, () => Client.open(place.address)))
    clients[0]!.stall()
    const endLoad = repeat(0, () => place.produce(many(200, 1_000), 0))
    await until('some load', () => clients[1]!.deliveries.length > 1_000)
    const startMs = clock.nowMs()
    expect(await place.relay.stop()).toEqual({ code: 0, isKilled: false })
    expect(clock.nowMs() - startMs).toBeLessThan(15_000)
    await endLoad()
    const reading = clients.slice(1)
    await until('the close frames', () => reading.every(({ closeCode }) => closeCode === 1_001))
    const committed = BigInt(await bed.committed(place.topic))
    for (const client of reading) expect(client.offsets(0).at(-1)! < committed).toBe(true)
  })

  test.each([0, 100, 300, 600])('comes %d ms after the start, too', async (afterMs) => {
    const brokers = bed.stack.kafkaDirect.join(',')
    const child = await start({ KAFKA_BROKERS: brokers, KAFKA_TOPIC: 'never-created' })
    // Before its first line runs, a process has the system's own answer to a signal.
    await until('its first line', () => child.tail().includes('listening'))
    await sleep(clock, afterMs)
    expect(await child.stop(15_000)).toEqual({ code: 0, signal: null })
  })
})

describe('the start', () => {
  test('with wrong settings ends immediately and names all of them', async () => {
    const startMs = clock.nowMs()
    const child = await start({ WEBSOCKET_PORT: 'x', KAFKA_ON_DECODE_ERROR: 'y', REDIS_URL: 'z' })
    expect(await child.exited).toEqual({ code: 1, signal: null })
    expect(clock.nowMs() - startMs).toBeLessThan(5_000)
    for (const name of ['WEBSOCKET_PORT', 'KAFKA_ON_DECODE_ERROR', 'REDIS_URL']) {
      expect(child.tail()).toContain(name)
    }
  })

  test('without Kafka and Redis is alive, reports not ready, and ends when asked', async () => {
    const servers = { KAFKA_BROKERS: '127.0.0.1:1', REDIS_URL: 'redis://127.0.0.1:1' }
    const child = await start({ ...servers, GIT_COMMIT_SHA: '1389e20', BUILD_DATE: '2025-12-25' })
    await until('its first line', () => child.tail().includes('listening'))
    const lines = child.tail().split('\n')
    const listening = lines.find((line) => line.includes('"listening"'))
    const { port } = JSON.parse(listening!) as { port: number }
    const status = async (path: string) => (await fetch(`http://127.0.0.1:${port}${path}`)).status
    expect(await status('/livez')).toBe(200)
    expect(await status('/readyz')).toBe(503)
    expect(await (await fetch(`http://127.0.0.1:${port}/version`)).json()).toMatchObject({
      git_sha: '1389e20',
      build_date: '2025-12-25',
      component: 'websocket-server',
    })
    await until('the trouble to show', async () => {
      const health = await fetch(`http://127.0.0.1:${port}/health`)
      const { metrics } = (await health.json()) as { metrics: Record<string, number> }
      return metrics['infrastructure_errors']! > 0
    })
    expect(await child.stop(15_000)).toEqual({ code: 0, signal: null })
  })
})
