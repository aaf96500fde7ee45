/**
 * A broker that wants TLS and a password: every client of the relay must bring both, and a relay
 * that brings the wrong ones must live, say so, and keep its secrets.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock as clock } from '../../relay/world/clock.ts'
import type { RelaySettings } from '../dsl/scenario.ts'
import { onFreePorts } from '../stack/free-ports.ts'
import { kafkaClient, type Producer } from '../stack/kafka.ts'
import { makeCertificates, securedProtocols } from '../stack/kafka-secured.ts'
import { formatStorage, startKafka, type KafkaPorts } from '../stack/kafka-server.ts'
import { openTopics, type Topics } from '../stack/topics.ts'
import { requireHostProgram } from '../toolchain/host-programs.ts'
import { ensureTools } from '../toolchain/tools.ts'
import { startChild } from '../world/child.ts'
import { repoRoot } from '../world/places.ts'
import { holdPorts } from '../world/ports.ts'
import { openWorld, type World } from '../world/world.ts'
import { environmentOf } from './environment.ts'
import { Client, poison, record, until } from './reference-testbed.ts'

type Protocol = (typeof securedProtocols)[number]
const state = mkdtempSync(join(tmpdir(), 'secured-'))
const certificates = join(state, 'certificates')
const password = 'correct-horse-battery'
let world: World
let topics: Topics
let producer: Producer
let addresses: Readonly<Record<Protocol, string>>
let relays = 0

beforeAll(async () => {
  world = await openWorld(clock, state)
  mkdirSync(certificates)
  makeCertificates(certificates)
  const direct = await startBroker()
  topics = await openTopics(clock, [direct])
  producer = kafkaClient('test', [direct]).producer()
  await producer.connect()
})
afterAll(async () => {
  await producer?.disconnect()
  await topics?.close()
  await world?.close()
  rmSync(state, { recursive: true, force: true })
})

async function startBroker(): Promise<string> {
  const tools = await ensureTools(['kafka'], () => undefined)
  const plan = {
    libs: tools.kafka.path,
    java: await requireHostProgram('java'),
    folder: world.makeFolder('kafka'),
    logFolder: state,
    partitionsDefault: 1,
    secured: { certificates, user: 'relay', password },
  }
  await formatStorage(world, plan)
  return onFreePorts({ seed: world.mark, role: 'kafka', count: 6 }, async (ports) => {
    const local = (at: number) => `127.0.0.1:${ports[at]}`
    await startKafka(world, plan, ports as unknown as KafkaPorts, local(1))
    addresses = { SSL: local(3), SASL_PLAINTEXT: local(4), SASL_SSL: local(5) }
    return local(0)
  })
}

const trusted = { kafkaSslCaFile: join(certificates, 'ca.pem') }
const login = { kafkaSaslUsername: 'relay', kafkaSaslPassword: password }

/**
 * Starts a relay on a topic of its own and waits until it lives. Its output goes through a shell
 * into a file, because the harness takes secrets out of what it logs itself.
 */
async function start(protocol: Protocol, settings: RelaySettings) {
  const topic = `t${(relays += 1)}`
  await topics.create(topic, 1)
  await topics.create(`${topic}-dlq`, 1)
  const held = await holdPorts(1, `${world.mark}/${topic}`)
  await held.release()
  const address = `127.0.0.1:${held.ports[0]}`
  const logFile = join(state, `${topic}.raw.log`)
  const ask = (path: string) => fetch(`http://${address}${path}`)
  const child = await startChild(world, {
    role: 'relay',
    command: '/bin/sh',
    args: ['-c', `exec "$0" "$1" > "$2" 2>&1`, process.execPath, relayMain, logFile],
    env: {
      KAFKA_BROKERS: addresses[protocol],
      KAFKA_TOPIC: topic,
      KAFKA_GROUP_ID: `g-${topic}`,
      REDIS_URL: 'redis://127.0.0.1:1',
      WEBSOCKET_HOST: '127.0.0.1',
      WEBSOCKET_PORT: String(held.ports[0]),
      ...environmentOf({
        kafkaSecurityProtocol: protocol.toLowerCase() as Lowercase<Protocol>,
        lagIntervalMs: 1_000,
        logLevel: 'debug',
        ...settings,
      }),
    },
    logFile: join(state, `${topic}.log`),
    ready: { probe: async () => void (await ask('/livez')) },
    deadlineMs: 20_000,
  })
  return {
    child,
    topic,
    address,
    log: () => readFileSync(logFile, 'utf8'),
    status: async (path: string) => (await ask(path)).status,
    metrics: async () => (await (await ask('/metrics')).text()).split('\n'),
    produce: (...values: Buffer[]) =>
      producer.send({ topic, messages: values.map((value) => ({ value })) }),
  }
}
const relayMain = join(repoRoot, 'relay/main.ts')

