/**
 * A broker that wants TLS and a password: every client of the relay must bring both, and a relay
 * that brings the wrong ones must live, say so, and keep its secrets.
 */
import { execFileSync } from 'node:child_process'
import { createPrivateKey } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { secretRows } from '../../relay/tables/secrets.ts'
import { systemClock as clock } from '../../relay/world/clock.ts'
import type { RelaySettings } from '../targets/timing.ts'
import { onFreePorts } from '../stack/free-ports.ts'
import { kafkaClient, type Producer } from '../stack/kafka.ts'
import { ensureKafkaClasses } from '../stack/kafka-classes.ts'
import { makeCertificates, securedProtocols } from '../stack/kafka-secured.ts'
import { formatStorage, startKafka, type KafkaPorts } from '../stack/kafka-server.ts'
import { openTopics, type Topics } from '../stack/topics.ts'
import { requireHostProgram } from '../toolchain/host-programs.ts'
import { ensureTools } from '../toolchain/tools.ts'
import { freePort } from '../world/ports.ts'
import { openWorld, type World } from '../world/world.ts'
import { Client } from '../wire/relay-client.ts'
import { contractOf, environmentOf } from '../targets/environment.ts'
import { poison, record } from './records-testbed.ts'
import { startRelay, type Launch } from './relay-process-testbed.ts'
import { until } from './until-testbed.ts'

type Protocol = (typeof securedProtocols)[number]
type FileKey = 'kafkaSslCaFile' | 'kafkaSslCertFile' | 'kafkaSslKeyFile'
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
  makeOddFiles()
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
  const bare = {
    libs: tools.kafka.path,
    java: await requireHostProgram('java'),
    folder: world.makeFolder('kafka'),
    logFolder: state,
    partitionsDefault: 1,
    secured: { certificates, user: 'relay', password },
  }
  const plan = { ...bare, javaOptions: await ensureKafkaClasses(world, bare, () => undefined) }
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

/** Starts a relay whose output can be read as it is, secrets included. */
async function launch(name: string, asked: Omit<Launch, 'logFile'>) {
  const rawFile = join(state, `${name}.raw.log`)
  const logFile = join(state, `${name}.log`)
  const child = await startRelay(world, { ...asked, rawFile, logFile })
  return { child, log: () => readFileSync(rawFile, 'utf8') }
}

/** Starts a relay on a topic of its own and waits until it lives. */
async function start(protocol: Protocol, settings: RelaySettings, before = '') {
  const topic = `t${(relays += 1)}`
  await topics.create(topic, 1)
  await topics.create(`${topic}-dlq`, 1)
  const port = await freePort(`${world.mark}/${topic}`)
  const address = `127.0.0.1:${port}`
  const ask = (path: string) => fetch(`http://${address}${path}`)
  const task = {
    settings: {
      kafkaSecurityProtocol: protocol.toLowerCase() as Lowercase<Protocol>,
      lagIntervalMs: 1_000,
      logLevel: 'debug',
      ...settings,
    },
    kafkaBrokers: [addresses[protocol]],
    redisUrl: 'redis://127.0.0.1:1',
    topic,
    dlqTopic: `${topic}-dlq`,
    groupId: `g-${topic}`,
  } as const
  const probe = async () => void (await ask('/livez'))
  return {
    ...(await launch(topic, { env: contractOf(task, port), ready: { probe }, before })),
    topic,
    address,
    status: async (path: string) => (await ask(path)).status,
    metrics: async () => (await (await ask('/metrics')).text()).split('\n'),
    produce: (...values: Buffer[]) =>
      producer.send({ topic, messages: values.map((value) => ({ value })) }),
  }
}

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

/** Files that an operator may name by mistake, and a key that only its password opens. */
function makeOddFiles(): void {
  const at = (name: string) => join(certificates, name)
  const read = (name: string) => readFileSync(at(name), 'utf8')
  execFileSync('mkfifo', [at('pipe')], { timeout: 10_000 })
  writeFileSync(at('bundle.pem'), read('ca.pem') + read('other-ca.pem').replace(/\n.{9}/, '\n'))
  const pkcs8 = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc' } as const
  const sealed = createPrivateKey(read('broker.key')).export({ ...pkcs8, passphrase: password })
  writeFileSync(at('sealed.key'), sealed)
}

test.each<readonly [string, Partial<Record<FileKey, string>>, string, readonly string[]]>([
  [
    'missing, a pipe and no key at all',
    { kafkaSslCaFile: 'nothing.pem', kafkaSslCertFile: 'pipe', kafkaSslKeyFile: 'ca.pem' },
    password,
    ['KAFKA_SSL_CA_LOCATION', 'KAFKA_SSL_CERTIFICATE_LOCATION', 'KAFKA_SSL_KEY_LOCATION'],
  ],
  [
    "no certificate, and another one's key",
    { kafkaSslCaFile: 'ca.key', kafkaSslCertFile: 'broker.pem', kafkaSslKeyFile: 'ca.key' },
    password,
    ['KAFKA_SSL_CA_LOCATION', 'the key of KAFKA_SSL_CERTIFICATE_LOCATION'],
  ],
  [
    'broken from the second certificate on, and closed to this password',
    { kafkaSslCaFile: 'bundle.pem', kafkaSslCertFile: 'broker.pem', kafkaSslKeyFile: 'sealed.key' },
    'another password',
    ['KAFKA_SSL_CA_LOCATION', 'that KAFKA_SSL_KEY_PASSWORD opens'],
  ],
  [
    'as they should be',
    { kafkaSslCaFile: 'ca.pem', kafkaSslCertFile: 'broker.pem', kafkaSslKeyFile: 'sealed.key' },
    password,
    [],
  ],
])('with files that are %s it ends immediately and names all mistakes', async (...given) => {
  const [what, files, kafkaSslKeyPassword, named] = given
  const paths = Object.entries(files).map(([key, name]) => [key, join(certificates, name)])
  const env = environmentOf({
    ...(Object.fromEntries(paths) as typeof files),
    ...login,
    kafkaSslKeyPassword,
    kafkaSaslMechanism: 'PLAIN',
    kafkaSecurityProtocol: 'sasl_ssl',
  })
  const startMs = clock.nowMs()
  const { child, log } = await launch(what, { env: { ...env, WEBSOCKET_PORT: 'x' } })
  expect(await child.exited).toEqual({ code: 1, signal: null })
  // A pipe would be waited for without end; on a busy machine a start alone takes seconds.
  expect(clock.nowMs() - startMs).toBeLessThan(15_000)
  for (const one of [...named, 'WEBSOCKET_PORT']) expect(log()).toContain(one)
  expect(log()).toContain(`${named.length + 1} wrong setting(s)`)
})

