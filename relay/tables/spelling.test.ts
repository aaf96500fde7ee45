/** Names that look like settings and are none; and names that only look as if they looked so. */
import { describe, expect, test } from 'vitest'
import { settingRows } from './settings.ts'
import { type Environment, parseSettings } from './settings-parse.ts'

function spellingOfOne(env: Environment) {
  const parsed = parseSettings(env)
  return parsed.ok
    ? { problems: [], warnings: parsed.warnings }
    : { problems: parsed.problems, warnings: [] }
}

describe('a misspelled name of a setting for access control', () => {
  test.each([
    ['WEBSOCKET_AUTHTOKEN', 'WEBSOCKET_AUTH_TOKEN'],
    ['WEBSOCKET_AUTH_TOKENS', 'WEBSOCKET_AUTH_TOKEN'],
    ['websocket_auth_token', 'WEBSOCKET_AUTH_TOKEN'],
    ['WEBSOKCET_AUTH_TOKEN', 'WEBSOCKET_AUTH_TOKEN'],
    ['WEBSOCKET_TOKEN', 'WEBSOCKET_AUTH_TOKEN'],
    ['WEBSOCKET_TOKEN_AUTH', 'WEBSOCKET_AUTH_TOKEN'],
    ['WEBSOCKET_BEARER_TOKEN', 'WEBSOCKET_AUTH_TOKEN'],
    ['WEBSOCKET_ALLOWED_ORIGIN', 'WEBSOCKET_ALLOWED_ORIGINS'],
    ['WEBSOCKET_HOTS', 'WEBSOCKET_HOST'],
    ['WEBSOCKET_TRUSTED_PROXY_IP', 'WEBSOCKET_TRUSTED_PROXY_IPS'],
    ['KAFKA_SECURITY_PROTOCOLL', 'KAFKA_SECURITY_PROTOCOL'],
    ['KAFKA_SASL_MECHANISMS', 'KAFKA_SASL_MECHANISM'],
    ['KAFKA_SSL_CA_LOCATON', 'KAFKA_SSL_CA_LOCATION'],
  ])('%s stops the start and names %s', (name, meant) => {
    const { problems } = spellingOfOne({ [name]: 'hunter2hunter2' })
    expect(problems).toHaveLength(1)
    expect(problems[0]).toContain(`${name} `)
    expect(problems[0]).toContain(`${meant}?`)
    expect(problems[0]).not.toContain('hunter2')
  })
  test('is only a warning if the right one is set too', () => {
    const env = { WEBSOCKET_AUTHTOKEN: 'a', WEBSOCKET_AUTH_TOKEN: 'b' }
    const { problems, warnings } = spellingOfOne(env)
    expect([problems.length, warnings.length]).toEqual([0, 1])
    expect(warnings[0]).toMatch(/^WEBSOCKET_AUTHTOKEN /)
  })
})

test.each([
  ['KAFKA_BROKER', 'KAFKA_BROKERS'],
  ['KAFKA_TOPICS', 'KAFKA_TOPIC'],
  ['REDIS_URI', 'REDIS_URL'],
  ['REPLAY_TIMEOUT_SEC', 'REPLAY_TIMEOUT_SECS'],
  ['WEBSOCKET_MAX_CONNECTION', 'WEBSOCKET_MAX_CONNECTIONS'],
  ['SLOW_CLIENT_THRESHOLD', 'SLOW_CLIENT_DISCONNECT_THRESHOLD'],
  ['LOGLEVEL', 'LOG_LEVEL'],
  ['DLQ_SEND_TIMEOUT_SEC', 'DLQ_SEND_TIMEOUT_SECS'],
])('%s is warned of, with %s', (name, meant) => {
  const { problems, warnings } = spellingOfOne({ [name]: '5' })
  expect(problems).toEqual([])
  expect(warnings).toHaveLength(1)
  expect(warnings[0]).toContain(`${meant}?`)
})

