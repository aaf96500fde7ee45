/** The pure pieces of the replay buffer, each against a plain model. */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ManualClock } from '../world/manual-clock-testbed.ts'
import { beginBlock, decodeBlock, encodeBlock, extendBlock, type OpenBlock } from './blocks.ts'
import { Epoch } from './epoch.ts'
import { Incoming } from './incoming.ts'
import { MemoryTier } from './memory.ts'
import type { Stretch } from './stretch.ts'
import { readPage } from './scripts.ts'
import { WriteQueue } from './write-queue.ts'

const record = (offset: bigint, bytes = 8): Stretch => ({
  first: offset,
  last: offset,
  value: Buffer.alloc(bytes, String(offset)),
})
const hole = (first: bigint, last = first): Stretch => ({ first, last, value: undefined })

const text = (...fields: string[]) => fields.map((field) => Buffer.from(field))

/** What is known from an offset on, in a plain list. */
const runIn = (mine: readonly Stretch[], from: bigint): Stretch[] | undefined => {
  const begin = mine.findIndex(({ first, last }) => first <= from && last >= from)
  if (begin === -1) return undefined
  const rest = mine.slice(begin)
  const end = rest.findIndex(({ first }, at) => at > 0 && first !== rest[at - 1]!.last + 1n)
  return end === -1 ? rest : rest.slice(0, end)
}

const arrival = fc.record({
  partition: fc.nat(2),
  skip: fc.bigInt({ min: -2n, max: 3n }),
  length: fc.option(fc.bigInt({ min: 1n, max: 5n }), { nil: undefined }),
  bytes: fc.nat(400),
})

type Arrival = typeof arrival extends fc.Arbitrary<infer A> ? A : never

function followMemory(arrivals: readonly Arrival[]): void {
  const bounds = { recordsMax: 12, bytesMax: 1_500 }
  const memory = new MemoryTier(bounds)
  let model: (Stretch & { partition: number })[] = []
  const of = (partition: number) => model.filter((stretch) => stretch.partition === partition)
  const costs = () => model.reduce((sum, { value }) => sum + 160 + (value?.length ?? 0), 0)
  for (const { partition, skip, length, bytes } of arrivals) {
    const newest = of(partition).at(-1)?.last ?? 9n
    const first = newest + 1n + skip
    const stretch = length === undefined ? record(first, bytes) : hole(first, first + length)
    const isNew = of(partition).length === 0 || skip >= 0n
    expect(memory.add(partition, stretch)).toBe(isNew)
    if (isNew) model.push({ partition, ...stretch })
    memory.evict(Infinity)
    while (model.length > bounds.recordsMax || costs() > bounds.bytesMax) model = model.slice(1)
    expect([memory.records, memory.bytes]).toEqual([model.length, costs()])
  }
  for (const partition of [0, 1, 2]) {
    const mine = of(partition)
    expect(memory.span(partition)?.newest).toBe(mine.at(-1)?.last)
    for (let from = 0n; from <= (mine.at(-1)?.last ?? 0n) + 1n; from++) {
      const run = memory.run(partition, from, wide)?.stretches
      const spans = run?.map(({ first, last }) => [first, last])
      expect(spans).toEqual(runIn(mine, from)?.map(({ first, last }) => [first, last]))
    }
  }
}

describe('memory', () => {
  test('is a bounded list, which knows what it knows and answers without a break', () => {
    fc.assert(fc.property(fc.array(arrival, { maxLength: 60 }), followMemory))
  })

  test('evicts nothing that the write queue still needs', () => {
    const memory = new MemoryTier({ recordsMax: 2, bytesMax: 1_000_000 })
    for (let offset = 0n; offset < 10n; offset++) memory.add(0, record(offset))
    memory.evict(5)
    expect(memory.span(0)).toEqual({ oldest: 5n, newest: 9n })
    memory.evict(Infinity)
    expect(memory.span(0)).toEqual({ oldest: 8n, newest: 9n })
  })
})

const wide = { recordsMax: 100, bytesMax: 100_000, firstBytesMax: Infinity }
const roomy = { bytesMax: 1_000_000, recordsMax: 1_000 }

/** A block as Redis gives it back. */
function entryOf(block: OpenBlock): [id: Buffer, fields: Buffer[]] {
  const values = encodeBlock(block).slice(1).map((field) => Buffer.from(field))
  const names = text('from', 'count', 'index', 'values')
  return [Buffer.from(`${block.last}-1`), names.flatMap((name, at) => [name, values[at]!])]
}

