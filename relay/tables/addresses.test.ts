/** One reading of addresses for the check and for the use: what passes can be connected to. */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hostOfSeed, readAddress, readHost, sayAddress, seedOf } from './addresses.ts'
import { parseSettings } from './settings-parse.ts'

const problemsOf = (env: Record<string, string>) => {
  const found = parseSettings(env)
  return found.ok ? [] : found.problems
}

describe('an address', () => {
  test.each([
    ['kafka:9092', 'kafka', 9092],
    ['127.0.0.1:1', '127.0.0.1', 1],
    ['kafka_1.prod-eu:65535', 'kafka_1.prod-eu', 65_535],
    ['[::1]:9092', '::1', 9092],
    ['[fe80::1%eth0]:9092', 'fe80::1%eth0', 9092],
  ])('%s is read', (text, host, port) => {
    expect(readAddress(text)).toEqual({ host, port })
    expect(sayAddress({ host, port })).toBe(text)
  })

  test.each([
    'nowhere',
    ':9092',
    'h:',
    'h:0',
    'h:99999',
    'h:+1',
    'h:1e3',
    'PLAINTEXT://h:9092',
    'a:1;b:2',
    '::1:9092',
    '[::1]',
    '[h]:9092',
    'user@h:1',
    'h:1/',
    '1.2.3:9092',
  ])('%s is none', (text) => {
    expect(readAddress(text)).toBeUndefined()
  })

  test('of IPv6 survives a library that splits it at its first colon', () => {
    fc.assert(
      fc.property(fc.ipV6(), (address) => {
        const [host, port] = seedOf({ host: address, port: 9092 }).split(':')
        expect([hostOfSeed(host!), port]).toEqual([address, '9092'])
      }),
    )
    expect(hostOfSeed('kafka-1')).toBe('kafka-1')
  })
})

describe('KAFKA_BROKERS', () => {
  test.each(['[::1]:9092', 'a:1, b:2', 'a:1,,b:2'])('%s passes', (text) => {
    expect(problemsOf({ KAFKA_BROKERS: text })).toEqual([])
  })

  test.each([
    ['PLAINTEXT://h:9092', 'PLAINTEXT://h:9092'],
    ['a:1;b:2', 'a:1;b:2'],
    ['h:9092,h:99999', 'h:99999'],
    ['::1:9092', '::1:9092'],
    [',', ','],
  ])('%s is refused, with what was wanted and what was found', (text, found) => {
    expect(problemsOf({ KAFKA_BROKERS: text })).toEqual([
      'KAFKA_BROKERS: wanted host:port or [IPv6]:port with a port of 1 to 65535, separated by ' +
        `commas; found "${found}"`,
    ])
  })
})

describe('WEBSOCKET_HOST', () => {
  test.each([
    ['[::1]', '::1'],
    ['::', '::'],
    ['0.0.0.0', '0.0.0.0'],
    ['localhost', 'localhost'],
  ])('%s is listened on as %s', (text, host) => {
    const found = parseSettings({ WEBSOCKET_HOST: text })
    expect(found.ok && found.settings.host).toBe(host)
    expect(readHost(text)).toBe(host)
  })

  test.each(['127.0.0.1:3002', 'http://127.0.0.1', '[::1]:3002', '[h]', '0.0.0', '*'])(
    '%s is refused',
    (text) => {
      expect(problemsOf({ WEBSOCKET_HOST: text })).toEqual([
        `WEBSOCKET_HOST: wanted a host name or an IP address, without scheme and port; ` +
          `found "${text}"`,
      ])
    },
  )
})

describe('REDIS_URL', () => {
  test.each(['redis://h', 'redis://[::1]:6379/1', 'rediss://me:pw@h:6379/'])('%s passes', (url) => {
    expect(problemsOf({ REDIS_URL: url })).toEqual([])
  })

  test.each(['h:6379', 'redis://h:0', 'redis://h:99999', 'redis://h:1/abc', 'redis://a:1;b:2'])(
    '%s is refused, and not shown',
    (url) => {
      const [problem, ...others] = problemsOf({ REDIS_URL: url })
      expect(others).toEqual([])
      expect(problem).toMatch(/^REDIS_URL: wanted redis:/)
      expect(problem).not.toContain(url)
    },
  )
})

describe('a dead-letter topic', () => {
  test('that is the topic itself is refused: both settings are named', () => {
    const problem =
      'KAFKA_DLQ_TOPIC and KAFKA_TOPIC: wanted two topics, because the relay would read its ' +
      'own dead letters forever; found "same" twice'
    expect(problemsOf({ KAFKA_TOPIC: 'same', KAFKA_DLQ_TOPIC: 'same' })).toEqual([problem])
    expect(problemsOf({ KAFKA_TOPIC: 'same' })).toEqual([])
  })
})

describe('KAFKA_BROKER_ADDRESS_FAMILY', () => {
  test.each(['auto', 'any', 'V4', 'v6'])('%s passes', (word) => {
    expect(problemsOf({ KAFKA_BROKER_ADDRESS_FAMILY: word, KAFKA_BROKERS: 'h:1' })).toEqual([])
  })

  test('is refused where a broker is an address of the other family', () => {
    const problem =
      'KAFKA_BROKER_ADDRESS_FAMILY and KAFKA_BROKERS: wanted brokers of v6; found "127.0.0.1:1"'
    const brokers = 'h:1,127.0.0.1:1'
    expect(problemsOf({ KAFKA_BROKER_ADDRESS_FAMILY: 'v6', KAFKA_BROKERS: brokers })).toEqual([
      problem,
    ])
  })
})