describe('names of others are left alone', () => {
  test.each([
    ['KAFKA_HEAP_OPTS', '-Xmx1g'],
    ['KAFKA_OPTS', ''],
    ['KAFKA_BROKER_ID', '1'],
    ['KAFKA_CFG_LISTENERS', 'x'],
    ['KAFKA_SSL_KEYSTORE_LOCATION', '/x'],
    ['KAFKA_SSL_CLIENT_AUTH', 'required'],
    ['KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS', '0'],
    ['KAFKA_AUTO_CREATE_TOPICS_ENABLE', 'true'],
    ['REDIS_PORT', 'tcp://10.0.0.1:6379'],
    ['REDIS_PORT_6379_TCP', 'tcp://10.0.0.1:6379'],
    ['REDIS_PORT_6379_TCP_ADDR', '10.0.0.1'],
    ['REDIS_SERVICE_HOST', '10.0.0.1'],
    ['REDIS_SERVICE_PORT_REDIS', '6379'],
    ['REDIS_PASSWORD', 'x'],
    ['WEBSOCKET_SERVICE_HOST', '10.0.0.1'],
    ['WEBSOCKET_SERVER_SERVICE_PORT', '3002'],
    ['WEBSOCKET_SERVER_PORT', 'tcp://10.0.0.1:3002'],
    ['WEBSOCKET_SERVER_PORT_3002_TCP_PROTO', 'tcp'],
    ['WEBSOCKET_PORT_3002_TCP_PORT', '3002'],
    ['HEALTH_CHECK_PATH', '/health'],
    ['MAX_CONNECTIONS', '5'],
    ['LOG_FORMAT', 'json'],
    ['OTEL_SERVICE_NAME', 'x'],
    ['WEBSOCKET_AUTHTOKEN', ' '],
    ['PATH', '/bin'],
  ])('%s=%s', (name, value) => {
    expect(spellingOfOne({ [name]: value })).toEqual({ problems: [], warnings: [] })
  })
  test('and so is every setting', () => {
    for (const { env } of Object.values(settingRows)) {
      const { problems, warnings } = spellingOfOne({ [env]: '1' })
      expect([...problems, ...warnings].join()).not.toMatch(/did you mean/)
    }
  })
})

test("Kubernetes' variable of a service of that name is recognized", () => {
  const { problems } = spellingOfOne({ WEBSOCKET_PORT: 'tcp://10.0.0.1:3002' })
  expect(problems.join()).toMatch(/enableServiceLinks/)
})

describe('settings of DashFlow without effect here', () => {
  test.each(['REDIS_ZCARD_CHECK_CADENCE', 'OTEL_EXPORTER_OTLP_ENDPOINT'])('%s warns', (name) => {
    const { problems, warnings } = spellingOfOne({ [name]: '1' })
    expect(problems).toEqual([])
    expect(warnings.join()).toContain(name)
  })
  test.each([
    ['debug', undefined, 'debug'],
    ['WARN', undefined, 'warn'],
    ['off', undefined, 'error'],
    ['info,websocket_server=debug', undefined, 'debug'],
    ['rdkafka=trace,warn', undefined, 'warn'],
    ['rdkafka=trace', undefined, 'info'],
    ['websocket_server::replay=trace', undefined, 'info'],
    ['loud', undefined, 'info'],
    ['debug', 'error', 'error'],
  ])('RUST_LOG=%s with LOG_LEVEL=%s means %s', (rustLog, level, wanted) => {
    const parsed = parseSettings({ RUST_LOG: rustLog, LOG_LEVEL: level })
    expect(parsed.ok && parsed.settings.logLevel).toBe(wanted)
  })
})

describe('a relay that others reach', () => {
  const hosts = ['0.0.0.0', '::', '10.0.0.1', 'relay.internal']
  test.each(hosts)('on %s without a token warns', (host) => {
    const { warnings } = spellingOfOne({ WEBSOCKET_HOST: host })
    expect(warnings.join()).toMatch(/WEBSOCKET_AUTH_TOKEN/)
    expect(spellingOfOne({ WEBSOCKET_HOST: host, WEBSOCKET_AUTH_TOKEN: 'x' }).warnings).toEqual([])
  })
  test.each(['127.0.0.1', '127.0.0.2', 'localhost', '::1'])('%s is none', (host) => {
    expect(spellingOfOne({ WEBSOCKET_HOST: host }).warnings).toEqual([])
  })
})