describe.concurrent('no secret is shown', () => {
  const rows = secretRows.map(({ env }) => env)
  /** What each looks like, and an encoded one could be recognised by. */
  const needles = new Map(rows.map((env) => [env, `needle/${env.toLowerCase()}+{"`]))
  const shown = (text: string) =>
    [...needles.values()].flatMap((needle) => {
      const encoded = encodeURIComponent(needle)
      const core = Buffer.from(`xx${needle}`).toString('base64').slice(3, -4)
      return [needle, JSON.stringify(needle).slice(1, -1), encoded, core].filter((form) =>
        text.includes(form),
      )
    })

  test('by a relay with wrong settings', async () => {
    const env = { ...Object.fromEntries(needles), WEBSOCKET_PORT: 'x' }
    const { child, log } = await launch('wrong', { env })
    expect(await child.exited).toEqual({ code: 1, signal: null })
    expect(log()).toContain('REDIS_URL')
    expect(shown(log())).toEqual([])
  })

  test.each<readonly [string, Protocol, string]>([
    ['Kafka', 'SASL_SSL', '"error_type":"auth_failure"'],
    ['Redis', 'SSL', 'Redis is not connected'],
  ])('by one that %s refuses, for every request', async (_, protocol, sign) => {
    const redis = await startRefusingRedis()
    const inUrl = encodeURIComponent(needles.get('REDIS_URL')!)
    const relay = await start(
      protocol,
      {
        ...trusted,
        kafkaSaslMechanism: 'PLAIN',
        kafkaSaslUsername: 'relay',
        kafkaSaslPassword: needles.get('KAFKA_SASL_PASSWORD')!,
        kafkaSslKeyPassword: needles.get('KAFKA_SSL_KEY_PASSWORD')!,
        authToken: needles.get('WEBSOCKET_AUTH_TOKEN')!,
        redisUrl: `redis://user:${inUrl}@127.0.0.1:${redis.port}`,
      },
      crashOnUsr2,
    )
    await until('the refusal', () => relay.log().includes(sign))
    if (protocol === 'SSL') expect(redis.asked.join()).toContain(needles.get('REDIS_URL')!)
    const answers = await Promise.all([
      ...['/health', '/version', '/metrics', '/readyz', '/nothing', '/ws'].map(async (path) => {
        return (await fetch(`http://${relay.address}${path}`)).text()
      }),
      (await fetch(`http://${relay.address}/api/expected-schema/g`, { method: 'PUT' })).text(),
      answersTo(relay.address, 'wrong'),
      answersTo(relay.address, needles.get('WEBSOCKET_AUTH_TOKEN')!),
    ])
    expect(answers.at(-1)).toContain('RESUME_INVALID')
    expect(shown(answers.join('\n'))).toEqual([])
    relay.child.signal('SIGUSR2')
    expect(await relay.child.exited).toEqual({ code: 1, signal: null })
    redis.close()
    expect(relay.log()).toContain('all that it knows: ')
    expect(shown(relay.log())).toEqual([])
  })
})

/** An uncaught error that carries the whole environment. */
const crashOnUsr2 = `process.on('SIGUSR2', () => {
  throw Object.assign(new Error('all that it knows: ' + JSON.stringify(process.env)), process.env)
})`

/** Refuses every login, and says in the error what it was sent. */
async function startRefusingRedis() {
  const asked: string[] = []
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.on('data', (bytes) => {
      asked.push(String(bytes))
      const words = String(bytes).split('\r\n').join(' ')
      socket.write(`-ERR unknown command, with args beginning with: ${words}\r\n`.repeat(3))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return { asked, port, close: () => void server.close() }
}

/** What a client with this token gets when it asks for something impossible. */
function answersTo(address: string, token: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = new WebSocket(`ws://${address}/ws?token=${encodeURIComponent(token)}`)
    const told: string[] = []
    socket.addEventListener('open', () => {
      socket.send('{"type":"resume","from":"nowhere"}')
      socket.send('{"type":"resume","lastOffsetsByPartition":{"0":"x"}}')
    })
    socket.addEventListener('message', ({ data }) => {
      told.push(String(data))
      socket.close()
    })
    socket.addEventListener('error', () => told.push('no WebSocket'))
    socket.addEventListener('close', ({ reason }) => resolve([...told, reason].join('\n')))
  })
}
