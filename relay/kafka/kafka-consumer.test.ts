/**
 * The consumer before a broker that sends what real ones send seldom: whatever lies in a log, each
 * record that is to be read comes once, and the position gets behind everything else.
 */
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { afterEach, expect, test } from 'vitest'
import {
  batch,
  batchOf,
  bodyOf,
  marker,
  oldMessage,
  snappyLiteral,
} from './batches/batches-testbed.ts'
import type { FetchedRecord } from './batches/fetched.ts'
import { openTransactions } from './batches/transactions.ts'
import { parseSettings } from '../tables/settings-parse.ts'
import { sleep, systemClock as clock } from '../world/clock.ts'
import { type Log, type Piece, StandIn } from './broker-testbed.ts'
import { createKafka } from './kafka-client.ts'
import { createConsumer } from './kafka-consumer.ts'

const quiet = () => undefined
const logger = { debug: quiet, info: quiet, warn: quiet, error: quiet }
const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop()
})

/** Reads a log to its end with the relay's own consumer. */
async function read(log: Log, until?: bigint) {
  const broker = new StandIn(log)
  const address = await broker.start()
  stops.push(() => broker.stop())
  const parsed = parseSettings({ KAFKA_BROKERS: address, KAFKA_TOPIC: broker.topic })
  if (!parsed.ok) throw new Error(parsed.problems.join('; '))
  const { settings } = parsed
  const records: FetchedRecord[] = []
  const errors: unknown[] = []
  let position = -1n
  const consumer = createConsumer({
    settings,
    clock,
    logger,
    transactions: openTransactions,
    createClient: () => createKafka(settings, 'test', logger),
    positions: () => (position < 0n ? new Map() : new Map([[0, position]])),
    async onBatch(fetched) {
      const next = position
      records.push(...fetched.records.filter(({ offset }) => offset >= next))
      position = fetched.nextOffset
      return true
    },
    rested: async () => undefined,
    onFetched: quiet,
    onAssigned: (partitions) => {
      if (position < 0n) consumer.readFrom(new Map(partitions.map((one) => [one, 0n])))
    },
    onLeft: quiet,
    onRebalancing: quiet,
    onError: (error) => errors.push(error),
  })
  consumer.start()
  stops.push(() => consumer.stop())
  const end = until ?? log.end ?? (log.pieces.at(-1)?.last ?? -1n) + 1n
  const limitMs = clock.nowMs() + 4_000
  const isThere = () => position >= end || clock.nowMs() >= limitMs
  while (!isThere()) await sleep(clock, 10)
  await sleep(clock, 60)
  const letters = records.flatMap(({ offset, unreadable }) =>
    unreadable === undefined ? [] : [`${offset} to ${unreadable.lastOffset}`],
  )
  const valid = records.filter(({ unreadable }) => unreadable === undefined)
  return { values: valid.map(({ value }) => String(value)), letters, records, position, errors }
}

/** One record after the other, each of a transaction of this producer or of none. */
function pieces(text: string): Piece[] {
  return text.split(' ').map((word, index) => {
    const offset = BigInt(index)
    const producerId = word.startsWith('A') || word.endsWith('A') ? 1_000n : 2_000n
    const ends = /^abort|^commit/.exec(word)?.[0] as 'abort' | 'commit' | undefined
    if (ends !== undefined) return { last: offset, bytes: marker(offset, producerId, ends) }
    const isTransactional = /^[AB]/.test(word)
    const plan = { values: [Buffer.from(word)], codec: 0, producerId, isTransactional }
    return { last: offset, bytes: batch(offset, plan) }
  })
}
const plain = (offset: bigint, ...values: readonly string[]): Piece => {
  const plan = { values: values.map((one) => Buffer.from(one)), codec: 0 }
  return { last: offset + BigInt(values.length - 1), bytes: batch(offset, plan) }
}
const [a, b] = [1_000n, 2_000n]

