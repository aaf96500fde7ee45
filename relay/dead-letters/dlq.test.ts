/** Every dead letter is counted once, by its outcome; and when its offset may be committed. */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DeadLetterQueue, type DlqProducer, DeadLettersTooLarge } from './dlq.ts'
import type { Poison } from './dead-letter.ts'
import { createMetrics, sumOf } from '../metrics/metrics.ts'
import type { Settings } from '../tables/settings.ts'
import { ManualClock, settled } from '../world/manual-clock-testbed.ts'

const poison = (offset: bigint, value: Buffer = Buffer.from('poison')): Poison => ({
  partition: 2,
  offset,
  value,
  errorType: 'invalid_protobuf',
  says: 'The bytes are not the expected protobuf message.',
  messageCount: 1,
})
const quiet = () => undefined
const refuse = async () => {
  throw new Error('refused')
}
type Letters = Parameters<DlqProducer['send']>[0]
const lettersBytes = (letters: Letters) =>
  letters.reduce((sum, { key, value }) => sum + key.length + value.length, 0)

function bench(send: DlqProducer['send'], wanted: Partial<Settings> = {}) {
  const clock = new ManualClock()
  const metrics = createMetrics(false)
  const logger = { debug: quiet, info: quiet, warn: quiet, error: quiet }
  const settings = {
    dlqMode: 'fail_open',
    dlqSendTimeoutMs: 1_000,
    dlqSendsMax: 3,
    dlqWaitingBytesMax: 1 << 20,
    healthWindowMs: 120_000,
    isDlqPayloadIncluded: false,
    payloadBytesMax: 1 << 20,
    ...wanted,
  } as const
  const seen = { rooms: 0 }
  const onCapacity = () => void (seen.rooms += 1)
  const producer = { send }
  const dlq = new DeadLetterQueue({
    settings,
    topic: 't',
    clock,
    logger,
    metrics,
    producer,
    onCapacity,
  })
  const failures = (reason: 'timeout' | 'kafka_error' | 'backpressure') =>
    metrics.dlqSendFailures.of({ reason }).total
  const sent = () => sumOf(metrics.dlqSends)
  const counted = () => sent() + sumOf(metrics.dlqSendFailures)
  const takeMany = (count: number, value: Buffer = Buffer.from('poison')) => {
    for (let offset = 0; offset < count; offset += 1) dlq.take(poison(BigInt(offset), value))
  }
  return { clock, counted, dlq, failures, metrics, seen, sent, takeMany }
}

describe('a dead letter is counted', () => {
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

  test('as timed out also when it only waited for others', async () => {
    const never = () => new Promise<void>(quiet)
    const { clock, dlq, failures, takeMany } = bench(never, { dlqSendsMax: 1 })
    takeMany(1)
    await clock.pass(600)
    takeMany(1_000)
    await clock.pass(1_000)
    expect(failures('timeout')).toBe(1_001)
    await dlq.flushed()
  })

  test('as failed when Kafka refuses it', async () => {
    const { dlq, failures } = bench(refuse)
    dlq.take(poison(1n))
    await dlq.flushed()
    expect(failures('kafka_error')).toBe(1)
  })

  test('as backpressure beyond the bound of bytes, without being sent', async () => {
    const ack = Promise.withResolvers<void>()
    const { counted, dlq, failures, takeMany } = bench(() => ack.promise)
    takeMany(5_000)
    expect(dlq.openBytes).toBeLessThan((1 << 20) + 2_000)
    expect(failures('backpressure')).toBe(5_000 - dlq.openCount)
    expect(failures('backpressure')).toBeGreaterThan(3_000)
    ack.resolve()
    await dlq.flushed()
    expect(counted()).toBe(5_000)
  })
})

describe('dead letters of one turn', () => {
  test('go together, in requests that a broker takes', async () => {
    const requests: Letters[] = []
    const { dlq, takeMany } = bench(async (letters) => void requests.push(letters), {
      dlqWaitingBytesMax: 1 << 30,
    })
    takeMany(10_000)
    await dlq.flushed()
    expect(requests.flat()).toHaveLength(10_000)
    expect(requests.length).toBeLessThan(15)
    for (const letters of requests) expect(lettersBytes(letters)).toBeLessThan(900_000)
  })

  test('are never more requests at once than allowed', async () => {
    let underWay = 0
    let most = 0
    const { dlq, takeMany } = bench(
      async () => {
        most = Math.max(most, (underWay += 1))
        await settled()
        underWay -= 1
      },
      { dlqWaitingBytesMax: 1 << 30 },
    )
    takeMany(10_000)
    await dlq.flushed()
    expect(most).toBe(3)
  })

  test('are made smaller for a topic that takes less', async () => {
    const bound = 3_000
    const { dlq, sent, takeMany } = bench(
      async (letters) => {
        if (lettersBytes(letters) > bound) throw new DeadLettersTooLarge('too large')
      },
      { isDlqPayloadIncluded: true },
    )
    takeMany(50)
    takeMany(1, Buffer.alloc(5_000))
    await dlq.flushed()
    expect(sent()).toBe(51)
  })

  test('fail once when not even one without its payload passes', async () => {
    const { dlq, failures, takeMany } = bench(async () => {
      throw new DeadLettersTooLarge('too large')
    })
    takeMany(20)
    await dlq.flushed()
    expect(failures('kafka_error')).toBe(20)
  })
})

