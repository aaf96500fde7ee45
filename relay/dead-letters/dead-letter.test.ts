/** The content of a dead letter, word for word, and what it never contains. */
import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { deadLetterOf, type Poison } from './dead-letter.ts'

const poison = (offset: bigint, value = Buffer.from('poison')): Poison => ({
  partition: 2,
  offset,
  value,
  errorType: 'invalid_protobuf',
  says: 'The bytes are not the expected protobuf message.',
  messageCount: 1,
})
const rules = { topic: 'topic', isPayloadIncluded: false, payloadBytesMax: 1_000 }
const including = { ...rules, isPayloadIncluded: true, payloadBytesMax: 10_000_000 }
const letter = (of: Poison, by = rules) => deadLetterOf(of, 0, by)
const read = (of: Poison, by = rules) =>
  JSON.parse(letter(of, by).value) as Record<string, unknown>
const hashOf = (value: Buffer) => createHash('sha256').update(value).digest('hex')

test('it omits the payload by default', () => {
  const fields = read(poison(1n))
  expect(fields['original_payload_base64']).toBeNull()
  expect(fields['payload_truncation_note']).toBe(
    `Full payload omitted for security. SHA256: ${hashOf(Buffer.from('poison'))}. ` +
      'Set DLQ_INCLUDE_FULL_PAYLOAD=true to include.',
  )
  const full = read(poison(1n), including)
  expect(full['original_payload_base64']).toBe('cG9pc29u')
  expect(full['payload_truncation_note']).toBeNull()
})

test('it names the thread where that is known', () => {
  expect(read({ ...poison(1n), thread: 'run-7' })).toMatchObject({ thread_id: 'run-7' })
  expect(read(poison(1n))).toMatchObject({ thread_id: null, tenant_id: null })
})

test('an oversized record never puts its payload into it, and says so', () => {
  const value = Buffer.alloc(1_001)
  const fields = read(
    { ...poison(1n, value), errorType: 'payload_too_large' },
    { ...rules, isPayloadIncluded: true },
  )
  expect(fields).not.toHaveProperty('thread_id')
  expect(fields).not.toHaveProperty('tenant_id')
  expect(fields['error']).toBe('Payload size 1001 exceeds maximum 1000')
  expect(fields['original_payload_base64']).toBeNull()
  expect(fields['payload_truncation_note']).toBe(
    'Payload too large (1001 bytes); not base64-encoded to prevent memory amplification. ' +
      `SHA256: ${hashOf(value)}. DLQ_INCLUDE_FULL_PAYLOAD does not apply to oversized payloads.`,
  )
})

test('a record that is too large only when decompressed is not called oversized', () => {
  const fields = read({ ...poison(1n), errorType: 'payload_too_large' }, including)
  expect(fields['original_payload_base64']).toBe('cG9pc29u')
})

test('it never holds more than a broker takes, and has a form for one that takes less', () => {
  const large = letter(poison(1n, Buffer.alloc(5_000_000)), including)
  expect(large.value.length).toBeLessThan(2_000)
  const { value, bare } = letter(poison(1n, Buffer.alloc(700_000)), including)
  expect(value.length).toBeLessThan(1_000_000)
  expect(bare!.length).toBeLessThan(2_000)
  expect(JSON.parse(bare!)).toMatchObject({ message_size: 700_000, original_payload_base64: null })
})

describe('it shows', () => {
  test('both ends in hex, and the second only where they differ', () => {
    expect(read(poison(1n))['first_bytes_hex']).toBe('[70, 6f, 69, 73, 6f, 6e]')
    expect(read(poison(1n))['last_bytes_hex']).toBe('')
  })

  test('every digit of an offset', () => {
    const { value } = letter(poison(9_007_199_254_740_993n))
    expect(value).toContain('"kafka_offset":9007199254740993')
  })

  test('the same key whenever its record is read again', () => {
    const keys = [1n, 1n, 2n].map((offset) => letter(poison(offset)).key)
    expect(keys[0]).toBe(keys[1])
    expect(keys[0]).not.toBe(keys[2])
    expect(keys[0]).toMatch(/^[\da-f]{8}-[\da-f]{4}-8[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/)
  })
})