describe('blocks', () => {
  test('come back as they were, whatever the bytes, and answer for natural holes', () => {
    const parts = fc.array(fc.option(fc.uint8Array({ maxLength: 40 }), { nil: undefined }), {
      minLength: 1,
      maxLength: 20,
    })
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 63n - 30n }), parts, (start, values) => {
        const stretches = values.map((value, at) => ({
          first: start + BigInt(at),
          last: start + BigInt(at),
          value: value && Buffer.from(value),
        }))
        const block = beginBlock(3, stretches[0]!)
        for (const stretch of stretches.slice(1)) {
          expect(extendBlock(block, stretch, roomy)).toBe(true)
        }
        const { bytes: _, ...stored } = block
        expect(decodeBlock(3, entryOf(block))).toEqual(stored)
        expect([stored.first, stored.last]).toEqual([start, stretches.at(-1)!.last])
      }),
    )
  })

  test('end at a gap, and before what does not fit', () => {
    const block = beginBlock(0, record(5n))
    expect(extendBlock(block, record(7n), roomy)).toBe(false)
    expect(extendBlock(block, hole(6n, 8n), roomy)).toBe(true)
    expect(extendBlock(block, record(9n, 1_000), { ...roomy, bytesMax: 1_000 })).toBe(false)
    expect(extendBlock(block, record(9n), { ...roomy, recordsMax: 1 })).toBe(false)
    expect(extendBlock(block, hole(9n), { ...roomy, recordsMax: 1 })).toBe(true)
    expect([block.first, block.last, block.records.length]).toEqual([5n, 9n, 1])
  })

  test('of another program are refused with a reason', () => {
    const id = Buffer.from('5-1')
    const block = (from: string, index: string, values: string) => [
      id,
      text('from', from, 'count', '1', 'index', index, 'values', values),
    ]
    const odd = [block('x', '0:1', 'a'), block('5', '0:2', 'a'), block('5', 'zero', 'a')]
    const short = [[id, text('a', 'b')], [id, text('from', '5')], [id, text()]]
    const foreign = [...short, 'no entry', ...odd]
    for (const entry of foreign) expect(() => decodeBlock(0, entry)).toThrow('another program')
    expect(() => readPage(0, null)).toThrow('unexpected answer')
  })
})

describe('queue', () => {
  const bounds = {
    bytesMax: 2_000,
    block: { bytesMax: 300, recordsMax: 3 },
    batchBytesMax: 700,
  }
  const step = fc.oneof(
    fc.record({ do: fc.constant('add' as const), partition: fc.nat(2), bytes: fc.nat(500) }),
    fc.record({ do: fc.constantFrom('send' as const, 'settle' as const, 'leave' as const) }),
  )

  test('is bounded, keeps the order of each partition, and drops the oldest first', () => {
    const follow = (steps: (typeof step extends fc.Arbitrary<infer S> ? S : never)[]) => {
      const queue = new WriteQueue(bounds)
      const sent: NonNullable<ReturnType<WriteQueue['send']>>[] = []
      const arrived: bigint[][] = [[], [], []]
      let [ordinal, added, lost] = [0, 0, 0]
      const arrive = (batch: (typeof sent)[number]) => {
        queue.settle(batch)
        for (const { partition, records } of batch.blocks) {
          arrived[partition]!.push(...records.map(({ offset }) => offset))
        }
      }
      for (const one of steps) {
        if (one.do === 'add') {
          added += 1
          lost += queue.add(one.partition, record(BigInt(ordinal), one.bytes), ordinal++)
        }
        const batch = one.do === 'send' ? queue.send() : undefined
        if (batch !== undefined) sent.push(batch)
        const done = one.do === 'settle' ? sent.shift() : undefined
        if (done !== undefined) arrive(done)
        // The server is the wrong one: all that was sent to it comes back, and goes first again.
        const oldest = queue.oldestOrdinal
        const back = one.do === 'leave' ? sent.splice(0) : []
        for (const refused of back) queue.settle(refused, refused.blocks)
        if (back.length > 0) expect(queue.oldestOrdinal).toBe(oldest)
        const onTheWay = [...sent, ...back].reduce((sum, { bytes }) => sum + bytes, 0)
        expect(queue.bytes).toBeLessThanOrEqual(Math.max(bounds.bytesMax, onTheWay))
        expect(queue.oldestOrdinal).toBeLessThanOrEqual(sent[0]?.ordinal ?? Infinity)
      }
      const waiting = queue.clear()
      for (const batch of sent) arrive(batch)
      expect(arrived.flat().length + lost + waiting).toBe(added)
      for (const offsets of arrived) {
        expect(offsets).toEqual(offsets.toSorted((a, b) => (a < b ? -1 : 1)))
      }
      expect([queue.bytes, queue.isEmpty, queue.oldestOrdinal]).toEqual([0, true, Infinity])
    }
    const add = (partition: number, bytes: number) => ({ do: 'add' as const, partition, bytes })
    const [send, leave] = [{ do: 'send' as const }, { do: 'leave' as const }]
    const cameBackTwice = [add(0, 29), add(0, 360), add(1, 119), add(0, 0), send, send, leave, send]
    fc.assert(fc.property(fc.array(step, { maxLength: 80 }), follow), {
      examples: [[[...cameBackTwice, leave]]],
    })
  })
})

