/** What the log says of malformed records, however many there are. */
import { expect, test } from 'vitest'
import { MalformedLines } from './malformed-lines.ts'
import { ManualClock } from '../world/manual-clock-testbed.ts'

function bed() {
  const clock = new ManualClock()
  const lines: (readonly [Readonly<Record<string, unknown>>, string])[] = []
  const quiet = () => undefined
  const error = (fields: Readonly<Record<string, unknown>>, says: string) =>
    void lines.push([fields, says])
  const malformed = new MalformedLines(clock, { debug: quiet, info: quiet, warn: quiet, error })
  let hashes = 0
  const tell = (offset: bigint, says = 'The record ends inside a field.') => {
    const value = Buffer.from('secret bytes of a user')
    const poison = { partition: 2, offset, value, errorType: 'buffer_underflow' as const, says }
    malformed.log({ ...poison, messageCount: 7 }, () => `id ${++hashes}`)
  }
  return { clock, lines, tell, hashes: () => hashes }
}

test('a record has a line with the id of its dead letter, and none of its bytes', () => {
  const { lines, tell } = bed()
  tell(9_007_199_254_740_993n)
  expect(lines).toEqual([
    [
      {
        trace_id: 'id 1',
        error: 'The record ends inside a field.',
        error_type: 'buffer_underflow',
        message_size: 22,
        message_count: 7,
        kafka_partition: 2,
        kafka_offset: '9007199254740993',
        component: 'websocket-server',
      },
      'a record is malformed',
    ],
  ])
  expect(JSON.stringify(lines)).not.toContain('secret')
})

test('a flood has a few lines a minute, and one that counts the rest', () => {
  const { clock, lines, tell, hashes } = bed()
  for (let offset = 0n; offset < 100_000n; offset++) tell(offset)
  expect([lines.length, hashes()]).toEqual([10, 10])
  clock.advance(60_000)
  expect(lines.at(-1)?.[0]).toEqual({ records: 99_990 })
  tell(1n)
  expect(lines).toHaveLength(12)
  clock.advance(120_000)
  expect(lines).toHaveLength(12)
})

test('a line is short, whatever is said of the record', () => {
  const { lines, tell } = bed()
  tell(1n, 'x'.repeat(100_000))
  expect(JSON.stringify(lines).length).toBeLessThan(600)
})
