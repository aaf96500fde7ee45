/** The client's contract, first half: its guarantees for the stream. One test for each claim. */
import { describe, expect, test } from 'vitest'
import { EventType } from '../../proto/gen/dashstream_pb.js'
import { createClient } from './client.ts'
import { nodePlatform } from './node-platform.ts'
import {
  batch,
  Bed,
  cursorText,
  diff,
  event,
  eventInit,
  handClock,
  json,
  listOf,
  push,
  token,
  type At,
} from './client-testbed.ts'

const start = (at: At = {}, state = '{"n":0}') =>
  event(EventType.GRAPH_START, { sequence: 1, ...at }, { initial_state_json: state })
const setN = (sequence: number, n: number, at: At = {}) =>
  diff({ sequence, ...at }, { ops: [['replace', '/n', String(n)]], hash: json(`{"n":${n}}`) })
const garbage = Uint8Array.of(0, 0xff, 0xff, 0xff)

describe('the stream', () => {
  test('no frame is ever skipped silently', () => {
    const bed = new Bed()
    const sent = [
      start(),
      garbage,
      new Uint8Array(0),
      setN(2, 1),
      Uint8Array.of(0),
      diff({ sequence: 3 }, { ops: [['replace', '/n', '{bad']] }),
      start({ thread: '' }),
      setN(2, 1),
      token({ sequence: 4 }),
    ]
    const outcomes = bed.sendAll(sent)
    expect(outcomes.map(({ offset }) => offset)).toEqual(sent.map((_, index) => BigInt(index)))
    expect(outcomes.map(({ outcome, reason }) => reason ?? outcome)).toEqual([
      'applied',
      'buffer_underflow',
      'empty',
      'applied',
      'message-kind',
      'patch-value',
      'thread-missing',
      'duplicate',
      'applied',
    ])
    expect(bed.client.cursor().offsets).toEqual({ 0: '8' })
    const { received, applied, duplicate, quarantined, refused, ignored } = bed.client.counters()
    expect(applied + duplicate + quarantined + refused + ignored).toBe(received)
    expect(received).toBe(sent.length)
    expect(bed.client.quarantined().map(({ offset }) => offset)).toEqual([1n, 2n, 4n, 6n])
  })

  test('a protocol error asks for a reconnect, with a code that browsers may send', () => {
    const errors = [
      (bed: Bed) => bed.client.onBinary(start()).mustReconnect,
      (bed: Bed) => twice(() => bed.client.onText(cursorText(0, 0n))).mustReconnect,
      (bed: Bed) => bed.client.onText(cursorText(0, -1n)).mustReconnect,
      (bed: Bed) => bed.client.onText(`"${'x'.repeat(2 ** 20)}"`).mustReconnect,
      (bed: Bed) => stalled(bed, () => bed.client.onText(cursorText(0, 0n))),
      (bed: Bed) => stalled(bed, () => bed.client.resumeRequest()),
      (bed: Bed) => stalled(bed, () => bed.client.pingRequest()),
    ]
    const reasons = errors.map((provoke) => {
      const bed = new Bed()
      const demand = provoke(bed)
      expect(demand?.closeCode).toBeGreaterThanOrEqual(4_000)
      expect(demand?.closeCode).toBeLessThan(5_000)
      bed.client.onText(cursorText(0, 0n))
      expect(bed.client.onBinary(start()).reason).toBe('closed')
      expect(bed.client.cursor().offsets).toEqual({})
      bed.client.opened()
      expect(bed.send(start(), 0n).outcome).toBe('applied')
      return demand?.reason
    })
    expect(reasons).toEqual([
      'missing_cursor',
      'cursor_pairing_desync',
      'cursor_malformed',
      'text_too_large',
      'stalled',
      'stalled',
      'stalled',
    ])
  })

  test('a poison record is tried a bounded number of times, then quarantined', () => {
    const bed = new Bed({ limits: { poisonAttemptsMax: 3 } })
    bed.sendAll([start(), start({ thread: 'other' })])
    const before = bed.everything()
    for (let attempt = 1; attempt < 3; attempt += 1) {
      const { outcome, mustReconnect } = bed.send(garbage, 2n)
      expect([outcome, mustReconnect?.reason]).toEqual(['refused', 'decode_failure'])
      expect(bed.client.cursor().offsets).toEqual({ 0: '1' })
      bed.client.opened()
    }
    const last = bed.send(garbage, 2n)
    expect([last.outcome, last.mustReconnect]).toEqual(['quarantined', undefined])
    expect(bed.client.cursor().offsets).toEqual({ 0: '2' })
    expect(bed.everything()).toEqual(before)
    expect(bed.send(setN(2, 1)).outcome).toBe('applied')
  })

  test('records out of order are refused and flag their own run only', () => {
    const bed = new Bed()
    bed.sendAll([start({}, listOf(0)), start({ thread: 'other' }), push(1)])
    expect(bed.send(push(3)).reason).toBe('gap')
    expect(bed.send(push(2)).reason).toBe('order')
    expect(bed.stateText()).toBe(listOf(1))
    expect(bed.flags()).toEqual(['gap', 'order'])
    expect(bed.flags('other')).toEqual([])
  })

  test('a sequence that was used before is out of order, whatever its message id', () => {
    const bed = new Bed()
    bed.sendAll([start(), setN(2, 1)])
    expect(bed.send(setN(2, 2, { id: 'another' })).reason).toBe('order')
    expect(bed.stateText()).toBe('{"n":1}')
  })

  test('a message without a sequence is known again by its id', () => {
    const bed = new Bed()
    const unnumbered = token({ sequence: 0, id: 'a' })
    expect(bed.send(unnumbered).outcome).toBe('applied')
    expect(bed.send(unnumbered).reason).toBe('duplicate')
    expect(bed.send(unnumbered, 0n).reason).toBe('redelivered')
    expect(bed.client.run('run')?.timeline).toHaveLength(1)
  })

  test('an older state never overwrites a newer one, whatever carries it', () => {
    const late = [
      event(EventType.GRAPH_START, { sequence: 4, id: 'a' }, { initial_state_json: '{"n":-1}' }),
      event(EventType.NODE_START, { sequence: 4, id: 'b' }, { state_json: '{"n":-1}' }, 'x'),
      event(EventType.NODE_END, { sequence: 4, id: 'c' }, { state: '{"n":-1}' }, 'x'),
      diff({ sequence: 4, id: 'd' }, { full: '{"n":-1}' }),
    ]
    for (const value of late) {
      const bed = new Bed()
      bed.sendAll([start(), ...[2, 3, 4, 5].map((sequence) => setN(sequence, sequence))])
      expect(bed.send(value).reason).toBe('order')
      expect(bed.stateText()).toBe('{"n":5}')
      expect(bed.flags()).toEqual(['order'])
    }
  })

  test('the cursor never moves back, and is never ahead of what was applied', () => {
    const bed = new Bed()
    bed.sendAll([start(), setN(2, 1)])
    bed.client.onText(cursorText(0, 7n))
    expect(bed.client.cursor().offsets).toEqual({ 0: '1' })
    bed.client.onBinary(setN(3, 2))
    expect(bed.client.cursor().offsets).toEqual({ 0: '7' })
    expect(bed.send(setN(2, 1), 1n).reason).toBe('redelivered')
    expect(bed.client.cursor().offsets).toEqual({ 0: '7' })
  })

  test('offsets above 2^53 survive the cursor, the store and the resume', () => {
    const bed = new Bed()
    bed.send(start(), 2n ** 53n + 1n)
    const cursor = bed.client.cursor()
    expect(cursor.offsets).toEqual({ 0: '9007199254740993' })
    const next = createClient({ platform: nodePlatform, clock: handClock(), cursor })
    expect(next.resumeRequest()).toContain('"0":"9007199254740993"')
    expect(next.resumeRequest()).toContain('"from":"cursor"')
  })

  test('a corrupt stored cursor is left out, not trusted', () => {
    const offsets = { 0: 'x', 1: 1.5, 2: 1e21, 3: '-1', zero: '1', 4: '4' } as never
    const client = createClient({ platform: nodePlatform, clock: handClock(), cursor: { offsets } })
    expect(client.cursor().offsets).toEqual({ 4: '4' })
  })

  test('a reset is a fence: nothing received before it has an effect after it', () => {
    const bed = new Bed()
    bed.sendAll([start(), garbage])
    bed.client.resetRequest()
    bed.client.onText(cursorText(0, 2n))
    bed.client.onText(resetTo({ 0: '9' }))
    expect(bed.client.onBinary(setN(2, 1)).reason).toBe('before-reset')
    expect(bed.send(setN(3, 2), 9n).reason).toBe('before-reset')
    expect(bed.client.runs()).toEqual([])
    expect(bed.client.quarantined()).toEqual([])
    expect(bed.client.cursor().offsets).toEqual({ 0: '9' })
    expect(bed.send(start(), 10n).outcome).toBe('applied')
  })

  test('a reset also voids what was announced before on partitions that it does not name', () => {
    const bed = new Bed()
    bed.client.resetRequest()
    bed.client.onText(cursorText(0, 2n))
    bed.client.onText(resetTo({}))
    expect(bed.client.onBinary(start()).reason).toBe('before-reset')
    expect(bed.client.cursor().offsets).toEqual({})
  })

  test('a reset that was not requested changes nothing', () => {
    const bed = new Bed()
    bed.send(start())
    bed.client.onText(resetTo({}))
    expect(bed.stateText()).toBe('{"n":0}')
  })

  test('one message that fails does not touch the others of its batch', () => {
    const bed = new Bed()
    bed.sendAll([start(), start({ thread: 'other' })])
    const events = [
      eventInit(EventType.NODE_START, { sequence: 2 }, { state_json: 'null' }, 'a'),
      eventInit(EventType.NODE_START, { thread: 'other', sequence: 2 }, { state: '{"m":1}' }, 'a'),
    ]
    const { outcome, reason, thread } = bed.send(batch(events))
    expect([outcome, reason, thread]).toEqual(['refused', 'state-json', 'run'])
    expect(bed.stateText('other')).toBe('{"m":1,"n":0}')
    expect(bed.flags('other')).toEqual([])
    expect(bed.client.run('other')?.timeline).toHaveLength(2)
  })

  test('a backlog of any length is caught up with, and flags nothing', () => {
    const bed = new Bed()
    bed.send(start())
    for (let sequence = 2; sequence <= 5_000; sequence += 1) {
      expect(bed.send(token({ sequence })).outcome).toBe('applied')
    }
    expect(bed.flags()).toEqual([])
    expect(bed.client.run('run')?.lastAppliedSequence).toBe(5_000n)
  })

  test('error frames and unknown frames are shown, and stop nothing', () => {
    const bed = new Bed()
    const texts = [
      '{"type":"error","code":"OVERLOADED","message":"later"}',
      '{"type":"later"}',
      '{"type":"constructor"}',
      'no json',
      '42',
      '',
    ]
    for (const text of texts) expect(bed.client.onText(text).mustReconnect).toBeUndefined()
    expect(bed.client.notices()).toHaveLength(texts.length)
    expect(bed.client.notices()[0]?.says).toBe('OVERLOADED: later')
    expect(bed.send(start()).outcome).toBe('applied')
  })
})