describe.concurrent('the relay works on a listener that wants', () => {
  test('TLS and SCRAM-SHA-512, dead letters, commits and lag polls included', async () => {
    const relay = await start('SASL_SSL', {
      ...trusted,
      ...login,
      kafkaSaslMechanism: 'SCRAM-SHA-512',
    })
    const client = await Client.open(relay.address)
    await relay.produce(record(0), poison, record(2))
    await until('both records', () => client.deliveries.length === 2)
    expect(client.offsets(0)).toEqual([0n, 2n])
    const end = async () => (await topics.ends(`${relay.topic}-dlq`))[0]?.end
    await until('the dead letter', async () => (await end()) === '1')
    await until('a lag of 0', async () =>
      (await relay.metrics()).includes('websocket_kafka_consumer_lag{partition="0"} 0'),
    )
    expect(await relay.child.stop(15_000)).toEqual({ code: 0, signal: null })
    expect(relay.log()).not.toContain('offsets could not be committed')
    expect(relay.log()).not.toContain(password)
  })

  test.each<readonly [string, Protocol, RelaySettings]>([
    ['TLS', 'SSL', trusted],
    ['PLAIN', 'SASL_PLAINTEXT', { ...login, kafkaSaslMechanism: 'PLAIN' }],
    ['SCRAM-SHA-256', 'SASL_PLAINTEXT', { ...login, kafkaSaslMechanism: 'SCRAM-SHA-256' }],
  ])('%s alone', async (_, protocol, settings) => {
    const relay = await start(protocol, settings)
    const client = await Client.open(relay.address)
    await relay.produce(record(0))
    await until('the record', () => client.deliveries.length === 1)
    await relay.child.stop(15_000)
    expect(relay.log()).not.toContain(password)
  })
})

test.concurrent.each<readonly [string, RelaySettings, string, string]>([
  [
    'a wrong password',
    { ...trusted, ...login, kafkaSaslPassword: 'wrong-horse' },
    'auth_failure',
    'KAFKA_SASL_MECHANISM',
  ],
  [
    'the wrong authority',
    { ...login, kafkaSslCaFile: join(certificates, 'other-ca.pem') },
    'tls_failure',
    'KAFKA_SSL_CA_LOCATION',
  ],
])('with %s it lives, is not ready, and names the cause', async (_, settings, type, hint) => {
  const relay = await start('SASL_SSL', { ...settings, kafkaSaslMechanism: 'SCRAM-SHA-512' })
  await until('the cause in the log', () => relay.log().includes(`"error_type":"${type}"`))
  expect(await relay.status('/livez')).toBe(200)
  expect(await relay.status('/readyz')).toBe(503)
  const line = relay.log().split('\n').find((one) => one.includes(`"error_type":"${type}"`))
  expect(line).toContain('"wanted":"sasl_ssl"')
  expect(line).toContain(hint)
  const counted = `websocket_kafka_errors_by_type_total{error_type="${type}"} 0`
  expect(await relay.metrics()).not.toContain(counted)
  expect((await relay.child.stop(15_000)).code).toBe(0)
  expect(relay.log()).not.toMatch(/correct-horse|wrong-horse/)
})
