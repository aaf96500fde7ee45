/** What a record may cost is counted, whatever its size on the wire, and so is what it leaves. */
import { describe, expect, test } from 'vitest'
import { EventType } from '../../proto/gen/dashstream_pb.js'
import {
  batch,
  Bed,
  diff,
  event,
  eventInit,
  json,
  patch,
  start,
  times,
  wide,
  zeros,
} from './client-testbed.ts'

describe('a record that asks for too much is refused by name, and its run needs a resync', () => {
  test.each([
    ['insertions at the front of an array', zeros(200_000), times(1_000, ['add', '/0', '1'])],
    ['removals from the front of an array', zeros(200_000), times(1_000, ['remove', '/0'])],
    ['moves within an array', zeros(200_000), times(1_000, ['move', '/0', '/1'])],
  ])('%s', (_, state, ops) => {
    const bed = new Bed()
    bed.send(start(state))
    const sent = bed.send(patch(ops))
    expect(sent).toMatchObject({ outcome: 'refused', reason: 'work' })
    expect(bed.flags()).toEqual(['patch'])
    expect(bed.client.run('run')?.state).toEqual(json(state))
    // A whole state cures it.
    bed.send(diff({ sequence: 3 }, { full: '{"a":1}' }))
    expect([bed.stateText(), bed.flags()]).toEqual(['{"a":1}', []])
  })

  test('events of a batch that each lay a member over a large object', () => {
    const bed = new Bed({ limits: { workUnitsMax: 10_000_000 } })
    bed.send(start(wide(2_000)))
    const events = Array.from({ length: 100 }, (_, at) =>
      eventInit(EventType.NODE_END, { sequence: at + 2 }, { state: '{"n":1}' }),
    )
    expect(bed.send(batch(events))).toMatchObject({ outcome: 'refused', reason: 'work' })
    expect(bed.flags()).toContain('patch')
  })

  test('but one change of a large array is not', () => {
    const bed = new Bed()
    bed.send(start(zeros(400_000)))
    expect(bed.send(patch([['add', '/-', '1']])).outcome).toBe('applied')
    expect(bed.send(patch([['replace', '/0', '1']], 3)).outcome).toBe('applied')
  })
})

test('a record of very many messages is refused before they are built', () => {
  const bed = new Bed({ limits: { messagesMax: 1_000 } })
  const events = (count: number) => {
    // An event of no bytes: field 2 of the batch, which is field 8 of the record.
    const bytes = Buffer.alloc(2 * count, Buffer.of(0x12, 0))
    const length = bytes.length
    return Buffer.concat([Buffer.of(0, 0x42, (length & 127) | 128, length >> 7), bytes])
  }
  expect(bed.send(events(999)).reason).toBe('thread-missing')
  expect(bed.send(events(1_000)).reason).toBe('payload_too_large')
  const attributes = Object.fromEntries(Array.from({ length: 500 }, (_, at) => [`a${at}`, '']))
  expect(bed.send(event(EventType.NODE_END, { sequence: 2 }, attributes)).reason).toBe(
    'payload_too_large',
  )
})

test('the past of a run counts what its patches copied', () => {
  const bed = new Bed({ limits: { snapshotBytesMax: 4 * 1_048_576 } })
  bed.send(start(zeros(200_000)))
  for (let at = 0; at < 128; at += 1) bed.send(patch([['replace', `/${at}`, '1']], at + 2))
  const kept = Array.from({ length: 130 }, (_, at) =>
    bed.client.stateAt('run', BigInt(at)),
  ).filter((state) => state !== undefined)
  // Each of them is an array of 1.6 MB.
  expect(kept.length).toBeLessThan(4)
  expect(bed.client.counters().heldBytes).toBeGreaterThan(3_000_000)
})

test('a state counts what it takes in memory, and not what changed it', () => {
  const bed = new Bed()
  bed.send(start(`{"l":[${Array<string>(100_000).fill('[]').join()}]}`))
  // 300 kB on the wire.
  expect(bed.client.counters().heldBytes).toBeGreaterThan(4_000_000)
  bed.send(diff({ sequence: 2 }, { full: '{"a":""}' }))
  const text = JSON.stringify('x'.repeat(4_000))
  for (let at = 3; at < 300; at += 1) bed.send(patch([['replace', '/a', text]], at))
  // Its lines, its past of 128 states, and a state of four thousand bytes.
  expect(bed.client.counters().heldBytes).toBeLessThan(900_000)
})