describe('incoming', () => {
  test('brings records and holes of one turn into order and joins what touches', async () => {
    const taken: [number, bigint, bigint][] = []
    let turns = 0
    const incoming = new Incoming(
      (partition, { first, last }) => void taken.push([partition, first, last]),
      () => void turns++,
    )
    incoming.add(0, hole(3n))
    incoming.add(0, hole(4n, 6n))
    for (const offset of [1n, 2n, 7n]) incoming.add(0, record(offset))
    expect(taken).toEqual([])
    await Promise.resolve()
    expect([taken, turns]).toEqual([
      [
        [0, 1n, 1n],
        [0, 2n, 2n],
        [0, 3n, 6n],
        [0, 7n, 7n],
      ],
      1,
    ])
  })
})

/** An epoch that Redis keeps for a second. */
const beginEpoch = (prefix = '') => {
  let made = 0
  const clock = new ManualClock()
  return { clock, epoch: new Epoch(clock, 1_000, () => `${prefix}own ${++made}`) }
}

describe('epoch', () => {
  test("is Redis's where Redis was first, and another's where another was later", () => {
    const { epoch } = beginEpoch()
    expect([epoch.received('old'), epoch.value]).toEqual(['adopted', 'old'])
    expect([epoch.received('old'), epoch.received('new')]).toEqual(['same', 'foreign'])
    expect(epoch.value).toBe('new')
  })

  test('is followed by another when Redis has lost it, unless it had time to expire', () => {
    const { epoch, clock } = beginEpoch()
    expect(epoch.offer).toEqual({ expected: 'own 1', ifAbsent: 'own 1', following: 'own 2' })
    expect(epoch.received('own 1')).toBe('same')
    clock.advance(999)
    expect(epoch.offer).toEqual({ expected: 'own 1', ifAbsent: 'own 2', following: 'own 2' })
    clock.advance(1)
    expect(epoch.offer.ifAbsent).toBe('own 1')
    expect([epoch.received('own 2'), epoch.value]).toEqual(['lost', 'own 2'])
    expect(epoch.offer).toEqual({ expected: 'own 2', ifAbsent: 'own 3', following: 'own 3' })
  })

  test('of another topic is known, until Redis has been met and others may know better', () => {
    const { epoch } = beginEpoch('topic-1.')
    const isOther = (found: string) => epoch.isOfAnotherTopic(found)
    expect(['topic-2.old', 'topic-1.old', 'old', ''].map(isOther)).toEqual([
      true,
      false,
      false,
      false,
    ])
    expect(beginEpoch().epoch.isOfAnotherTopic('topic-2.old')).toBe(false)
    epoch.received('topic-1.old')
    expect(isOther('topic-2.new')).toBe(false)
  })

  test('of the previous topic is recognized forever, as after a failover', () => {
    let topic = 'topic-1'
    const epoch = new Epoch(new ManualClock(), 1_000, () => `${topic}.any`)
    epoch.held()
    epoch.renew()
    expect(epoch.isOfAnotherTopic('topic-1.old')).toBe(false)
    topic = 'topic-2'
    epoch.renew()
    epoch.held()
    const found = ['topic-1.old', 'topic-2.new', 'topic-3.newer']
    expect(found.map((one) => epoch.isOfAnotherTopic(one))).toEqual([true, false, false])
  })

  test('of our own making is offered until Redis holds it', () => {
    const { epoch } = beginEpoch()
    epoch.held()
    epoch.renew()
    expect(epoch.offer).toEqual({ expected: 'own 3', ifAbsent: 'own 3', following: 'own 4' })
  })
})
