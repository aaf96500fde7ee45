/**
 * One Kafka client for whoever needs one: addresses, security, log and sockets in one place, so
 * that no client of the repository can be without them.
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
import { brokerList } from '../tables/settings-parse.ts'
import type { Settings } from '../tables/settings.ts'
import { mendKafkajs } from './kafkajs-mend.ts'
import type { Logger, LogLevel } from './logger.ts'

/** The settings that a client is made from. */
export type KafkaSettings = Pick<
  Settings,
  | 'kafkaBrokers'
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
/** What a broker's connection suffered; `code` as the operating system gives it. */
export type OnSocketError = (error: Error & { code?: string }) => void

const connectTimeoutMs = 5_000
const keepAliveMs = 30_000

/**
 * Makes a client. Connects to nothing yet.
 *
 * @throws Error of the file system when a certificate cannot be read
 */
export function createKafka(
  settings: KafkaSettings,
  clientId: string,
  logger: Logger,
  onSocketError: OnSocketError = () => undefined,
): Kafka {
  mendKafkajs()
  const ssl = tlsOf(settings)
  const sasl = saslOf(settings)
  return new Kafka({
    clientId,
    brokers: brokerList(settings.kafkaBrokers),
    connectionTimeout: connectTimeoutMs,
    requestTimeout: settings.kafkaRequestTimeoutMs,
    // Short, because whoever uses a client starts afresh, for ever, after a failure that lasts.
    retry: { initialRetryTime: 100, maxRetryTime: 1_000, retries: 4 },
    logLevel: kafkaLevels.INFO,
    logCreator: logInto(logger),
    socketFactory: ({ host, port, ssl: tls, onConnect }) =>
      openSocket(host, port, tls, onConnect, onSocketError),
    ...(ssl !== undefined && { ssl }),
    ...(sasl !== undefined && { sasl }),
  })
}

function openSocket(
  host: string,
  port: number,
  tls: ConnectionOptions | undefined,
  onConnect: () => void,
  onSocketError: OnSocketError,
): Socket {
  const servername = isIP(host) === 0 ? { servername: host } : {}
  const socket = tls
    ? connectSecurely({ host, port, ...servername, ...tls }, onConnect)
    : connect({ host, port }, onConnect)
  socket.setKeepAlive(true, keepAliveMs)
  // A fetch is one small write that the next one must not wait for.
  socket.setNoDelay(true)
  socket.on('error', onSocketError)
  socket.on('end', () => {
    if (socket.writableEnded) return
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

/** The library calls "error" what it will try again; that is a warning here. */
function logInto(logger: Logger): logCreator {
  return () =>
    ({ level, namespace, log }) => {
      const { message, timestamp: _timestamp, stack: _stack, ...fields } = log
      logger[levels[level] ?? 'debug']({ kafka: namespace, ...fields }, message)
    }
}