describe('what the relay says about the stream', () => {
  test('a gap marks the running runs of its partition, until the next sequence clears them', () => {
    const bed = threeRuns()
    const gap = '{"type":"gap","count":3,"severity":"warning","message":"m","partition":0}'
    expect(bed.client.onText(gap).flagged).toEqual(['run'])
    expect(bed.flags()).toEqual(['stream-gap'])
    bed.send(token({ sequence: 2 }))
    expect(bed.flags()).toEqual([])
  })

  test('a stale cursor marks its partition, a disconnect all that run', () => {
    const bed = threeRuns()
    const stale = '{"type":"cursor_stale","partition":1,"requested":"1","oldest":"9","message":"m"}'
    expect(bed.client.onText(stale).flagged).toEqual(['elsewhere'])
    const end =
      '{"type":"disconnect","reason":"backpressure","lag_in_window":1,"threshold":1,' +
      '"window_secs":1,"message":"m"}'
    expect(bed.client.onText(end).flagged).toEqual(['run', 'elsewhere'])
    expect(bed.flags('done')).toEqual([])
  })

  test('a capped replay asks for the rest, and another epoch voids the old offsets', () => {
    const bed = new Bed({}, 3)
    const complete = (epoch: string, capped: boolean) =>
      bed.client.onText(
        `{"type":"replay_complete","mode":"cursor","totalReplayed":1,"capped":${capped},` +
          `"lastOffsetsByPartition":{},"epoch":"${epoch}"}`,
      )
    bed.send(start(), 100n)
    expect(complete('a', true).mustResume).toBe(true)
    expect(bed.client.resumeRequest()).toContain('"epoch":"a"')
    bed.client.opened()
    bed.send(setN(2, 1), 4n)
    expect(bed.client.cursor().offsets).toEqual({ 3: '100' })
    complete('b', false)
    expect(bed.client.cursor()).toEqual({ offsets: { 3: '4' }, epoch: 'b' })
  })

  test('a replay that is capped again and again is resumed where it ended, until it is not', () => {
    const bed = new Bed()
    const asked: string[] = []
    for (let isCapped = true; isCapped; ) {
      asked.push(String(/"0":"(\d+)"/.exec(bed.client.resumeRequest('cursor'))?.[1]))
      for (let count = 0; count < 3; count += 1) bed.send(token({ sequence: asked.length }))
      const { mustResume } = bed.client.onText(
        `{"type":"replay_complete","mode":"cursor","totalReplayed":3,"capped":${asked.length < 4}}`,
      )
      isCapped = mustResume === true
    }
    expect(asked).toEqual(['undefined', '2', '5', '8'])
  })

  test('a cursor beyond the end of the log is dropped, so that a capped replay goes on', () => {
    const bed = new Bed({ cursor: { offsets: { 0: '100', 1: '7' }, epoch: 'a' } })
    const stale = (requested: number, oldest: number, partition = 0) =>
      bed.client.onText(
        `{"type":"cursor_stale","partition":${partition},"requested":"${requested}",` +
          `"oldest":"${oldest}","message":"m"}`,
      )
    stale(7, 20, 1)
    stale(99, 0)
    expect(bed.client.cursor().offsets).toEqual({ 0: '100', 1: '7' })
    stale(100, 0)
    bed.sendAll([start(), setN(2, 1)])
    expect(bed.client.cursor().offsets).toEqual({ 0: '1', 1: '7' })
  })

  test('a gap of a thread flags that run, and moves no cursor', () => {
    const bed = threeRuns()
    const before = bed.client.cursor()
    const gap =
      '{"type":"gap","count":3,"severity":"warning","message":"m","threadId":"elsewhere",' +
      '"firstSequence":"2","lastSequence":"4"}'
    expect(bed.client.onText(gap).flagged).toEqual(['elsewhere'])
    expect(bed.client.cursor()).toEqual(before)
  })
})

/** `run` and `done`, which has ended, on partition 0; `elsewhere` on partition 1. */
function threeRuns(): Bed {
  const bed = new Bed()
  bed.sendAll([start(), start({ thread: 'done' })])
  bed.send(event(EventType.GRAPH_END, { thread: 'done', sequence: 2 }))
  bed.client.onCursor(1, 0n)
  bed.client.onBinary(start({ thread: 'elsewhere' }))
  return bed
}

function twice<T>(work: () => T): T {
  work()
  return work()
}

function stalled(bed: Bed, work: () => unknown) {
  work()
  expect(bed.client.check()).toBeUndefined()
  bed.clock.atMs += 30_001
  return bed.client.check()
}

function resetTo(latestOffsetsByPartition: Record<string, string>): string {
  return JSON.stringify({
    type: 'cursor_reset_complete',
    latestOffsetsByPartition,
    bufferCleared: true,
    truncated: false,
    totalPartitions: 1,
    message: 'reset',
  })
}
