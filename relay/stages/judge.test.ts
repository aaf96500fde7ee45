/** Judging gives the same verdict wherever it is done, and costs the loop no more than a slice. */
import { zstdCompressSync } from 'node:zlib'
import { create } from '@bufbuild/protobuf'
import { expect, test } from 'vitest'
import { encodeRecord } from '../../proto/codec.ts'
import { DashStreamMessageSchema } from '../../proto/gen/dashstream_pb.js'
import { Judge } from './judge.ts'

const limit = 10 * 1_024 * 1_024

function eventBatch(count: number, threadOf: (at: number) => string, compress = true): Buffer {
  const events = Array.from({ length: count }, (_, at) => ({
    header: { threadId: threadOf(at), sequence: BigInt(at % 2 ? 1 : 5) },
  }))
  const message = create(DashStreamMessageSchema, {
    message: { case: 'eventBatch', value: { events } },
  })
  const options = compress ? {} : { compressAboveBytes: Infinity }
  return Buffer.from(encodeRecord(message, options))
}

test.each([
  ['a batch of one thread', eventBatch(30_000, () => 't')],
  ['a batch of very many threads', eventBatch(30_000, (at) => `thread-${at}`)],
  ['a batch that is not packed', eventBatch(30_000, () => 't', false)],
  ['bytes that are nothing', Buffer.alloc(1_000_000, 7)],
  [
    'packed bytes that are nothing',
    Buffer.concat([Buffer.of(1), zstdCompressSync(Buffer.alloc(1_000_000, 7), {
      pledgedSrcSize: 1_000_000,
    })]),
  ],
])('%s is large, and judged alike in both places', async (_, value) => {
  const judge = new Judge(limit)
  expect(judge.isLarge(value)).toBe(true)
  expect(await judge.judgeInWorker(value, true)).toEqual(judge.judge(value))
})

test.each([
  ['a record of a kilobyte', eventBatch(20, () => 't', false)],
  ['no record at all', Buffer.alloc(0)],
  ['one byte', Buffer.of(1)],
  ['the beginning of a frame', Buffer.of(0x01, 0x28, 0xb5, 0x2f)],
])('%s is not large', (_, value) => {
  expect(new Judge(limit).isLarge(value)).toBe(false)
})

test('what is refused for its size alone is judged at once', () => {
  const judge = new Judge(100_000)
  const value = eventBatch(30_000, () => 't')
  expect(judge.isLarge(value)).toBe(false)
  expect(judge.judge(value)).toMatchObject({ isValid: false, errorType: 'payload_too_large' })
})

test('live records come before replays, each in the order of asking', async () => {
  const judge = new Judge(limit)
  const value = eventBatch(30_000, () => 't')
  const seen: string[] = []
  const ask = (name: string, isLive: boolean) =>
    judge.judgeInWorker(value, isLive).then(() => seen.push(name))
  await Promise.all([ask('r1', false), ask('r2', false), ask('l1', true), ask('l2', true)])
  expect(seen).toEqual(['r1', 'l1', 'l2', 'r2'])
})

test('a record of thousands of threads or sequences yields a bounded number', () => {
  const judge = new Judge(limit)
  const threads = judge.judge(eventBatch(30_000, (at) => `thread-${at}`))
  expect(threads).toMatchObject({ isValid: true, isCut: true })
  expect(threads.isValid && threads.threads.length).toBe(2_048)
  const spans = judge.judge(eventBatch(30_000, () => 't'))
  expect(spans.isValid && spans.threads[0]).toMatchObject({ thread: 't', sequence: 5n })
  expect(spans.isValid && spans.threads[0]?.spans?.length).toBe(2_048)
  expect(spans).not.toHaveProperty('isCut')
})
