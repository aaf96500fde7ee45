/** What a scrape shows, and that a handle is what its row says. */
import * as fc from 'fast-check'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { createMetrics, Distribution, type Tally } from './metrics.ts'
import type { MetricRow } from '../tables/metric-row.ts'
import { metricRows } from '../tables/metrics.ts'
import { processMetricNames } from '../tables/process-metrics.ts'
import { workOf } from '../world/work-testbed.ts'

const rows = Object.values(metricRows) as readonly MetricRow[]
const scrapeOf = async (metrics = createMetrics(false)) => (await metrics.scrape.text()).split('\n')
const linesOf = (scrape: readonly string[], name: string) =>
  scrape.filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))

describe('table', () => {
  test('names are unique, keep the naming rules, and helps are sentences', () => {
    expect(new Set(rows.map((row) => row.name)).size).toBe(rows.length)
    for (const row of rows) {
      expect(row.name).toMatch(/^[a-z][a-z0-9_]*$/)
      expect(row.name.endsWith('_total')).toBe(row.kind === 'counter')
      expect(row.help).toMatch(/^[A-Z0-9].*\.$/)
    }
  })

  test('buckets ascend', () => {
    for (const row of rows) {
      if (row.kind !== 'histogram') continue
      expect(row.buckets).toEqual(row.buckets.toSorted((a, b) => a - b))
    }
  })

  test('lists exactly what a scrape exposes', async () => {
    const scrape = await scrapeOf(createMetrics())
    const types = scrape.filter((line) => line.startsWith('# TYPE'))
    const reported = types.map((line) => line.split(' ')[2])
    const listed = [...rows.map((row) => row.name), ...processMetricNames]
    expect(new Set(reported)).toEqual(new Set(listed))
    expect(reported).toHaveLength(listed.length)
  })
})

describe('scrape', () => {
  test('says which version of the text format it is', () => {
    const { contentType } = createMetrics(false).scrape
    expect(contentType).toBe('text/plain; version=0.0.4; charset=utf-8')
  })

  test('shows every counter series from the start, and no gauge that has no source', async () => {
    const scrape = await scrapeOf()
    expect(linesOf(scrape, 'websocket_client_lag_events_total').toSorted()).toEqual([
      'websocket_client_lag_events_total{severity="critical"} 0',
      'websocket_client_lag_events_total{severity="info"} 0',
      'websocket_client_lag_events_total{severity="warning"} 0',
    ])
    expect(linesOf(scrape, 'websocket_ws_send_failures_total')).toHaveLength(6)
    expect(linesOf(scrape, 'websocket_connected_clients')).toEqual([])
  })

  test('asks gauges at the scrape, so that series come and go with their source', async () => {
    const metrics = createMetrics(false)
    const lag = new Map([
      [0, 5],
      [7, 0],
    ])
    let age: number | undefined = -1
    metrics.consumerLag.from(() => lag)
    metrics.lastRecordAge.from(() => age)
    expect(linesOf(await scrapeOf(metrics), 'websocket_kafka_consumer_lag')).toEqual([
      'websocket_kafka_consumer_lag{partition="0"} 5',
      'websocket_kafka_consumer_lag{partition="7"} 0',
    ])
    lag.delete(7)
    age = undefined
    const later = await scrapeOf(metrics)
    expect(linesOf(later, 'websocket_kafka_consumer_lag')).toHaveLength(1)
    expect(linesOf(later, 'websocket_last_kafka_message_age_seconds')).toEqual([])
    expect(metrics.scrape.unfed()).toContain('websocket_connected_clients')
    expect(metrics.scrape.unfed()).not.toContain('websocket_kafka_consumer_lag')
  })

  test("exposes the same counts in DashFlow's words and in ours", async () => {
    const metrics = createMetrics(false)
    metrics.wsSendFailures.of({ reason: 'send_timeout', path: 'control' }).add()
    metrics.wsSendFailures.of({ reason: 'send_timeout', path: 'resume' }).add(2)
    metrics.wsSendFailures.of({ reason: 'send_failed', path: 'broadcast' }).add()
    metrics.clientLagMessages.of({ severity: 'critical' }).add(500)
    metrics.decodeErrors.of({ error_type: 'buffer_underflow' }).add(3)
    const scrape = await scrapeOf(metrics)
    expect(scrape).toContain('websocket_send_timeout_total 3')
    expect(scrape).toContain('websocket_send_failed_total 1')
    expect(scrape).toContain('websocket_dropped_messages_total{reason="lagged_receiver"} 500')
    expect(scrape).toContain('websocket_kafka_messages_total{status="error"} 3')
    expect(() => metrics.sendTimeout.add()).toThrow('derived')
  })
})

describe('handles', () => {
  test('know their labels and their values at compile time', () => {
    const metrics = createMetrics(false)
    expectTypeOf(metrics.kafkaPayloadMissing).toEqualTypeOf<Tally>()
    expectTypeOf<Parameters<typeof metrics.clientLagEvents.of>[0]>().toEqualTypeOf<{
      readonly severity: 'info' | 'warning' | 'critical'
    }>()
    // @ts-expect-error a value outside the closed set
    expect(() => metrics.clientLagEvents.of({ severity: 'panic' })).toThrow('no series')
    // @ts-expect-error a misspelt label
    expect(() => metrics.clientLagEvents.of({ severty: 'info' })).toThrow('no series')
  })

  test('a distribution puts each value into the first bucket that holds it', () => {
    const bounds = [1, 5, 10]
    fc.assert(
      fc.property(fc.array(fc.double({ min: -2, max: 20, noNaN: true })), (values) => {
        const distribution = new Distribution(bounds)
        for (const value of values) distribution.observe(value)
        const lines = distribution.lines('x', {})
        const expected = bounds.map((bound) => values.filter((value) => value <= bound).length)
        expect(lines.map((line) => line.value)).toEqual([
          ...expected,
          values.length,
          values.reduce((sum, value) => sum + value, 0),
          values.length,
        ])
      }),
    )
  })
})

test('a scrape costs what it shows, however many partitions there are', async () => {
  const metrics = createMetrics(false)
  const cost = (partitions: number) => {
    const lag = new Map(Array.from({ length: partitions }, (_, at) => [at, at]))
    metrics.consumerLag.from(() => lag)
    return workOf(() => metrics.scrape.text())
  }
  await cost(10)
  expect(await cost(8_000)).toBeLessThan(5 * (await cost(2_000)))
})
