/**
 * Creates every Kafka client: addresses, security, log and sockets in one place, so that no client
 * of the repository lacks them.
 */
import { readFileSync } from 'node:fs'
import { connect, isIP, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectSecurely } from 'node:tls'
import {
  Kafka,
  type KafkaConfig,
  logLevel as kafkaLevels,
  type logCreator,
  type SASLOptions,
} from 'kafkajs'
import { type HostPort, hostOfSeed, seedOf, splitAddress, wordsOf } from '../tables/addresses.ts'
import type { Settings } from '../tables/settings.ts'
import { patchKafkajs } from './kafkajs-patches.ts'
import type { Logger, LogLevel } from '../adapters/logger.ts'
import { Unanswered } from './unanswered.ts'

/** The settings that a client is made from. */
export type KafkaSettings = Pick<
  Settings,
  | 'kafkaBrokers'
  | 'kafkaAddressFamily'
  | 'kafkaRequestTimeoutMs'
  | 'kafkaSecurityProtocol'
  | 'kafkaSaslMechanism'
  | 'kafkaSaslUsername'
  | 'kafkaSaslPassword'
  | 'kafkaSslCaFile'
  | 'kafkaSslCertFile'
  | 'kafkaSslKeyFile'
  | 'kafkaSslKeyPassword'
  | 'kafkaSslEndpointAlgorithm'
>
/** An error of a broker's connection; `code` as the operating system gives it. */
export type OnSocketError = (error: Error & { code?: string }) => void

const connectTimeoutMs = 5_000
const keepAliveMs = 30_000
/** Error codes of a connection that the broker, or a proxy in front of it, has closed. */
const closings: ReadonlySet<string | undefined> = new Set(['ECONNRESET', 'EPIPE'])

/**
 * Creates a client, which does not connect yet.
 *
 * @throws Error of the file system when a certificate cannot be read
 */
export function createKafka(
  settings: KafkaSettings,
  clientId: string,
  logger: Logger,
  onSocketError: OnSocketError = () => undefined,
): Kafka {
  patchKafkajs()
  const ssl = tlsOf(settings)
  const sasl = saslOf(settings)
  const brokers = wordsOf(settings.kafkaBrokers).map(splitAddress)
  const family = familyOf(settings.kafkaAddressFamily, brokers)
  return new Kafka({
    clientId,
    brokers: brokers.map(seedOf),
    connectionTimeout: connectTimeoutMs,
    requestTimeout: settings.kafkaRequestTimeoutMs,
    // Short, because the users of a client retry forever after a lasting failure.
    retry: { initialRetryTime: 100, maxRetryTime: 1_000, retries: 4 },
    logLevel: kafkaLevels.INFO,
    logCreator: logInto(logger),
    socketFactory: ({ host, port, ssl: tls, onConnect }) =>
      openSocket({ host: hostOfSeed(host), port, family }, tls, onConnect, onSocketError),
    ...(ssl !== undefined && { ssl }),
    ...(sasl !== undefined && { sasl }),
  })
}

/** As Node expects it; 0 is any. Brokers on this machine often do not listen on IPv6. */
export function familyOf(
  asked: KafkaSettings['kafkaAddressFamily'],
  brokers: readonly HostPort[],
): 0 | 4 | 6 {
  if (asked !== 'auto') return ({ any: 0, v4: 4, v6: 6 } as const)[asked]
  return brokers.some(({ host }) => host === 'localhost' || host.startsWith('127.')) ? 4 : 0
}

function openSocket(
  to: HostPort & { readonly family: 0 | 4 | 6 },
  tls: ConnectionOptions | undefined,
  onConnect: () => void,
  onSocketError: OnSocketError,
): Socket {
  const servername = isIP(to.host) === 0 ? { servername: to.host } : {}
  const socket = tls
    ? connectSecurely({ ...to, ...servername, ...tls }, onConnect)
    : connect(to, onConnect)
  socket.setKeepAlive(true, keepAliveMs)
  // A fetch is one small write, which must not wait for the next one (Nagle).
  socket.setNoDelay(true)
  const unanswered = new Unanswered(socket)
  // An idle connection that the broker closes is normal: kafkajs reconnects when it needs one.
  socket.on('error', (error: Error & { code?: string }) => {
    if (!unanswered.isIdle || !closings.has(error.code)) onSocketError(error)
  })
  socket.on('end', () => {
    if (socket.writableEnded || unanswered.isIdle) return
    onSocketError(Object.assign(new Error('the broker closed the connection'), { code: 'EPIPE' }))
  })
  return socket
}

const read = (file: string) => (file === '' ? undefined : readFileSync(file, 'utf8'))

function tlsOf(settings: KafkaSettings): KafkaConfig['ssl'] | undefined {
  if (!settings.kafkaSecurityProtocol.endsWith('ssl')) return undefined
  const entries = {
    ca: read(settings.kafkaSslCaFile),
    cert: read(settings.kafkaSslCertFile),
    key: read(settings.kafkaSslKeyFile),
    passphrase: settings.kafkaSslKeyPassword || undefined,
    checkServerIdentity:
      settings.kafkaSslEndpointAlgorithm === 'https' ? undefined : () => undefined,
  }
  return Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined))
}

function saslOf(settings: KafkaSettings): SASLOptions | undefined {
  if (!settings.kafkaSecurityProtocol.startsWith('sasl')) return undefined
  const mechanism = settings.kafkaSaslMechanism.toLowerCase() as 'plain'
  return {
    mechanism,
    username: settings.kafkaSaslUsername,
    password: settings.kafkaSaslPassword,
  }
}

const levels: Readonly<Record<number, LogLevel>> = {
  [kafkaLevels.ERROR]: 'warn',
  [kafkaLevels.WARN]: 'warn',
  [kafkaLevels.INFO]: 'debug',
  [kafkaLevels.DEBUG]: 'debug',
}

/** The library logs as "error" what it will retry; that is a warning here. */
function logInto(logger: Logger): logCreator {
  return () =>
    ({ level, namespace, log }) => {
      const { message, timestamp: _timestamp, stack: _stack, ...fields } = log
      logger[levels[level] ?? 'debug']({ kafka: namespace, ...fields }, message)
    }
}
