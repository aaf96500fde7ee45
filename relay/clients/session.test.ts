/** One client's session: its resume grace, its silence, and its gaps when it falls behind. */
import { beforeEach, describe, expect, test } from 'vitest'
import { parseServerFrame, type ServerFrame } from '../../proto/control.ts'
import { Signals } from '../health/signals.ts'
import { createMetrics, sumOf } from '../metrics/metrics.ts'
import type { MissedRange } from '../log/record.ts'
import type { Outlet } from '../stages/seam.ts'
import { Session } from './session.ts'
import { parseSettings } from '../tables/settings-parse.ts'
import { ManualClock } from '../world/manual-clock-testbed.ts'

const env = {
  SLOW_CLIENT_DISCONNECT_THRESHOLD: '100',
  SLOW_CLIENT_LAG_WINDOW_SECS: '10',
  WEBSOCKET_PING_INTERVAL_SECS: '25',
  WEBSOCKET_RESUME_GRACE_MS: '1000',
  WEBSOCKET_SEND_TIMEOUT_SECS: '2',
}

/** Text frames of what was sent; anything else shows as its opcode. */
function framesOf(bytes: Buffer): (ServerFrame | number)[] {
  const frames: (ServerFrame | number)[] = []
  for (let at = 0; at < bytes.length; ) {
    const short = bytes[at + 1]!
    const start = at + (short < 126 ? 2 : 4)
    const end = start + (short < 126 ? short : bytes.readUInt16BE(at + 2))
    const opcode = bytes[at]! & 0x0f
    const parsed = opcode === 1 ? parseServerFrame(bytes.toString('utf8', start, end)) : undefined
    if (parsed?.ok === false) throw new Error(parsed.says)
    frames.push(parsed === undefined ? opcode : parsed.frame)
    at = end
  }
  return frames
}

function bench() {
  const parsed = parseSettings(env)
  if (!parsed.ok) throw new Error(parsed.problems.join('; '))
  const clock = new ManualClock(1_000)
  const metrics = createMetrics(false)
  const sent: (ServerFrame | number)[] = []
  const closed: string[] = []
  const seen = { lives: 0, slow: 0, takes: true, unfenced: 0, isReplaying: false }
  const outlet = {
    goLive: () => (seen.lives += 1),
    fence: () => !seen.isReplaying,
    unfence: () => (seen.unfenced += 1),
    sweep: () => undefined,
    control: (bytes: Buffer) => {
      if (seen.takes) sent.push(...framesOf(bytes))
      return seen.takes
    },
    close: (reason: string, after?: Buffer) => {
      closed.push(reason)
      if (after !== undefined) sent.push(...framesOf(after))
    },
  } as unknown as Outlet
  const signals = new Signals(metrics, clock, 60_000)
  const onSlow = () => void (seen.slow += 1)
  const visitor = { address: '', mayAdminister: false }
  const needs = { settings: parsed.settings, clock, signals, onSlow }
  const session = new Session(needs, visitor, () => outlet)
  const pass = (ms: number) => {
    clock.advance(ms)
    session.sweep(clock.nowMs())
  }
  return { closed, metrics, pass, seen, sent, session }
}

const missed = (count: number, partition = 0): MissedRange => ({
  partition,
  firstOffset: 10n,
  lastOffset: 9n + BigInt(count),
  count,
})
let it: ReturnType<typeof bench>
beforeEach(() => {
  it = bench()
})

describe('resume grace', () => {
  test('live records flow when the client has spoken, or when its time to speak is over', () => {
    it.pass(900)
    expect(it.seen.lives).toBe(0)
    it.pass(100)
    expect(it.seen.lives).toBe(1)
    it.session.endResumeGrace()
    expect(it.seen.lives).toBe(1)
  })
})

describe('the rest of a capped replay', () => {
  test('may be asked for in its time, and is not declared then', () => {
    it.session.offerRest([missed(5)])
    it.pass(1_900)
    expect(it.session.fence()).toBe(true)
    it.pass(10_000)
    expect([it.sent, it.seen.unfenced]).toEqual([[], 0])
  })

  test('is waited for as long as another replay is under way', () => {
    it.session.offerRest([missed(5)])
    it.seen.isReplaying = true
    expect(it.session.fence()).toBe(false)
    it.pass(2_000)
    expect(it.seen.unfenced).toBe(1)
  })

  test('is declared missing before live delivery, when it is not requested', () => {
    it.session.offerRest([missed(5), missed(7, 3)])
    it.pass(1_999)
    expect(it.sent).toEqual([])
    it.pass(1)
    expect(it.sent).toMatchObject([
      { type: 'gap', count: 5n, partition: 0, firstOffset: 10n, lastOffset: 14n },
      { type: 'gap', count: 7n, partition: 3 },
    ])
    expect(it.seen.unfenced).toBe(1)
    it.pass(10_000)
    expect([it.sent.length, it.seen.unfenced]).toEqual([2, 1])
  })
})

describe('silence', () => {
  test('is answered by a ping, and a second one by the end', () => {
    it.pass(24_999)
    expect(it.sent).toEqual([])
    it.pass(1)
    expect(it.sent).toEqual([9])
    it.pass(25_000)
    expect(it.closed).toEqual(['ping_timeout'])
  })

  test('is over with anything the client sends', () => {
    it.pass(25_000)
    it.session.onActivity()
    it.pass(24_999)
    expect(it.sent).toEqual([9])
    expect(it.closed).toEqual([])
  })
})

describe('falling behind', () => {
  test('is declared by partition, with the exact range', () => {
    it.session.lapped([missed(5), missed(20, 3)])
    expect(it.sent).toEqual([
      expect.objectContaining({ type: 'gap', count: 5n, partition: 0, firstOffset: 10n }),
      expect.objectContaining({ type: 'gap', count: 20n, partition: 3, lastOffset: 29n }),
    ])
    expect(it.metrics.clientLagMessages.of({ severity: 'warning' }).total).toBe(25)
  })

  test('is counted while no gap can be sent yet, and only once', () => {
    const { clientLagEvents, clientLagMessages } = it.metrics
    for (const missing of [-3, 0, 4, 4, 15]) it.session.misses(missing)
    expect([sumOf(clientLagMessages), it.sent]).toEqual([15, []])
    it.session.lapped([missed(20)])
    it.session.misses(0)
    expect([sumOf(clientLagMessages), sumOf(clientLagEvents)]).toEqual([20, 1])
    it.session.misses(9)
    // It has moved on without a gap: a replay brings the missing records.
    it.session.misses(-5)
    it.session.misses(2)
    expect([sumOf(clientLagMessages), sumOf(clientLagEvents)]).toEqual([31, 3])
  })

  test('too far within the window closes the client, which gets the number', () => {
    it.session.lapped([missed(60)])
    it.session.lapped([missed(40)])
    const [, , disconnect, close] = it.sent
    expect(disconnect).toMatchObject({ type: 'disconnect', lag_in_window: 100, threshold: 100 })
    expect(close).toBe(8)
    expect(it.closed).toEqual(['slow_client'])
    expect(it.seen.slow).toBe(1)
  })

  test('slowly is tolerated: a new window starts again', () => {
    it.session.lapped([missed(60)])
    it.pass(10_001)
    it.session.lapped([missed(60)])
    expect(it.closed).toEqual([])
  })

  test('without taking even the news of it ends the client', () => {
    it.seen.takes = false
    it.session.lapped([missed(5)])
    expect(it.closed).toEqual(['control_backlog'])
  })
})
