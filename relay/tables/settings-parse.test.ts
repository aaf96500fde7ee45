/** Parsing of an environment, and that every mistake in it is reported at once. */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseSettings, exposedSettings, type Environment } from './settings-parse.ts'
import { type SettingRow, settingRows, type Settings } from './settings.ts'

const parsed = (env: Environment): Settings => {
  const found = parseSettings(env)
  if (!found.ok) throw new Error(found.problems.join('; '))
  return found.settings
}
const problemsOf = (env: Environment) => {
  const found = parseSettings(env)
  return found.ok ? [] : found.problems
}
const rows = Object.entries(settingRows) as [keyof Settings, SettingRow][]
const numbers = rows.flatMap(([key, row]) => (row.kind === 'number' ? [{ key, row }] : []))

describe('an environment', () => {
  test('that is empty gives the defaults of the table, in the units of the code', () => {
    const settings = parsed({})
    expect(settings.sendTimeoutMs).toBe(5_000)
    expect(settings.kafkaBrokers).toBe('127.0.0.1:9092')
    expect(settings.allowedOrigins).toEqual([])
    expect(settings.port).toBe(0)
  })

  test('names every wrong setting in one answer', () => {
    const found = parseSettings({
      KAFKA_ON_DECODE_ERROR: 'ignore',
      WEBSOCKET_PORT: 'http',
      REDIS_TIMEOUT_MS: '1.5',
      DLQ_INCLUDE_FULL_PAYLOAD: 'yes',
      KAFKA_SSL_KEY_LOCATION: '/key',
    })
    expect(found.ok).toBe(false)
    const problems = found.ok ? [] : found.problems
    expect(problems.map((one) => one.split(':')[0])).toEqual([
      'KAFKA_ON_DECODE_ERROR',
      'DLQ_INCLUDE_FULL_PAYLOAD',
      'REDIS_TIMEOUT_MS',
      'WEBSOCKET_PORT',
      'KAFKA_SSL_CERTIFICATE_LOCATION and KAFKA_SSL_KEY_LOCATION must be set together',
    ])
  })

  test('that contradicts itself is refused', () => {
    expect(problemsOf({ KAFKA_SASL_USERNAME: 'me' })).toHaveLength(1)
    expect(problemsOf({ KAFKA_SECURITY_PROTOCOL: 'sasl_ssl' })).toHaveLength(1)
    expect(problemsOf({ KAFKA_SSL_KEY_LOCATION: '/key' })).toHaveLength(1)
    expect(problemsOf({ KAFKA_BROKERS: 'nowhere' })).toHaveLength(1)
    expect(problemsOf({ WEBSOCKET_TRUSTED_PROXY_IPS: '10.0.0.0/8, proxy' })).toHaveLength(1)
    expect(
      problemsOf({ KAFKA_HEARTBEAT_INTERVAL_MS: '5000', KAFKA_SESSION_TIMEOUT_MS: '6000' }),
    ).toHaveLength(1)
  })
})

const anyInteger = fc.bigInt(-(10n ** 20n), 10n ** 20n)

describe('a number', () => {
  test('always ends within the bounds of its row, with a warning when it was moved', () => {
    fc.assert(
      fc.property(fc.constantFrom(...numbers), anyInteger, (one, asked) => {
        const found = parseSettings({ [one.row.env]: String(asked) })
        if (!found.ok) return
        const { min, max, scale, zeroMeans, byDefault } = one.row
        const value = (found.settings[one.key] as number) / scale
        const isDefault = asked === 0n && zeroMeans === 'the default'
        expect(isDefault ? value === byDefault : value >= min && value <= max).toBe(true)
        const isMoved = !isDefault && Number(asked) !== value
        expect(found.warnings).toHaveLength(isMoved ? 1 : 0)
      }),
    )
  })

  test('0 means what its row says', () => {
    const settings = parsed({
      WEBSOCKET_SEND_TIMEOUT_SECS: '0',
      SLOW_CLIENT_DISCONNECT_THRESHOLD: '0',
      WEBSOCKET_MAX_CONNECTIONS_PER_IP: '0',
    })
    expect(settings.sendTimeoutMs).toBe(5_000)
    expect(settings.lagDisconnectRecords).toBe(0)
    expect(settings.connectionsPerIpMax).toBe(1)
  })

  test.each(['', '   '])('a blank %j is unset', (blank) => {
    expect(parsed({ WEBSOCKET_SEND_TIMEOUT_SECS: blank }).sendTimeoutMs).toBe(5_000)
  })
})

describe('a secret', () => {
  const secrets = rows.flatMap(([, row]) => (row.kind === 'text' && row.isSecret ? [row.env] : []))

  test.each(secrets)('%s stands neither in a message nor in /version', (env) => {
    const secret = 'hunter2hunter2'
    const value = env === 'REDIS_URL' ? `redis://me:${secret}@host:1` : secret
    const pair = env === 'KAFKA_SASL_PASSWORD' ? { KAFKA_SASL_USERNAME: 'me' } : {}
    expect(JSON.stringify(exposedSettings(parsed({ [env]: value, ...pair })))).not.toContain(secret)
    const wrong = parseSettings({ [env]: secret, WEBSOCKET_PORT: 'x', KAFKA_BROKERS: ',' })
    expect(JSON.stringify(wrong)).not.toContain(secret)
  })

  test('the address of Redis is still shown', () => {
    const exposed = exposedSettings(parsed({ REDIS_URL: 'redis://me:hunter2@host:6379/1' }))
    expect(exposed['redisUrl']).toBe('redis://***@host:6379/1')
  })
})
