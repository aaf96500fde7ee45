/** What an error of Kafka is taken for: by code, type and name, never by its words. */
import { expect, test } from 'vitest'
import type { InfraErrorType } from '../health/signals.ts'
import { classify, explain } from './kafka-errors.ts'

const error = (more: object, cause?: unknown) =>
  Object.assign(new Error('broker timeout: decode of a dns name failed', { cause }), more)

const cases: readonly (readonly [object, InfraErrorType])[] = [
  [{ code: 'ENOTFOUND' }, 'dns_failure'],
  [{ code: 'ECONNREFUSED' }, 'broker_down'],
  [{ name: 'DeadlineError' }, 'connection_timeout'],
  [{ code: 'SELF_SIGNED_CERT_IN_CHAIN' }, 'tls_failure'],
  [{ code: 'ERR_TLS_CERT_ALTNAME_INVALID' }, 'tls_failure'],
  [{ code: 'ERR_SSL_WRONG_VERSION_NUMBER' }, 'tls_failure'],
  [{ code: 'CERT_HAS_EXPIRED' }, 'tls_failure'],
  [{ name: 'KafkaJSSASLAuthenticationError' }, 'auth_failure'],
  [{ type: 'TOPIC_AUTHORIZATION_FAILED' }, 'auth_failure'],
  [{ type: 'CORRUPT_MESSAGE' }, 'decode_error'],
  [{}, 'unknown'],
]

test.each(cases)('%o is %s, whatever wraps it', (more, type) => {
  expect(classify(error(more))).toBe(type)
  const wrapped = error({ name: 'KafkaJSNumberOfRetriesExceeded' }, error(more))
  expect(classify(error({ name: 'KafkaJSNonRetriableError' }, wrapped))).toBe(type)
})

test('what is no error at all is unknown', () => {
  expect([undefined, null, 'dns', 5].map(classify)).toEqual(Array(4).fill('unknown'))
})

test('a log line says what was wanted, what was found, and what to look at', () => {
  const inner = error({ code: 'SELF_SIGNED_CERT_IN_CHAIN' })
  const said = explain(error({ name: 'KafkaJSConnectionError' }, inner), 'sasl_ssl')
  expect(said).toEqual({
    wanted: 'sasl_ssl',
    error_type: 'tls_failure',
    code: 'SELF_SIGNED_CERT_IN_CHAIN',
    advice: expect.stringContaining('KAFKA_SSL_CA_LOCATION'),
  })
  expect(explain(error({}), 'ssl')).toEqual({ wanted: 'ssl', error_type: 'unknown' })
})
