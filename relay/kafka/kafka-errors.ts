/**
 * Classifies errors of Kafka by code and type, never by words in a message: all errors of brokers
 * mention a broker, and a topic may be called "timeout".
 */

import type { InfraErrorType } from '../health/signals.ts'

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
  EPROTO: 'tls_failure',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'tls_failure',
  UNABLE_TO_GET_ISSUER_CERT: 'tls_failure',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'tls_failure',
  SELF_SIGNED_CERT_IN_CHAIN: 'tls_failure',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'tls_failure',
  HOSTNAME_MISMATCH: 'tls_failure',
  INVALID_CA: 'tls_failure',
  SASL_AUTHENTICATION_FAILED: 'auth_failure',
  UNSUPPORTED_SASL_MECHANISM: 'auth_failure',
  ILLEGAL_SASL_STATE: 'auth_failure',
  TOPIC_AUTHORIZATION_FAILED: 'auth_failure',
  GROUP_AUTHORIZATION_FAILED: 'auth_failure',
  CLUSTER_AUTHORIZATION_FAILED: 'auth_failure',
  CORRUPT_MESSAGE: 'decode_error',
  UNSUPPORTED_COMPRESSION_TYPE: 'decode_error',
}
/** Prefixes of codes of OpenSSL and of Node's TLS. */
const tlsCode = /^(?:ERR_(?:SSL|TLS|OSSL)_|CERT_|CRL_)/
const byName: Readonly<Record<string, InfraErrorType>> = {
  KafkaJSRequestTimeoutError: 'connection_timeout',
  DeadlineError: 'connection_timeout',
  KafkaJSConnectionClosedError: 'broker_down',
  KafkaJSConnectionError: 'broker_down',
  KafkaJSBrokerNotFound: 'broker_down',
  KafkaJSNoBrokerAvailableError: 'broker_down',
  KafkaJSGroupCoordinatorNotFound: 'broker_down',
  KafkaJSSASLAuthenticationError: 'auth_failure',
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

/** Checks the error and its causes, the innermost first, which is the most specific. */
export function classify(error: unknown): InfraErrorType {
  const chain = chainOf(error)
  for (const { code, type } of chain) {
    const found = typeOfCode(code) ?? typeOfCode(type)
    if (found !== undefined) return found
  }
  const named = chain.map(({ name }) => byName[String(name)])
  return named.find((found) => found !== undefined) ?? 'unknown'
}

/** Whether Kafka says that there is no such topic. */
export const isTopicMissing = (error: unknown): boolean =>
  chainOf(error).some(({ type }) => type === 'UNKNOWN_TOPIC_OR_PARTITION')

const isCoded = (error: unknown): error is Coded => typeof error === 'object' && error !== null

function chainOf(error: unknown): Coded[] {
  const chain: Coded[] = []
  for (let one = error; isCoded(one) && chain.length < causesMax; one = one.cause) {
    chain.unshift(one)
  }
  return chain
}

const typeOfCode = (code: unknown): InfraErrorType | undefined =>
  byCode[String(code)] ?? (tlsCode.test(String(code)) ? 'tls_failure' : undefined)

/** What to check first, by type; self-explanatory types have none. */
const advice: Readonly<Partial<Record<InfraErrorType, string>>> = {
  dns_failure: 'check the host names in KAFKA_BROKERS and those that the brokers advertise',
  connection_timeout: 'check that KAFKA_BROKERS can be reached from here, firewalls included',
  broker_down:
    'check that the brokers run, and that their listener expects this KAFKA_SECURITY_PROTOCOL',
  tls_failure:
    'check KAFKA_SSL_CA_LOCATION, the names in the certificate, and that the listener uses TLS',
  auth_failure:
    'check KAFKA_SASL_MECHANISM, _USERNAME and _PASSWORD, and the permissions of that user',
}

const missingAdvice = 'create the topic, or correct KAFKA_TOPIC; the relay waits for it'

/** The fields of a log line about an error of Kafka. Contains no setting's value. */
export interface Explained {
  /** The security protocol of the connection. */
  readonly wanted: string
  readonly error_type: InfraErrorType
  /** The code that decided the type, where there is one. */
  readonly code?: string
  readonly advice?: string
}

/** @param wanted the security protocol of the connection to the brokers */
export function explain(error: unknown, wanted: string): Explained {
  const type = classify(error)
  const hint = isTopicMissing(error) ? missingAdvice : advice[type]
  const codes = chainOf(error).flatMap((one) => [one.code, one.type])
  const code = codes.find((one) => typeof one === 'string' && typeOfCode(one) !== undefined)
  return {
    wanted,
    error_type: type,
    ...(typeof code === 'string' && { code }),
    ...(hint !== undefined && { advice: hint }),
  }
}