/** Cases by name; vitest itself would write down what they hold, and cannot. */
type Case<T, U> = readonly [string, T, U]
class Wanted<T, U> {
  readonly #wants: readonly [T, U]
  constructor(...wants: readonly [T, U]) {
    this.#wants = wants
  }
  get wants(): readonly [T, U] {
    return this.#wants
  }
}
const named = <T, U>(cases: readonly Case<T, U>[]) =>
  cases.map(([name, one, other]) => [name, new Wanted(one, other)] as const)

type Transaction = readonly [producerId: bigint, firstOffset: bigint]
const transactions: readonly Case<readonly Transaction[], readonly string[]>[] = [
  ['A0 B1 A2 A3 abortB plain5 abortA', [[b, 1n], [a, 0n]], ['plain5']],
  ['A0 B1 A2 B3 commitB A5 abortA', [[a, 0n]], ['B1', 'B3']],
  ['A0 abortA A2 commitA A4 abortA A6 commitA', [[a, 0n], [a, 4n]], ['A2', 'A6']],
  ['A0 commitA A2 B3 abortB abortA B6 commitB', [[b, 3n], [a, 2n]], ['A0', 'B6']],
  ['plain0 A1 A2 abortA', [[a, 1n]], ['plain0']],
  ['A0 abortA', [[a, 0n]], []],
  ['plain0 A1 commitA commitB', [], ['plain0', 'A1']],
]
test.each(named(transactions))('of %s come the right ones', async (text, { wants }) => {
  const [aborted, values] = wants
  const log = {
    pieces: pieces(text),
    aborted: aborted.map(([producerId, firstOffset]) => ({ producerId, firstOffset })),
  }
  const got = await read(log)
  expect(got.values).toEqual(values)
  expect(got).toMatchObject({ letters: [], position: BigInt(log.pieces.length), errors: [] })
})

test('a record whose key looks like an abort marker ends no transaction, and comes', async () => {
  const key = Buffer.alloc(4)
  const of = (last: bigint, word: string, isTransactional: boolean) => {
    const known = { codec: 0, key, producerId: a, isTransactional }
    return { last, bytes: batch(last, { ...known, values: [Buffer.from(word)] }) }
  }
  const end = { last: 2n, bytes: marker(2n, a, 'abort') }
  const parts = [of(0n, 'A0', true), of(1n, 'A1', true), end, of(3n, 'plain3', false)]
  const log = { pieces: parts, aborted: [{ producerId: a, firstOffset: 0n }] }
  expect(await read(log)).toMatchObject({ values: ['plain3'], position: 4n })
})

test('records of an open transaction wait, and what can be read is read to its end', async () => {
  const log = { pieces: pieces('plain0 A1 A2'), stable: 1n }
  expect(await read(log, 1n)).toMatchObject({ values: ['plain0'], position: 1n, errors: [] })
})

const empty = (offset: bigint, last: bigint): Piece =>
  ({ last, bytes: batchOf(offset, 0, Number(last - offset) + 1, 0, Buffer.alloc(0)) })

const rest = { values: [Buffer.from('x')], codec: 4 }
const compacted: readonly Case<readonly Piece[], readonly string[]>[] = [
  ['before records', [empty(0n, 5n), plain(6n, 'six')], ['six']],
  ['behind them', [plain(0n, 'zero'), empty(1n, 7n)], ['zero']],
  ['and nothing else', [empty(0n, 5n), empty(6n, 9n)], []],
  ['or what they have left', [{ last: 9n, bytes: batch(0n, { ...rest, tail: 9 }) }], ['x']],
]
test.each(named(compacted))('what is empty is passed over, %s', async (_, { wants }) => {
  const [log, values] = wants
  const last = log.at(-1)!.last
  expect(await read({ pieces: log })).toMatchObject({ values, position: last + 1n, letters: [] })
})

