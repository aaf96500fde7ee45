/**
 * What went wrong with Kafka, by code and type, never by words in a message: brokers' own errors
 * all mention a broker, and a topic may be called "timeout".
 */

export type InfraErrorType =
  'dns_failure' | 'connection_timeout' | 'broker_down' | 'decode_error' | 'unknown'

const byCode: Readonly<Record<string, InfraErrorType>> = {
  ENOTFOUND: 'dns_failure',
  EAI_AGAIN: 'dns_failure',
  ETIMEDOUT: 'connection_timeout',
  ECONNREFUSED: 'broker_down',
  ECONNRESET: 'broker_down',
  EHOSTUNREACH: 'broker_down',
  ENETUNREACH: 'broker_down',
  EPIPE: 'broker_down',
  LEADER_NOT_AVAILABLE: 'broker_down',
  BROKER_NOT_AVAILABLE: 'broker_down',
  NOT_LEADER_FOR_PARTITION: 'broker_down',
  GROUP_COORDINATOR_NOT_AVAILABLE: 'broker_down',
  COORDINATOR_LOAD_IN_PROGRESS: 'broker_down',
  NOT_COORDINATOR_FOR_GROUP: 'broker_down',
  NETWORK_EXCEPTION: 'broker_down',
  REQUEST_TIMED_OUT: 'connection_timeout',
  CORRUPT_MESSAGE: 'decode_error',
  UNSUPPORTED_COMPRESSION_TYPE: 'decode_error',
}
const byName: Readonly<Record<string, InfraErrorType>> = {
  KafkaJSRequestTimeoutError: 'connection_timeout',
  DeadlineError: 'connection_timeout',
  KafkaJSConnectionClosedError: 'broker_down',
  KafkaJSConnectionError: 'broker_down',
  KafkaJSBrokerNotFound: 'broker_down',
  KafkaJSNoBrokerAvailableError: 'broker_down',
  KafkaJSGroupCoordinatorNotFound: 'broker_down',
  KafkaJSPartialMessageError: 'decode_error',
  KafkaJSUnsupportedMagicByteInMessageSet: 'decode_error',
  KafkaJSNotImplemented: 'decode_error',
  RangeError: 'decode_error',
}

interface Coded {
  readonly name?: unknown
  readonly code?: unknown
  readonly type?: unknown
  readonly cause?: unknown
}
const causesMax = 8

/** Looks at the error and at its causes, the innermost first: that one knows best. */
export function classify(error: unknown): InfraErrorType {
  const chain: Coded[] = []
  for (let one = error; isCoded(one) && chain.length < causesMax; one = one.cause) {
    chain.unshift(one)
  }
  for (const { code, type } of chain) {
    const found = byCode[String(code)] ?? byCode[String(type)]
    if (found !== undefined) return found
  }
  const named = chain.map(({ name }) => byName[String(name)])
  return named.find((found) => found !== undefined) ?? 'unknown'
}

const isCoded = (error: unknown): error is Coded => typeof error === 'object' && error !== null
