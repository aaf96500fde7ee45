/** What /health says of the relay's present, on a clock that the test moves. */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createMetrics } from '../metrics/metrics.ts'
import type { HealthFacts } from './seam.ts'
import { ManualClock } from '../world/manual-clock-testbed.ts'
import { exportAges, referenceAges } from './ages.ts'
import { healthBody, liveness, readiness } from './body.ts'
import { createHealthPolicy } from './policy.ts'
import { type MomentFacts, severityOf, Signals } from './signals.ts'

const limits = { windowMs: 120_000, staleMs: 60_000 }
const policy = createHealthPolicy(limits)

function relay(moment: Partial<MomentFacts> = {}) {
  const clock = new ManualClock(5_000)
  const metrics = createMetrics(false)
  const signals = new Signals(metrics, clock, limits.windowMs)
  const facts = (more: Partial<MomentFacts> = {}): HealthFacts =>
    signals.facts({
      lagRecords: undefined,
      areBrokersSilent: false,
      withoutStart: [],
      missingTopic: undefined,
      paused: [],
      deadLetters: { open: 0, failingMs: undefined, lost: 0 },
      isRedisEnabled: true,
      ...moment,
      ...more,
    })
  const decide = (more: Partial<MomentFacts> = {}) => policy.decide(facts(more))
  return { clock, metrics, signals, facts, decide }
}

const bodyOf = (world: ReturnType<typeof relay>, connectedClients = 0) =>
  healthBody({
    facts: world.facts(),
    decision: world.decide(),
    metrics: world.metrics,
    connectedClients,
    replayBuffer: { redis_enabled: true },
    breaker: undefined,
    limits,
  })

const gauge = async (world: ReturnType<typeof relay>, name: string) =>
  (await world.metrics.scrape.text()).split('\n').find((line) => line.startsWith(`${name} `))

describe('warnings', () => {
  const causes: readonly [string, string, (signals: Signals) => void][] = [
    ['drops', 'messages dropped due to slow clients', (signals) => signals.clientLapped(50)],
    ['Redis drops', 'dropped 3 Redis writes', (signals) => signals.redisDropped(3, 'queue_full')],
    ['Redis failures', '3 Redis write failures', (signals) => signals.redisFailed(3, 'timeout')],
    ['missing payloads', 'missing payloads', (signals) => signals.payloadMissing()],
    ['bad records', 'decode error rate', (signals) => signals.malformed('buffer_underflow')],
  ]
  test.each(causes)('of %s are there during the errors and clear afterwards', (_, text, cause) => {
    const { clock, signals, decide, facts } = relay()
    expect(decide().alerts).toEqual([])
    cause(signals)
    expect(decide().alerts.join()).toContain(text)
    clock.advance(limits.windowMs)
    signals.decoded(1)
    expect(decide().alerts.join()).toContain(text)
    clock.advance(limits.windowMs / 100)
    expect(decide()).toEqual({ status: 'healthy', alerts: [] })
    expect(Math.max(...Object.values(facts().total))).toBeGreaterThan(0)
  })

  test('of what Redis refuses are there as long as it does, by name', () => {
    const { decide } = relay()
    expect(decide({ redisRefusal: 'read_only' })).toEqual({
      status: 'waiting',
      alerts: [
        'WARNING: Redis is a read-only replica; REDIS_URL must lead to the primary; ' +
          'the relay reconnects until it does. Replays may be incomplete.',
      ],
    })
    expect(decide({ redisRefusal: undefined }).alerts).toEqual([])
    expect(decide({ redisRefusal: 'read_only', isRedisEnabled: false }).alerts).toEqual([])
  })

  test('start above ten drops, as in DashFlow', () => {
    const { signals, decide } = relay()
    signals.clientLapped(10)
    expect(decide().alerts).toEqual([])
    signals.clientLapped(1)
    expect(decide().alerts).toEqual([
      'WARNING: 11 messages dropped due to slow clients in last 2m (11 total since boot). ' +
        'Consider increasing WEBSOCKET_BUFFER_SIZE or improving client performance.',
    ])
  })

  test('do not depend on any lifetime total', () => {
    const total = fc.record({
      dropped: fc.nat(),
      decodeErrors: fc.nat(),
      redisDropped: fc.nat(),
      redisFailed: fc.nat(),
      payloadMissing: fc.nat(),
    })
    fc.assert(
      fc.property(total, fc.integer({ min: 1 }), (totals, received) => {
        const { facts } = relay()
        const calm = { ...facts(), lastRecordAgeMs: 5, received, total: totals }
        expect(policy.decide(calm)).toEqual({ status: 'healthy', alerts: [] })
      }),
    )
  })
})

