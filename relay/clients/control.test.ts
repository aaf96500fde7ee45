/** What one client asks, and when it is read from: neither too fast, nor while it does not read. */
import { describe, expect, test } from 'vitest'
import { Control } from './control.ts'
import { createRates } from '../limits/rates.ts'
import { createMetrics } from '../metrics/metrics.ts'
import type { Session } from './session.ts'
import { ManualClock } from '../world/manual-clock-testbed.ts'
import { Slices } from '../world/turns.ts'
import { workOf } from '../world/work-testbed.ts'

const rates = { clientFramesPerSecondMax: 10, clientResumesPerMinuteMax: 2, resetsPerMinuteMax: 1 }

/** Each read of the clock costs a millisecond: this many reads make a slice. */
class BusyClock extends ManualClock {
  override nowMs(): number {
    this.advance(1)
    return super.nowMs()
  }
}

const turn = () => new Promise((done) => setImmediate(done))

/** Memory of this size for waiting frames. */
function memoryOf(limitBytes: number) {
  let usedBytes = 0
  return {
    add: (bytes: number) => void (usedBytes += bytes),
    get excessBytes() {
      return usedBytes - limitBytes
    },
  }
}

function bench(
  clock = new ManualClock(1_000),
  slices = new Slices(clock),
  memory = memoryOf(1_000_000),
) {
  const metrics = createMetrics(false)
  const seen = { isRead: true, answers: 0, resumes: 0, resets: 0, reported: [] as string[] }
  const outlet = { isCrowded: false, control: () => (seen.answers += 1) }
  const session = {
    outlet,
    isOver: false,
    onActivity: () => undefined,
    endResumeGrace: () => undefined,
    refuse: (code: string) => void seen.reported.push(code),
    close: (reason: string) => void seen.reported.push(reason),
  }
  const reading = { pause: () => (seen.isRead = false), resume: () => (seen.isRead = true) }
  const requests = { resume: () => (seen.resumes += 1), reset: () => (seen.resets += 1) }
  const control = new Control(
    { metrics, clock, requests, slices, memory },
    session as unknown as Session,
    reading,
    createRates(clock, rates).openClient(),
  )
  const send = (count: number, text = '{"type":"ping"}') => {
    for (let sent = 0; sent < count; sent += 1) control.onText(text)
  }
  return { clock, metrics, seen, outlet, session, control, send }
}

describe('a client that sends too much', () => {
  test('is answered, and then not read from until its debt is paid', () => {
    const { clock, seen, send } = bench()
    send(100)
    expect(seen).toMatchObject({ isRead: true, answers: 100 })
    send(5)
    expect(seen).toMatchObject({ isRead: false, answers: 105 })
    clock.advance(99)
    expect(seen.isRead).toBe(false)
    clock.advance(1)
    expect(seen.isRead).toBe(true)
  })

  test('is counted once for each time that it is not read from', async () => {
    const { clock, metrics, send } = bench()
    const counted = async () =>
      /^relay_clients_throttled_total (\d+)/m.exec(await metrics.scrape.text())?.[1]
    send(105)
    expect(await counted()).toBe('1')
    clock.advance(10_000)
    await turn()
    send(105)
    expect(await counted()).toBe('2')
  })

  test('pays for pongs and binary frames, too, and more for large ones', () => {
    const { control, seen } = bench()
    for (let sent = 0; sent < 4; sent += 1) control.onUnknownFrame(6_200)
    expect(seen.isRead).toBe(true)
    control.onUnknownFrame(6_200)
    expect(seen.isRead).toBe(false)
  })

  test('pays for texts by their bytes, not by their characters', () => {
    const { send, seen } = bench()
    send(4, '✓'.repeat(2_080))
    expect(seen.isRead).toBe(true)
    send(1, '✓'.repeat(2_080))
    expect(seen.isRead).toBe(false)
  })
})

describe('many frames in one turn of the loop', () => {
  test('are answered in slices that all share, and no client is read meanwhile', async () => {
    const clock = new BusyClock()
    const slices = new Slices(clock)
    const [one, other] = [bench(clock, slices), bench(clock, slices)]
    one.send(30)
    other.send(30)
    const inFirst = one.seen.answers + other.seen.answers
    expect(inFirst).toBeGreaterThan(0)
    expect(inFirst).toBeLessThan(10)
    expect([one.seen.isRead, other.seen.isRead]).toEqual([false, false])
    let [before, most] = [inFirst, 0]
    for (let left = 100; left > 0 && one.seen.answers + other.seen.answers < 60; left -= 1) {
      await turn()
      const now = one.seen.answers + other.seen.answers
      most = Math.max(most, now - before)
      before = now
    }
    expect([one.seen.answers, other.seen.answers]).toEqual([30, 30])
    expect(most).toBeLessThan(10)
    await turn()
    expect([one.seen.isRead, other.seen.isRead]).toEqual([true, true])
  })

  test('are handled in order, and the close frame after them comes last', async () => {
    const clock = new BusyClock()
    const { control, seen, send } = bench(clock)
    send(20)
    control.onClose()
    expect(seen.reported).toEqual([])
    for (let left = 100; left > 0 && seen.reported.length === 0; left -= 1) await turn()
    expect([seen.answers, seen.reported]).toEqual([20, ['client_left']])
  })
})

