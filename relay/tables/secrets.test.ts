/** No encoding carries a secret past the redaction. */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { redactor, secretRows, secretsOf } from './secrets.ts'

const bare = fc.string({ minLength: 6, maxLength: 30, unit: 'binary' })
const secrets = bare.map((text) => `${text.trim()}#s3cret`)
const base64 = (text: string) => Buffer.from(text).toString('base64')

test('a secret is found however it is encoded, and whatever stands around it', () => {
  const isHidden = fc.property(secrets, fc.string(), fc.string(), (secret, before, after) => {
    const redact = redactor([secret])
    for (const encode of [
      (text: string) => text,
      (text: string) => JSON.stringify({ text }),
      (text: string) => `redis://user:${encodeURIComponent(text)}@127.0.0.1:6379/0`,
      (text: string) => `Basic ${base64(`user:${text}`)}`,
      (text: string) => base64(`\0relay\0${text}`),
      (text: string) => Buffer.from(`${before}${text}${after}`).toString('base64url'),
      (text: string) => Buffer.from(text).toString('hex'),
    ]) {
      const shown = encode(secret)
      expect(redact(`${before} ${shown} ${after}`)).not.toContain(shown)
      expect(redact(shown)).toContain('***')
    }
  })
  fc.assert(isHidden)
})

test('every secret setting gives its value, and a URL its password', () => {
  const each = secretRows.map(({ env }) => env)
  expect(each).toEqual(expect.arrayContaining(['REDIS_URL', 'WEBSOCKET_AUTH_TOKEN']))
  for (const name of each) {
    expect(secretsOf({ [name]: ' needle ' })).toEqual(['needle'])
    const found = secretsOf({ [name]: 'redis://me:p%40ss@host?key=word' })
    expect(found).toEqual(expect.arrayContaining(['p%40ss', 'p@ss', 'key=word']))
  }
})

test('what is no secret stays as it is', () => {
  const line = '{"level":30,"url":"redis://127.0.0.1:6379","msg":"a 1 and a 12"}\n'
  const env = { WEBSOCKET_AUTH_TOKEN: '12', REDIS_URL: 'redis://127.0.0.1:6379' }
  expect(redactor(secretsOf(env))(line)).toBe(line)
})
