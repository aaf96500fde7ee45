/** Queries: what they are as PromQL, and that what does not exist does not compile. */
import { describe, expect, it } from 'vitest'
import { tables } from '../metrics/tables.ts'
import { checkLegends, unitOfPanel, type LinesPanel } from './panel.ts'
import { comparedTo, from, max, ofLimit, queriesOf, share, sum } from './query.ts'

const { relay, foreign, run, k6 } = tables
const ask = queriesOf({ run: '$run' })

describe('a query', () => {
  it.each([
    ['a gauge', ask.gauge(relay.uptime), 'websocket_uptime_seconds{run=~"$run"}', 's'],
    [
      'a rate by a label',
      sum(ask.rate(relay.kafkaMessages, { status: ['success', 'error'] }), ['status']),
      'sum by (status) (rate(websocket_kafka_messages_total{run=~"$run", ' +
        'status=~"success|error"}[$__rate_interval]))',
      'cps',
    ],
    [
      'a quantile',
      ask.quantile(0.5, relay.redisLatency, ['operation']),
      'histogram_quantile(0.5, sum by (le, operation) (rate(' +
        'dashstream_websocket_redis_latency_ms_bucket{run=~"$run"}[$__rate_interval])))',
      'ms',
    ],
    [
      'a quantile of a native histogram',
      queriesOf({}).quantile(0.99, k6.e2e),
      'histogram_quantile(0.99, sum (rate(k6_e2e_ms_seconds[$__rate_interval])))',
      's',
    ],
    [
      'bytes a second',
      ask.rate(relay.clientSentBytes),
      'rate(relay_client_sent_bytes_total{run=~"$run"}[$__rate_interval])',
      'binBps',
    ],
    [
      'a share',
      share(sum(ask.rate(foreign.cpu)), sum(ask.gauge(foreign.maxFds))),
      'sum (rate(process_cpu_seconds_total{run=~"$run"}[$__rate_interval])) / ' +
        'sum (process_max_fds{run=~"$run"})',
      'percentunit',
    ],
    [
      'a comparison',
      comparedTo(max(ask.gauge(relay.uptime), ['run']), max(ask.gauge(relay.uptime))),
      'max by (run) (websocket_uptime_seconds{run=~"$run"}) / on () group_left ' +
        'max (websocket_uptime_seconds{run=~"$run"}) - 1',
      'percentunit',
    ],
    [
      'a limit',
      ofLimit(10, max(ask.gauge(relay.uptime))),
      'clamp_max(max (websocket_uptime_seconds{run=~"$run"}) / 10, 2)',
      'percentunit',
    ],
    [
      'what was ever active',
      max(from(0, ask.gauge(relay.stageAge)), ['stage']),
      'max by (stage) (relay_stage_age_seconds{run=~"$run"} >= 0)',
      's',
    ],
  ])('of %s', (_, query, promql, unit) => {
    expect([query.promql, query.unit]).toEqual([promql, unit])
  })

  it('does not compile when what it asks for does not exist', () => {
    const wrong = [
      // @ts-expect-error no such metric
      () => ask.gauge(relay.moons),
      // @ts-expect-error no such label
      () => ask.gauge(relay.consumerLag, { moon: '1' }),
      // @ts-expect-error no such value of a closed set
      () => ask.rate(relay.kafkaMessages, { status: 'moon' }),
      // @ts-expect-error a counter as it is
      () => ask.gauge(relay.kafkaMessages),
      // @ts-expect-error a rate of a gauge
      () => ask.rate(relay.consumerLag),
      // @ts-expect-error a quantile of a counter
      () => ask.quantile(0.99, relay.kafkaMessages),
      // @ts-expect-error a label that the answer has not
      () => sum(ask.rate(relay.kafkaMessages), ['partition']),
      // @ts-expect-error a label that the histogram has not
      () => ask.quantile(0.99, relay.e2eLatencyFine, ['stage']),
      // @ts-expect-error a label that an aggregation took away
      () => max(sum(ask.rate(relay.kafkaMessages), ['status']), ['instance']),
      // @ts-expect-error no such quantile of a run
      () => ask.gauge(run.deliveryLatency, { quantile: '0.42' }),
      // @ts-expect-error no such label of a target
      () => queriesOf({ moon: '$run' }),
    ]
    expect(wrong).toHaveLength(11)
  })
})

describe('a panel', () => {
  const panel = (...queries: LinesPanel['asks']): LinesPanel => ({
    id: 1,
    kind: 'lines',
    title: 'A',
    shows: '',
    todo: '',
    width: 8,
    asks: queries,
  })
  const uptime = { query: ask.gauge(relay.uptime), legend: 'a', expect: 'data' } as const

  it('has the unit of its queries', () => {
    expect(unitOfPanel(panel(uptime))).toBe('s')
    const bytes = { ...uptime, query: ask.gauge(relay.ringBytes) }
    expect(() => unitOfPanel(panel(uptime, bytes))).toThrow('units s, bytes')
    expect(unitOfPanel({ ...panel(uptime, bytes), unit: 'short' })).toBe('short')
  })

  it('names no label in a legend that the answer has not', () => {
    expect(() => checkLegends(panel({ ...uptime, legend: '{{instance}}' }))).not.toThrow()
    const moon = panel({ ...uptime, query: sum(uptime.query), legend: '{{instance}}' })
    expect(() => checkLegends(moon)).toThrow('no label instance')
  })
})