describe('status', () => {
  test('is waiting before the first record, and does not call an idle topic broken', () => {
    const { clock, signals, decide } = relay({ lagRecords: 0 })
    expect(decide().status).toBe('waiting')
    signals.decoded(1)
    expect(decide().status).toBe('healthy')
    clock.advance(limits.staleMs + 1)
    expect(decide()).toEqual({ status: 'waiting', alerts: [] })
    clock.advance(24 * 3_600_000)
    expect(decide()).toEqual({ status: 'waiting', alerts: [] })
  })

  test('is degraded when records wait and none arrive, from the start too', () => {
    const { clock, signals, decide } = relay({ lagRecords: 7 })
    clock.advance(limits.staleMs)
    expect(decide().status).toBe('waiting')
    clock.advance(1)
    expect(decide()).toEqual({
      status: 'degraded',
      alerts: [expect.stringContaining('7 records wait in Kafka, but none arrived for 60s')],
    })
    signals.decoded(1)
    expect(decide()).toEqual({ status: 'healthy', alerts: [] })
  })

  test('is reconnecting while an error is the latest result from Kafka', () => {
    const { clock, signals, decide } = relay()
    signals.decoded(1)
    clock.advance(10)
    signals.infraError('broker_down')
    expect(decide().status).toBe('reconnecting')
    clock.advance(10)
    signals.decoded(1)
    expect(decide().status).toBe('healthy')
    clock.advance(10)
    signals.infraError('broker_down')
    clock.advance(limits.windowMs)
    expect(decide().status).toBe('waiting')
    expect(decide({ areBrokersSilent: true }).status).toBe('reconnecting')
  })

  test('is degraded from one bad record in a hundred on, but not on small samples', () => {
    const { signals, decide } = relay()
    signals.malformed('invalid_protobuf')
    signals.decoded(9)
    expect(decide()).toEqual({
      status: 'healthy',
      alerts: [expect.stringContaining('INFO: Elevated decode error rate (10.00%) but sample')],
    })
    signals.decoded(90)
    expect(decide().status).toBe('healthy')
    signals.malformed('invalid_protobuf')
    expect(decide().status).toBe('degraded')
    expect(decide().alerts.join()).toContain('CRITICAL: High decode error rate in last 2m (1.98%)')
  })

  test('is not moved by records from before the start', () => {
    const { signals, decide, facts } = relay()
    for (let i = 0; i < 500; i++) signals.malformed('invalid_protobuf', true)
    expect(decide()).toEqual({ status: 'healthy', alerts: [] })
    expect(facts().received).toBe(500)
  })
})

describe('/health', () => {
  test('says null for never, and has no alert when there is none', () => {
    const body = bodyOf(relay())
    expect(body).not.toHaveProperty('alert')
    expect(body).toMatchObject({
      status: 'waiting',
      kafka_status: 'waiting_for_messages',
      websocket_status: 'no_clients',
      metrics: {
        last_kafka_message_ago_seconds: null,
        last_drop_ago_seconds: null,
        last_infrastructure_error_ago_seconds: null,
        records_waiting_in_kafka: null,
        window_seconds: 120,
      },
    })
  })

  test('shows floor seconds, recent counts and lifetime counts', () => {
    const world = relay()
    world.signals.clientLapped(50)
    world.signals.gaveUp('control', 'send_timeout')
    world.clock.advance(125_900)
    world.signals.decoded(2)
    world.clock.advance(1_999)
    expect(bodyOf(world, 3)).toMatchObject({
      status: 'healthy',
      kafka_status: 'connected',
      websocket_status: '3_clients_connected',
      metrics: {
        kafka_messages_received: 2,
        connected_clients: 3,
        uptime_seconds: 127,
        last_kafka_message_ago_seconds: 1,
        dropped_messages: 50,
        dropped_messages_last_120s: 0,
        last_drop_ago_seconds: 127,
        send_timeout: 1,
        send_timeout_last_120s: 0,
        messages_last_120s: 2,
      },
    })
  })
})

