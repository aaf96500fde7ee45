/**
 * The lag series against a log, a consumer and a group that a test moves at random, on a clock of
 * its own: whatever happens, a series says what was true at its poll, or nothing.
 */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createMetrics } from '../metrics/metrics.ts'
import { ManualClock, settled } from '../world/manual-clock-testbed.ts'
import { LagMonitor, type Watermarks } from './monitor.ts'
import { ReferenceLagSeries } from './series.ts'

const intervalMs = 10_000
const timeoutMs = 1_000
const partitions = [0, 1, 2] as const

interface Log {
  start: bigint
  end: bigint
  committed: bigint | undefined
  position: bigint | undefined
  idleSinceMs: number | undefined
}

/** Brokers that answer at once, after a while, never, or only for some partitions. */
class Brokers {
  readonly clock = new ManualClock(1_000)
  readonly logs: Log[] = partitions.map(() => ({
    start: 0n,
    end: 0n,
    committed: undefined,
    position: undefined,
    idleSinceMs: undefined,
  }))
  mode: 'at once' | 'slow' | 'far' | 'never' | 'refuses' | 'without 1' = 'at once'
  asked: (readonly number[])[] = []

  async poll(asked: readonly number[]): Promise<Map<number, Watermarks>> {
    this.asked.push(asked)
    if (this.mode === 'refuses') throw new Error('broker not available')
    if (this.mode === 'never') return new Promise(() => undefined)
    if (this.mode === 'slow') {
      await new Promise<void>((resolve) => this.clock.after(timeoutMs - 1, resolve))
    }
    if (this.mode === 'far') {
      await new Promise<void>((resolve) => this.clock.after(2 * timeoutMs, resolve))
    }
    const reported = asked.filter((one) => this.mode !== 'without 1' || one !== 1)
    return new Map(reported.map((one) => [one, this.#watermarks(this.logs[one]!)]))
  }

  #watermarks = (log: Log) => ({ logStart: log.start, logEnd: log.end, committed: log.committed })
}

function monitored(
  autoOffsetReset: 'earliest' | 'latest' = 'earliest',
  firstTimeoutMs = timeoutMs,
) {
  const brokers = new Brokers()
  const { clock, logs } = brokers
  const metrics = createMetrics(false)
  const regressed: number[] = []
  const series = new ReferenceLagSeries({
    clock,
    keepMs: 3 * intervalMs,
    onClamp: () => metrics.lagClamps.add(),
  })
  const monitor = new LagMonitor({
    clock,
    source: brokers,
    series,
    metrics,
    intervalMs,
    timeoutMs,
    firstTimeoutMs,
    followLostMs: 60_000,
    staleMs: 60_000,
    autoOffsetReset,
    intake: {
      position: (one) => logs[one]!.position,
      idleMs: (one) => {
        const since = logs[one]!.idleSinceMs
        return since === undefined ? undefined : clock.nowMs() - since
      },
    },
    onLogRegressed: (partition) => regressed.push(partition),
  })
  const ended = monitor.run()
  const read = () => Object.fromEntries(series.read())
  const scrape = async () => (await metrics.scrape.text()).split('\n')
  const assign = async (...mine: number[]) => {
    monitor.assigned(mine)
    await settled()
  }
  return { brokers, clock, logs, metrics, series, monitor, regressed, read, scrape, assign, ended }
}

describe('a series', () => {
  test('is there at once, from the committed offset or the reset rule', async () => {
    const { logs, read, assign } = monitored()
    Object.assign(logs[0]!, { start: 5n, end: 100n })
    Object.assign(logs[1]!, { end: 100n, committed: 60n })
    Object.assign(logs[2]!, { end: 100n, committed: 60n, position: 99n })
    await assign(0, 1, 2)
    expect(read()).toEqual({ 0: 95, 1: 40, 2: 1 })
  })

  test('goes on from what another member committed while the partition was away', async () => {
    const { logs, read, assign } = monitored()
    Object.assign(logs[0]!, { end: 500n, position: 100n, committed: 100n })
    await assign(0)
    await assign()
    Object.assign(logs[0]!, { end: 510n, committed: 500n })
    await assign(0)
    expect(read()).toEqual({ 0: 10 })
  })

  test('grows for a consumer that never read, from where "latest" began', async () => {
    const { clock, logs, read, assign } = monitored('latest')
    logs[0]!.end = 100n
    await assign(0)
    expect(read()).toEqual({ 0: 0 })
    logs[0]!.end = 130n
    await clock.pass(intervalMs)
    expect(read()).toEqual({ 0: 30 })
  })

  test('grows for a partition that is stuck, and its age with it', async () => {
    const { clock, logs, read, scrape, assign } = monitored()
    Object.assign(logs[0]!, { end: 10n, position: 10n, idleSinceMs: clock.nowMs() })
    await assign(0)
    for (let poll = 1; poll <= 5; poll++) {
      logs[0]!.end += 100n
      await clock.pass(intervalMs)
      expect(read()).toEqual({ 0: 100 * poll })
    }
    expect(await scrape()).toContain('websocket_kafka_lag_offset_age_seconds{partition="0"} 50')
  })

  test('is gone before the next scrape when its partition is revoked', async () => {
    const { logs, read, scrape, monitor, assign } = monitored()
    Object.assign(logs[1]!, { end: 9n, position: 1n, idleSinceMs: 0 })
    await assign(0, 1)
    monitor.assigned([0])
    expect(read()).toEqual({ 0: 0 })
    expect((await scrape()).filter((line) => line.includes('partition="1"'))).toEqual([])
  })

  test('of a lost consumer goes on for a while, failures and ages with it', async () => {
    const { brokers, clock, logs, metrics, monitor, read, scrape, assign } = monitored()
    Object.assign(logs[0]!, { end: 10n, position: 4n, idleSinceMs: clock.nowMs() })
    await assign(0)
    monitor.lost()
    logs[0]!.end = 20n
    await clock.pass(intervalMs)
    expect(read()).toEqual({ 0: 16 })
    brokers.mode = 'never'
    await clock.pass(4 * intervalMs, 1_000)
    expect(metrics.lagPollFailures.total).toBeGreaterThanOrEqual(3)
    expect(await scrape()).toContain('websocket_kafka_lag_offset_age_seconds{partition="0"} 50')
    monitor.lost()
    await clock.pass(intervalMs, 1_000)
    expect((await scrape()).filter((line) => line.includes('partition="0"'))).toEqual([])
  })

  test('of a lost consumer that came back is there for as long as it is assigned', async () => {
    const { clock, logs, monitor, read, assign } = monitored()
    Object.assign(logs[0]!, { end: 10n, position: 4n })
    await assign(0)
    monitor.lost()
    await assign(0)
    await clock.pass(10 * intervalMs, intervalMs)
    expect(read()).toEqual({ 0: 6 })
  })

  test('takes no answer that was asked under another assignment', async () => {
    const { brokers, clock, logs, read, assign } = monitored()
    brokers.mode = 'slow'
    Object.assign(logs[0]!, { end: 9n, position: 0n })
    await assign(0)
    await assign(1)
    await assign(0)
    brokers.mode = 'never'
    await clock.pass(timeoutMs - 1)
    expect(read()).toEqual({})
    brokers.mode = 'at once'
    await clock.pass(intervalMs + timeoutMs, 500)
    expect(read()).toEqual({ 0: 9 })
  })

  test('counts from the position before the poll: a race only overstates', async () => {
    const { brokers, clock, logs, read, assign } = monitored()
    brokers.mode = 'slow'
    Object.assign(logs[0]!, { end: 9n, position: 4n })
    await assign(0)
    logs[0]!.position = 9n
    await clock.pass(timeoutMs - 1)
    expect(read()).toEqual({ 0: 5 })
  })

  test('disappears when the answers stop, instead of showing 0 or an old number', async () => {
    const { brokers, clock, logs, metrics, monitor, read, scrape, assign } = monitored()
    Object.assign(logs[0]!, { end: 9n, position: 4n })
    await assign(0)
    const stamp = `websocket_kafka_lag_last_success_timestamp_seconds ${clock.unixMs() / 1_000}`
    brokers.mode = 'never'
    await clock.pass(3 * intervalMs, 500)
    expect(read()).toEqual({ 0: 5 })
    await clock.pass(500)
    expect(read()).toEqual({})
    expect(metrics.lagPollFailures.total).toBeGreaterThanOrEqual(2)
    expect(monitor.areBrokersSilent).toBe(true)
    expect(await scrape()).toContain(stamp)
    brokers.mode = 'at once'
    await clock.pass(intervalMs + timeoutMs, 500)
    expect([read(), monitor.areBrokersSilent]).toEqual([{ 0: 5 }, false])
  })

  test('of a partition without an answer is absent while the others go on', async () => {
    const { brokers, clock, logs, metrics, read, assign } = monitored()
    brokers.mode = 'without 1'
    for (const log of logs) log.end = 3n
    await assign(0, 1, 2)
    await clock.pass(intervalMs)
    expect(read()).toEqual({ 0: 3, 2: 3 })
    expect(metrics.lagPollFailures.total).toBe(2)
  })

  test('starts at the log start where retention has overtaken the position', async () => {
    const { logs, read, assign } = monitored()
    Object.assign(logs[0]!, { start: 50n, end: 60n, position: 10n })
    await assign(0)
    expect(read()).toEqual({ 0: 10 })
  })

  test('reads 0, with a clamp and one report, when the log ends below the position', async () => {
    const { clock, logs, metrics, regressed, read, assign } = monitored()
    Object.assign(logs[0]!, { end: 60n, position: 60n })
    await assign(0)
    logs[0]!.end = 3n
    await clock.pass(2 * intervalMs, intervalMs)
    expect([read(), metrics.lagClamps.total, regressed]).toEqual([{ 0: 0 }, 2, [0]])
    logs[0]!.position = 3n
    await clock.pass(intervalMs)
    logs[0]!.end = 2n
    await clock.pass(intervalMs)
    expect(regressed).toEqual([0, 0])
  })
})

test('the first poll of an assignment may take longer, the later ones may not', async () => {
  const { brokers, clock, logs, metrics, read, assign } = monitored('earliest', 4 * timeoutMs)
  logs[0]!.end = 3n
  brokers.mode = 'far'
  await assign(0)
  await clock.pass(2 * timeoutMs, 500)
  expect([read(), metrics.lagPollFailures.total]).toEqual([{ 0: 3 }, 0])
  await clock.pass(intervalMs + timeoutMs, 500)
  expect(metrics.lagPollFailures.total).toBe(1)
})

test('brokers are not silent that answer for some partitions', async () => {
  const { brokers, clock, monitor, assign } = monitored()
  brokers.mode = 'without 1'
  await assign(0, 1)
  await clock.pass(5 * intervalMs, 1_000)
  expect(monitor.areBrokersSilent).toBe(false)
  await assign(1)
  await clock.pass(5 * intervalMs, 1_000)
  expect(monitor.areBrokersSilent).toBe(true)
})

test('after a topic was recreated, old values are dropped, and not reported again', async () => {
  const { clock, logs, monitor, read, regressed, assign } = monitored()
  Object.assign(logs[0]!, { end: 60n, position: 50n })
  await assign(0)
  Object.assign(logs[0]!, { end: 9n, position: 9n })
  monitor.topicRecreated()
  expect([read(), monitor.waitingRecords()]).toEqual([{}, undefined])
  await clock.pass(intervalMs)
  expect(regressed).toEqual([])
  logs[0]!.end = 8n
  await clock.pass(intervalMs)
  expect(regressed).toEqual([0])
})

test('a poll is bounded: a silent broker costs its deadline and is counted', async () => {
  const { brokers, clock, metrics, scrape, monitor, assign, ended } = monitored()
  brokers.mode = 'never'
  await assign(0, 1, 2)
  await clock.pass(timeoutMs)
  expect(metrics.lagPollFailures.total).toBe(3)
  const name = 'websocket_kafka_lag_poll_duration_seconds_count'
  expect(await scrape()).toContain(`${name}{status="error"} 1`)
  for (const mine of [0, 1, 2]) await assign(mine)
  await clock.pass(timeoutMs)
  expect(clock.pending).toBe(1)
  monitor.stop()
  await ended
  expect(clock.pending).toBe(0)
})

test('the catch-up gauge falls at the head that was found, without a newer record', async () => {
  const { clock, logs, scrape, assign } = monitored()
  const name = 'websocket_kafka_catchup_phase'
  const gauge = async () => (await scrape()).find((line) => line.startsWith(name))
  Object.assign(logs[0]!, { end: 60n, position: 10n })
  await assign(0)
  expect(await gauge()).toBe(`${name}{partition="0"} 1`)
  logs[0]!.position = 60n
  expect(await gauge()).toBe(`${name}{partition="0"} 0`)
  logs[0]!.end = 90n
  await clock.pass(intervalMs)
  expect(await gauge()).toBe(`${name}{partition="0"} 0`)
})

test('waiting records are a lower bound from the positions of this moment', async () => {
  const { logs, monitor, assign } = monitored()
  expect(monitor.waitingRecords()).toBeUndefined()
  Object.assign(logs[0]!, { end: 60n, position: 10n })
  await assign(0)
  expect(monitor.waitingRecords()).toBe(50)
  Object.assign(logs[0]!, { end: 70n, position: 65n })
  expect(monitor.waitingRecords()).toBe(0)
})

const action = fc.oneof(
  fc.record({ do: fc.constant('produce'), at: fc.nat(2), n: fc.bigInt({ min: 1n, max: 50n }) }),
  fc.record({ do: fc.constant('consume'), at: fc.nat(2), n: fc.bigInt({ min: 1n, max: 50n }) }),
  fc.record({ do: fc.constant('assign'), mine: fc.subarray([...partitions]) }),
  fc.record({ do: fc.constant('mode'), to: fc.constantFrom('at once', 'refuses', 'without 1') }),
  fc.record({ do: fc.constant('pass'), ms: fc.integer({ min: 1, max: 2 * intervalMs }) }),
) as fc.Arbitrary<
  | { do: 'produce' | 'consume'; at: number; n: bigint }
  | { do: 'assign'; mine: number[] }
  | { do: 'mode'; to: Brokers['mode'] }
  | { do: 'pass'; ms: number }
>

type Action = typeof action extends fc.Arbitrary<infer A> ? A : never

async function follow(actions: readonly Action[]): Promise<void> {
  const { brokers, clock, logs, monitor, read, assign } = monitored()
  const truths = partitions.map(() => new Set<number>())
  let mine: number[] = []
  const noteTruth = () => {
    for (const one of mine) {
      const { start, end, position, committed } = logs[one]!
      truths[one]!.add(Number(end - (position ?? committed ?? start)))
    }
  }
  for (const one of actions) {
    if (one.do === 'produce') logs[one.at]!.end += one.n
    if (one.do === 'mode') brokers.mode = one.to
    if (one.do === 'pass') await clock.pass(one.ms, 1_000)
    if (one.do === 'consume' && mine.includes(one.at)) {
      const log = logs[one.at]!
      const next = (log.position ?? 0n) + one.n
      log.position = next < log.end ? next : log.end
    }
    if (one.do === 'assign') {
      for (const gone of mine.filter((was) => !one.mine.includes(was))) {
        logs[gone]!.committed = logs[gone]!.position
        logs[gone]!.position = undefined
        truths[gone]!.clear()
      }
      mine = one.mine
      noteTruth()
      await assign(...mine)
    }
    noteTruth()
    for (const [partition, lag] of Object.entries(read())) {
      expect(mine).toContain(Number(partition))
      expect([...truths[Number(partition)]!]).toContain(lag)
    }
  }
  monitor.stop()
}

test('whatever happens, a series is assigned, not negative, and true at a poll', async () => {
  await fc.assert(fc.asyncProperty(fc.array(action, { maxLength: 30 }), follow))
})