test('waiting frames are counted, and without memory none waits', async () => {
  const clock = new BusyClock()
  const memory = memoryOf(2_000)
  const { seen, send } = bench(clock, new Slices(clock), memory)
  send(8)
  expect(seen.answers).toBeLessThan(8)
  expect(memory.excessBytes).toBeGreaterThan(-2_000)
  expect(memory.excessBytes).toBeLessThanOrEqual(0)
  send(30)
  expect(seen.answers).toBeGreaterThan(20)
  expect(memory.excessBytes).toBeLessThanOrEqual(0)
  for (let left = 100; left > 0 && seen.answers < 38; left -= 1) await turn()
  await turn()
  expect([seen.answers, memory.excessBytes, seen.isRead]).toEqual([38, -2_000, true])
})

describe('a client that does not read its answers', () => {
  test('is not read from until they have gone', () => {
    const { control, outlet, seen, send } = bench()
    outlet.isCrowded = true
    send(1)
    expect(seen.isRead).toBe(false)
    outlet.isCrowded = false
    control.drained()
    expect(seen.isRead).toBe(true)
  })

  test('and sends too much as well is read from when neither holds any more', async () => {
    const { clock, control, outlet, seen, send } = bench()
    outlet.isCrowded = true
    send(105)
    clock.advance(1_000)
    await turn()
    expect(seen.isRead).toBe(false)
    send(100)
    control.drained()
    expect(seen.isRead).toBe(false)
    clock.advance(60_000)
    expect(seen.isRead).toBe(true)
  })
})

test('a client that resumes too often is refused, and nothing is replayed for it', () => {
  const { seen, send } = bench()
  send(3, '{"type":"resume"}')
  expect(seen).toMatchObject({ resumes: 2, reported: ['TOO_MANY_RESUMES'] })
})

test('frames after the end are ignored', () => {
  const { seen, send, session } = bench()
  session.isOver = true
  send(200)
  send(1, '{"type":"cursor_reset"}')
  expect(seen).toMatchObject({ answers: 0, resets: 0, isRead: true })
})

test.each([
  [1002, 'protocol_error'],
  [1007, 'invalid_text'],
  [1008, 'too_many_fragments'],
  [1009, 'CONTROL_FRAME_TOO_LARGE'],
])('a protocol that is broken with %d ends the client as %s', (code, reported) => {
  const { control, seen } = bench()
  control.onProtocolError(code)
  expect(seen.reported).toEqual([reported])
})

describe('a frame of very many entries', () => {
  const named = (field: string, count: number, entry: (at: number) => string) =>
    `{"${field}":{${Array.from({ length: count }, (_, at) => entry(at)).join()}},"type":"resume"}`
  const offsets = (count: number) => named('lastOffsetsByPartition', count, (at) => `"${at}":"1"`)
  const threads = (count: number) => named('lastSequencesByThread', count, (at) => `"t${at}":1`)
  const list = (count: number) => `{"type":"ping","x":[${'1,'.repeat(count)}1]}`
  const cost = (text: string) => {
    const { control } = bench()
    return workOf(() => control.onText(text))
  }

  test.each([
    ['partitions', offsets, 200],
    ['threads', threads, 2_000],
    ['a list', list, 200],
  ] as const)('costs what it has, %s', async (_, textOf, count) => {
    await cost(textOf(10))
    expect(await cost(textOf(4 * count))).toBeLessThan(5 * (await cost(textOf(count))))
  })

  test.each([
    ['partitions', offsets, 1_024],
    ['threads', threads, 10_000],
    ['a list', list, 1_023],
    ['nested lists', (count: number) => `{"x":[${'[1],'.repeat(count / 2)}1]}`, 1_022],
    ['keys', (count: number) => `{${'"a":1,'.repeat(count)}"type":"ping"}`, 1_023],
  ] as const)('is not read beyond what a frame may have, %s', async (_, textOf, most) => {
    await cost(textOf(10))
    expect(await cost(textOf(80_000))).toBeLessThan(1.2 * (await cost(textOf(most))))
  })

  test('is refused as the resume that it would be, and counted', () => {
    const { metrics, send, seen } = bench()
    send(1, offsets(1_024))
    send(1, offsets(85_000))
    expect(seen.resumes).toBe(2)
    expect(metrics.controlOversized.total).toBe(1)
  })

  test('is ignored when it would be nothing of ours', () => {
    const { metrics, send, seen } = bench()
    send(1, list(85_000))
    expect(seen).toMatchObject({ answers: 0, reported: [] })
    expect(metrics.controlOversized.total).toBe(1)
  })

  test('has to be paid for: the largest one nearly takes what may come at once', () => {
    const clock = new ManualClock()
    const usual = { ...rates, clientFramesPerSecondMax: 500 }
    const client = createRates(clock, usual).openClient()
    expect(client.frame(1_048_576)).toBe(0)
    expect(client.frame(1_048_576)).toBeGreaterThan(5_000)
  })
})

test.each([
  ['no JSON', '{"type":', 1],
  ['half a character', '{"type":"ping","x":"\\ud800"}', 1],
  ['a list', '["ping"]', 0],
  ['an unknown type', '{"type":"later"}', 0],
  ['no type', '{}', 0],
])('%s is ignored, and counted where it is no JSON', (_, text, failures) => {
  const { metrics, send, seen } = bench()
  send(1, text)
  expect(seen).toMatchObject({ answers: 0, reported: [] })
  expect(metrics.controlParseFailures.total).toBe(failures)
})