describe('ages', () => {
  test('are -1 for never, and timestamps are absent then', async () => {
    const world = relay()
    exportAges(world.metrics, world.signals, referenceAges)
    const age = 'websocket_last_kafka_message_age_seconds'
    const stamp = 'websocket_last_kafka_message_timestamp_seconds'
    expect(await gauge(world, age)).toBe(`${age} -1`)
    expect(await gauge(world, stamp)).toBeUndefined()
    world.signals.decoded(1)
    expect(await gauge(world, age)).toBe(`${age} 0`)
    expect(await gauge(world, stamp)).toBe(`${stamp} ${world.clock.unixMs() / 1_000}`)
    world.clock.advance(2_500)
    expect(await gauge(world, age)).toBe(`${age} 2.5`)
  })
})

test('severity of what a client missed', () => {
  expect([1, 9, 10, 99, 100].map(severityOf)).toEqual([
    'info',
    'info',
    'warning',
    'warning',
    'critical',
  ])
})

test('probes: alive says nothing of Kafka, ready names what it waits for', () => {
  expect(liveness(1_999)).toEqual({ code: 200, body: { status: 'alive', uptime_seconds: 1 } })
  const begun = { hasJoined: true, hasBegun: true, missingTopic: undefined }
  const up = { isListening: true, isStopping: false, ...begun }
  expect(readiness(up).code).toBe(200)
  expect(readiness({ ...up, hasJoined: false })).toEqual({
    code: 503,
    body: { status: 'not_ready', waits_for: ['kafka_assignment'] },
  })
  expect(readiness({ ...up, isStopping: true }).code).toBe(503)
  const waitsFor = (more: object) => readiness({ ...up, ...more }).body['waits_for']
  expect(waitsFor({ hasBegun: false })).toEqual(['kafka_positions'])
  const missing = { hasJoined: false, hasBegun: false, missingTopic: 'orders' }
  expect(waitsFor(missing)).toEqual(['kafka_topic orders', 'kafka_assignment'])
})

test('what Kafka does not report, or does not have, is reported by name', () => {
  const { decide } = relay()
  const alertsOf = (moment: Partial<MomentFacts>) => decide(moment).alerts.join('\n')
  expect(alertsOf({ missingTopic: 'orders' })).toContain('Kafka has no topic "orders"')
  expect(alertsOf({ withoutStart: [3, 7] })).toContain('the start offset of partition 3, 7')
  expect(alertsOf({ areBrokersSilent: true })).toContain('number of waiting records is not known')
  const deadLetters = { open: 0, failingMs: 1, lost: 4 }
  expect(alertsOf({ deadLetters })).toContain('4 dead letters were lost in last 2m')
})

test('paused partitions, and dead letters that fail, are reported', () => {
  const { decide } = relay()
  const { alerts } = decide({
    paused: [{ partition: 3, offset: 9_007_199_254_740_993n, why: 'policy' }],
    deadLetters: { open: 2, failingMs: 61_500, lost: 0 },
  })
  const said = alerts.join('\n')
  expect(said).toContain('Partition 3 is paused before offset 9007199254740993')
  expect(said).toContain('Kafka has not accepted dead letters for 61s; 2 wait')
  const later = decide({ deadLetters: { open: 2, failingMs: undefined, lost: 0 } })
  expect(later.alerts.join()).not.toContain('dead letters')
})
