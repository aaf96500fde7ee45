/** Every dead letter is counted once, as what became of it; and what a letter tells. */
import { describe, expect, test } from 'vitest'
import { DeadLetterQueue, letterOf, type Letter, type Poison } from './dlq.ts'
import { createMetrics, sumOf } from './metrics.ts'
import { ManualClock, settled } from './world/manual-clock.ts'

const poison = (offset: bigint, value = Buffer.from('poison')): Poison => ({
  partition: 2,
  offset,
  value,
  errorType: 'invalid_protobuf',
  says: 'The bytes are not the protobuf message that is expected.',
  messageCount: 1,
})

const quiet = () => undefined
const read = (of: Poison, isIncluded = false) =>
  JSON.parse(letterOf(of, 'topic', 0, isIncluded).value) as Record<string, unknown>

function bench(send: (letters: readonly Letter[]) => Promise<void>, dlqSendsMax = 3) {
  const clock = new ManualClock()
  const metrics = createMetrics(false)
  const logger = { debug: quiet, info: quiet, warn: quiet, error: quiet }
  const settings = { dlqSendTimeoutMs: 1_000, dlqSendsMax, isDlqPayloadIncluded: false }
  const dlq = new DeadLetterQueue({
    settings,
    topic: 'dlq',
    clock,
    logger,
    metrics,
    box: { send },
  })
  const failures = (reason: 'timeout' | 'kafka_error' | 'backpressure') =>
    metrics.dlqSendFailures.of({ reason }).total
  const counted = () => sumOf(metrics.dlqSends) + sumOf(metrics.dlqSendFailures)
  return { clock, dlq, metrics, failures, counted }
}

describe('a letter is counted', () => {
  test('as sent only when it was acknowledged', async () => {
    const ack = Promise.withResolvers<void>()
    const { counted, dlq, metrics } = bench(() => ack.promise)
    dlq.take(poison(1n))
    await settled()
    expect(counted()).toBe(0)
    ack.resolve()
    await dlq.flushed()
    expect(metrics.dlqSends.of({ error_type: 'invalid_protobuf' }).total).toBe(1)
  })

  test('as timed out at its deadline, and a late acknowledgement changes nothing', async () => {
    const ack = Promise.withResolvers<void>()
    const { clock, counted, dlq, failures } = bench(() => ack.promise)
    dlq.take(poison(1n))
    await clock.pass(1_000)
    expect(failures('timeout')).toBe(1)
    ack.resolve()
    await settled()
    expect(counted()).toBe(1)
  })

  test('as failed when Kafka refuses it', async () => {
    const { dlq, failures } = bench(async () => {
      throw new Error('refused')
    })
    dlq.take(poison(1n))
    await dlq.flushed()
    expect(failures('kafka_error')).toBe(1)
  })

  test('as backpressure beyond the limit, without being sent', async () => {
    const ack = Promise.withResolvers<void>()
    const { counted, dlq, failures } = bench(() => ack.promise, 2)
    for (let offset = 0n; offset < 5n; offset += 1n) dlq.take(poison(offset))
    expect(failures('backpressure')).toBe(3)
    ack.resolve()
    await dlq.flushed()
    expect(counted()).toBe(5)
  })
})

test('nothing beyond a letter under way may be committed', async () => {
  const ack = Promise.withResolvers<void>()
  const { dlq } = bench(() => ack.promise)
  dlq.take(poison(7n))
  dlq.take(poison(9n))
  expect(dlq.commitable(2, 20n)).toBe(7n)
  expect(dlq.commitable(1, 20n)).toBe(20n)
  ack.resolve()
  await dlq.flushed()
  expect(dlq.commitable(2, 20n)).toBe(20n)
})

describe('a letter', () => {
  test('keeps the payload to itself unless it is told otherwise', () => {
    expect(read(poison(1n))['original_payload_base64']).toBeNull()
    expect(read(poison(1n), true)['original_payload_base64']).toBe('cG9pc29u')
  })

  test('never holds more than a broker takes', () => {
    const large = poison(1n, Buffer.alloc(5_000_000))
    expect(letterOf(large, 'topic', 0, true).value.length).toBeLessThan(1_000_000)
  })

  test('shows both ends in hex, and the second only where they differ', () => {
    expect(read(poison(1n))['first_bytes_hex']).toBe('[70, 6f, 69, 73, 6f, 6e]')
    expect(read(poison(1n))['last_bytes_hex']).toBe('')
  })

  test('keeps every digit of an offset', () => {
    const { value } = letterOf(poison(9_007_199_254_740_993n), 'topic', 0, false)
    expect(value).toContain('"kafka_offset":9007199254740993')
  })

  test('has the same key whenever its record is read again', () => {
    const keys = [1n, 1n, 2n].map((offset) => letterOf(poison(offset), 'topic', 0, false).key)
    expect(keys[0]).toBe(keys[1])
    expect(keys[0]).not.toBe(keys[2])
    expect(keys[0]).toMatch(/^[\da-f]{8}-[\da-f]{4}-8[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/)
  })
})