test.each([
  ['zstd', 4, zstdCompressSync],
  ['gzip', 1, gzipSync],
])('a batch of two frames of %s is read whole', async (_name, codec, pack) => {
  const halves = [0, 1].map((from) => {
    return pack(bodyOf({ values: [Buffer.from(`v${from}`)], codec: 0 }, from))
  })
  const skippable = codec === 4 ? [Buffer.from('502a4d1803000000010203', 'hex')] : []
  const body = Buffer.concat([...skippable, ...halves, ...skippable])
  const log = { pieces: [{ last: 1n, bytes: batchOf(0n, 2, 0, codec, body) }] }
  expect(await read(log)).toMatchObject({ values: ['v0', 'v1'], letters: [], position: 2n })
})

test.each([0, 1] as const)('messages of format %i are read, packed and not', async (format) => {
  const inner = ['b', 'c'].map((word, index) =>
    oldMessage(format === 0 ? BigInt(3 + index) : BigInt(index), Buffer.from(word), { format }),
  )
  const packed = snappyLiteral(Buffer.concat(inner))
  const log = {
    pieces: [
      { last: 2n, bytes: oldMessage(2n, Buffer.from('a'), { format }) },
      { last: 4n, bytes: oldMessage(4n, packed, { format, codec: 2 }) },
      plain(5n, 'd'),
      { last: 6n, bytes: oldMessage(6n, Buffer.from('no snappy'), { format, codec: 2 }) },
      plain(7n, 'e'),
    ],
  }
  const got = await read(log)
  expect(got.values).toEqual(['a', 'b', 'c', 'd', 'e'])
  expect(got.records.map(({ offset }) => offset)).toEqual([2n, 3n, 4n, 5n, 6n, 7n])
  expect(got).toMatchObject({ letters: ['6 to 6'], position: 8n, errors: [] })
})

/** Two records at 1 and 2, and what is wrong with their batch. */
function wrong(spoil: (bytes: Buffer) => Buffer | void): Piece {
  const bytes = Buffer.from(batch(1n, { values: [Buffer.from('x'), Buffer.from('y')], codec: 0 }))
  return { last: 2n, bytes: spoil(bytes) ?? bytes }
}

const spoiled: readonly Case<Piece, string>[] = [
  ['a length of none', wrong((bytes) => void bytes.writeInt32BE(0, 8)), '1 to 2'],
  ['a negative length', wrong((bytes) => void bytes.writeInt32BE(-5, 8)), '1 to 2'],
  ['a length beyond all', wrong((bytes) => void bytes.writeInt32BE(1 << 30, 8)), '1 to 2'],
  ['an end that never comes', wrong((bytes) => bytes.subarray(0, -3)), '1 to 2'],
  ['no last offset', wrong((bytes) => bytes.subarray(0, 20)), '1 to 1'],
  ['a negative count', wrong((bytes) => void bytes.writeInt32BE(-1, 57)), '1 to 2'],
  ['a count of fewer', wrong((bytes) => void bytes.writeInt32BE(1, 57)), '1 to 2'],
  ['a count of more', wrong((bytes) => void bytes.writeInt32BE(9, 57)), '1 to 2'],
  ['a negative last offset', wrong((bytes) => void bytes.writeInt32BE(-9, 23)), '1 to 1'],
  ['offsets beyond the log', wrong((bytes) => void bytes.writeInt32BE(1 << 30, 23)), '1 to 1'],
  ['a format that is to come', wrong((bytes) => void (bytes[16] = 9)), '1 to 2'],
]
test.each(named(spoiled))('a batch with %s is a dead letter, once', async (_, { wants }) => {
  const [bad, first] = wants
  const asked: bigint[] = []
  const log = { pieces: [plain(0n, 'zero'), bad, plain(3n, 'three')], asked }
  const got = await read({ ...log, perFetch: 1 })
  expect(got.values).toEqual(['zero', 'three'])
  expect(got).toMatchObject({ position: 4n, errors: [] })
  expect(got.letters[0]).toBe(first)
  expect(got.letters.length).toBeLessThanOrEqual(2)
  // No offset but the last is asked for twice.
  const again = asked.filter((offset, index) => offset < 4n && asked.indexOf(offset) !== index)
  expect(again).toEqual([])
})