test('nothing beyond a dead letter in flight may be committed', async () => {
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

describe('fail-closed', () => {
  const closed = { dlqMode: 'fail_closed', dlqWaitingBytesMax: 4_000 } as const

  test('retries forever, reports since when, and lets no later offset be committed', async () => {
    let isUp = false
    const send = async () => {
      if (!isUp) await refuse()
    }
    const { clock, counted, dlq, metrics, sent } = bench(send, closed)
    dlq.take(poison(7n))
    await clock.pass(60_000, 250)
    expect([counted(), dlq.openCount]).toEqual([0, 1])
    expect(dlq.failingMs).toBeGreaterThan(59_000)
    expect(metrics.dlqRetries.total).toBeGreaterThan(10)
    expect(metrics.dlqRetries.total).toBeLessThan(20)
    expect(dlq.commitable(2, 20n)).toBe(7n)
    isUp = true
    await clock.pass(5_000)
    expect([sent(), dlq.failingMs, dlq.commitable(2, 20n)]).toEqual([1, undefined, 20n])
  })

  test('accepts no more than fit, and reports when it accepts more', async () => {
    let isUp = false
    const send = async () => {
      if (!isUp) await refuse()
    }
    const { clock, counted, dlq, seen, sent } = bench(send, closed)
    let taken = 0
    while (dlq.hasCapacity) dlq.take(poison(BigInt((taken += 1))))
    await clock.pass(10_000, 250)
    expect([counted(), seen.rooms]).toEqual([0, 0])
    isUp = true
    await clock.pass(5_000)
    expect([sent(), seen.rooms, dlq.hasCapacity]).toEqual([taken, 1, true])
  })

  test('tries at once when it is to be flushed, and never again once closed', async () => {
    let tries = 0
    const { clock, dlq, takeMany } = bench(async () => {
      tries += 1
      await refuse()
    }, closed)
    takeMany(1)
    await settled()
    void dlq.flushed()
    await settled()
    expect(tries).toBe(2)
    dlq.close()
    await clock.pass(60_000, 250)
    expect(tries).toBe(2)
  })
})

type Answer = 'ack' | 'refuse' | 'hang' | 'too large' | 'late'
type Step = { readonly take: number } | { readonly passMs: number }
const steps = fc.array(
  fc.oneof(
    fc.record({ take: fc.integer({ min: 1, max: 30 }) }),
    fc.record({ passMs: fc.integer({ min: 1, max: 3_000 }) }),
  ),
  { maxLength: 40 },
)
const answers = fc.array(fc.constantFrom<Answer>('ack', 'refuse', 'hang', 'too large', 'late'), {
  maxLength: 60,
})

/** Runs the steps against a producer with given answers, then acknowledges everything. */
async function play(mode: Settings['dlqMode'], plan: readonly Step[], given: readonly Answer[]) {
  const queue = [...given]
  const acked = new Set<string>()
  const acknowledge = (letters: Letters) => {
    for (const { value } of letters) {
      acked.add(String((JSON.parse(value) as { kafka_offset: number }).kafka_offset))
    }
  }
  const it = bench(
    async (letters) => {
      const answer = queue.shift() ?? 'ack'
      if (answer === 'refuse') await refuse()
      if (answer === 'too large') throw new DeadLettersTooLarge('too large')
      if (answer === 'hang') await new Promise(quiet)
      if (answer === 'late') await new Promise<void>((go) => it.clock.after(900, go))
      acknowledge(letters)
    },
    { dlqMode: mode, dlqSendsMax: 2, dlqWaitingBytesMax: 20_000 },
  )
  let next = 0n
  for (const step of plan) {
    if ('passMs' in step) await it.clock.pass(step.passMs)
    else {
      for (let at = 0; at < step.take && it.dlq.hasCapacity; at += 1) it.dlq.take(poison(next++))
    }
    checkCommit(it, mode, next, acked)
  }
  for (let turns = 0; it.dlq.openCount > 0; turns += 1) {
    expect(turns).toBeLessThan(500)
    await it.clock.pass(1_000)
  }
  return { ...it, poisons: Number(next), next, acked }
}

function checkCommit(
  it: ReturnType<typeof bench>,
  mode: Settings['dlqMode'],
  next: bigint,
  acked: ReadonlySet<string>,
) {
  const safe = it.dlq.commitable(2, next)
  if (mode === 'fail_open') return expect(Number(next) - Number(safe)).toBeGreaterThanOrEqual(0)
  for (let offset = 0n; offset < safe; offset += 1n) expect(acked).toContain(String(offset))
}

describe('whatever Kafka answers', () => {
  test('fail-open: sent and failed are all poisons, and nothing stays open', async () => {
    await fc.assert(
      fc.asyncProperty(steps, answers, async (plan, given) => {
        const it = await play('fail_open', plan, given)
        expect(it.counted()).toBe(it.poisons)
        expect([it.dlq.openCount, it.dlq.openBytes]).toEqual([0, 0])
        expect(it.dlq.commitable(2, it.next)).toBe(it.next)
      }),
    )
  })

  test('fail-closed: all are sent, none fails, none is committed before', async () => {
    await fc.assert(
      fc.asyncProperty(steps, answers, async (plan, given) => {
        const it = await play('fail_closed', plan, given)
        expect([it.sent(), it.counted()]).toEqual([it.poisons, it.poisons])
        expect([it.dlq.openCount, it.dlq.openBytes]).toEqual([0, 0])
        expect(it.acked.size).toBe(it.poisons)
      }),
    )
  })
})
