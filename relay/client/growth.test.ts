/** What a record costs the client grows with its size, whatever stands in it. */
import { describe, expect, test } from 'vitest'
import { EventType } from '../../proto/gen/dashstream_pb.js'
import { workOf } from '../world/work-testbed.ts'
import {
  batch,
  Bed,
  bytesOf,
  checkpoint,
  diff,
  eventInit,
  type Op,
  patch,
  start,
  times,
  wide,
  zeros,
} from './client-testbed.ts'

describe('four times the input is at most five times the work', () => {
  async function growth(prepare: (count: number) => () => unknown, count = 500): Promise<number> {
    const [once, fourTimes] = [prepare(count), prepare(4 * count)]
    return (await workOf(fourTimes)) / (await workOf(once))
  }
  const sent = (state: string, record: Uint8Array) => {
    // Dropping the oldest line of a full timeline costs the same, however many there were.
    const bed = new Bed({ limits: { timelineMax: 1 } })
    bed.send(start(state))
    return () => bed.send(record)
  }

  test.each<[string, (count: number) => () => unknown]>([
    ['a patch that appends', (count) => sent('[]', patch(times(count, ['add', '/-', '1'])))],
    [
      'a patch of other members',
      (count) =>
        sent(
          wide(count),
          patch(Array.from({ length: count }, (_, at): Op => ['replace', `/k${at}`, '1'])),
        ),
    ],
    ['a patch of one member', (count) => sent(zeros(count), patch([['replace', '/0', '1']]))],
    ['a snapshot', (count) => sent('{}', diff({ sequence: 2 }, { full: wide(count) }))],
    [
      'a checkpoint',
      (count) => sent('{}', checkpoint({ sequence: 2 }, { state: bytesOf(zeros(count)) })),
    ],
    [
      'a batch of events',
      (count) =>
        sent(
          '{}',
          batch(
            Array.from({ length: count }, (_, at) =>
              eventInit(EventType.NODE_START, { sequence: at + 2 }, {}, `n${at}`),
            ),
          ),
        ),
    ],
  ])('%s', async (_, prepare) => {
    expect(await growth(prepare)).toBeLessThan(5)
  })
})
