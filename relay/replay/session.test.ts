/** What a client gets when it resumes by partition, case by case. */
import { describe, expect, test } from 'vitest'
import { readFrames, type Seen } from './frames-testbed.ts'
import {
  begin,
  controlOf,
  declared,
  ModelStore,
  one,
  recordsOf,
  seenOf,
  storeOf,
} from './model-testbed.ts'
import { Ledger } from '../limits/ledger.ts'
import { parseSettings } from '../tables/settings-parse.ts'
import { sleep } from '../world/clock.ts'
import type { ReplayNeeds } from './session.ts'

/** What a client with this cursor sees, its fence being the end of the log. */
const resumed = async (store: ModelStore, cursor: bigint, more: Partial<ReplayNeeds> = {}) => {
  const fence = one(store.logs.get(0)!.first + BigInt(store.logs.get(0)!.fates.length))
  const seen = await seenOf(begin(store, { cursors: one(cursor) }, fence, more).session)
  return { seen, stale: controlOf(seen, 'cursor_stale'), missing: declared(seen, 0) }
}

describe('a cursor', () => {
  test('directly below what is retained has lost nothing', async () => {
    expect(await resumed(storeOf('ss', 500n), 499n)).toMatchObject({ stale: [], missing: [] })
    expect(await resumed(storeOf('ss', 500n), 498n)).toMatchObject({
      stale: [{ requested: '498', oldest: '500' }],
      missing: [499n],
    })
  })

  test('beyond the end of the log counts as never given; at its end: no replay', async () => {
    const more = { logEnd: () => 10n }
    const beyond = await resumed(storeOf('ssssssssss'), 10n, more)
    expect(beyond.stale).toMatchObject([{ requested: '10', oldest: '0' }])
    expect(recordsOf(beyond.seen)).toHaveLength(10)
    const end = await resumed(storeOf('ssssssssss'), 9n, more)
    expect(end.seen).toMatchObject([{ type: 'replay_complete', totalReplayed: 0 }])
  })

  test('is not judged by a log end that the live stream has passed, nor without one', async () => {
    const store = storeOf('ssssssssss')
    expect((await resumed(store, 9n, { logEnd: () => 4n })).stale).toEqual([])
    const most = 2n ** 63n - 1n
    expect((await resumed(store, most)).seen).toMatchObject([{ type: 'replay_complete' }])
    expect((await resumed(store, most, { logEnd: () => 4n })).stale).toHaveLength(1)
  })

  test('of another epoch is refused, not trusted', async () => {
    const store = storeOf('sss')
    const asked = { cursors: one(1n), epoch: 'another one' }
    const seen = await seenOf(begin(store, asked, one(3n)).session)
    expect(controlOf(seen, 'cursor_stale')).toMatchObject([{ partition: 0, requested: '1' }])
    expect(recordsOf(seen)).toHaveLength(3)
    const same = await seenOf(begin(store, { ...asked, epoch: 'this one' }, one(3n)).session)
    expect(recordsOf(same)).toHaveLength(1)
  })

  test('for which nothing is retained gets a gap up to the fence', async () => {
    const seen = await seenOf(
      begin(new ModelStore(new Map(), 4), { cursors: one(5n) }, one(9n)).session,
    )
    expect(controlOf(seen, 'cursor_stale')).toMatchObject([{ requested: '5', oldest: '9' }])
    expect(seen.at(-1)).toMatchObject({ type: 'replay_complete', totalReplayed: 0 })
  })
})

const MiB = 1_048_576

/** A share with this limit for pages. */
function pagesOf(bytesMax: number) {
  const parsed = parseSettings({ REPLAY_PAGES_BYTES: String(bytesMax) })
  if (!parsed.ok) throw new Error(parsed.problems.join('; '))
  return new Ledger(parsed.settings).share('replay_pages')
}

describe('a replay', () => {
  test('of nothing is complete all the same, in every mode', async () => {
    for (const from of ['latest', 'earliest', 'cursor'] as const) {
      const seen = await seenOf(begin(new ModelStore(new Map(), 4), { from }, new Map()).session)
      expect(seen).toEqual([
        {
          type: 'replay_complete',
          mode: from,
          totalReplayed: 0,
          lastOffsetsByPartition: {},
          capped: false,
          schema_version: 1,
          epoch: 'this one',
        },
      ])
    }
  })

  test('says so when it could not even learn which partitions there are', async () => {
    const store = storeOf('ss')
    store.partitions = async () => ({ found: [], degraded: 'down' })
    const totals = [one(2n), new Map<number, bigint>()].map(async (fence) => {
      const seen = await seenOf(begin(store, {}, fence).session)
      expect(seen.at(-1)).toMatchObject({ type: 'replay_complete', degraded: 'down' })
      return recordsOf(seen).length
    })
    expect(await Promise.all(totals)).toEqual([2, 0])
  })

  test('from latest names where live begins, and the newest of what is not live here', async () => {
    const logs = { first: 7n, fates: ['stored', 'stored'] as const }
    const store = new ModelStore(new Map([0, 1].map((at) => [at, logs])), 4)
    const seen = await seenOf(begin(store, { from: 'latest' }, one(20n)).session)
    expect(seen).toMatchObject([{ lastOffsetsByPartition: { 0: '19', 1: '8' } }])
  })

  test('from earliest declares nothing below what is retained', async () => {
    const { session, metrics } = begin(storeOf('ss', 5_000_000n), { from: 'earliest' }, new Map())
    expect(recordsOf(await seenOf(session))).toHaveLength(2)
    expect(metrics.replayGapMessages.of({ mode: 'partition' }).total).toBe(0)
  })

  test('ends with an error when its time is over, whether store or client is slow', async () => {
    const slowStore = storeOf('ssss')
    slowStore.slowness = () => new Promise(() => undefined)
    const byStore = begin(slowStore, {}, one(4n), { timeoutMs: 2_000 })
    const reading = seenOf(byStore.session)
    await byStore.clock.pass(2_000)
    expect(await reading).toMatchObject([{ type: 'error', code: 'REPLAY_TIMEOUT' }])

    const byClient = begin(storeOf('ssssssss', 0n, 2), {}, one(8n), { timeoutMs: 2_000 })
    const seen: Seen[] = []
    for await (const chunk of byClient.session.chunks()) {
      seen.push(...readFrames(chunk))
      byClient.clock.advance(900)
    }
    expect(seen.map(({ type }) => type)).toEqual([...Array(6).fill('record'), 'error'])
    expect([byStore.session.outcome, byClient.session.outcome]).toEqual(['timeout', 'timeout'])
    const { replayOutcomes } = byClient.metrics
    expect(replayOutcomes.of({ outcome: 'timeout' }).total).toBe(1)
  })

  test('is one piece of work: answers that are each in time do not make it longer', async () => {
    const store = storeOf('s'.repeat(40), 0n, 4)
    const late = begin(store, {}, one(40n), { timeoutMs: 2_000, chunkBytesMax: 1 })
    store.slowness = () => sleep(late.clock, 300)
    const seen = seenOf(late.session)
    await late.clock.pass(2_000, 100)
    // Two answers before the first page; four pages in time, and a fifth on its way. The rest is
    // not declared missing: it is there, and the last cursor says where to go on.
    const sent = Array.from({ length: 16 }, (_, at) => ({ type: 'record', offset: BigInt(at) }))
    const error = { type: 'error', code: 'REPLAY_TIMEOUT' }
    expect(await seen).toMatchObject([...sent, error])
    expect(late.session.outcome).toBe('timeout')
  })

  describe('takes the memory of its pages', () => {
    /** Records of a share of the memory that four replays read at once. */
    const read = (bytesMax: number, valueBytes: number, limitMs = 10_000) => {
      const store = storeOf('s'.repeat(12), 0n, 3)
      const page = store.page.bind(store)
      let pages = 0
      store.valueOf = () => Buffer.alloc(valueBytes)
      store.page = async (partition, after, before, _signal?: AbortSignal, budget?: number) => {
        pages += 1
        const neededBytes = 3 * valueBytes
        if (neededBytes <= budget!) return page(partition, after, before)
        return { records: [], holes: [], through: after, hasMore: true, neededBytes }
      }
      const share = pagesOf(bytesMax)
      const all = Array.from({ length: 4 }, () =>
        begin(store, {}, one(12n), { pages: share, pageWaitMs: limitMs, chunkBytesMax: 1_000 }),
      )
      return { all, share, pages: () => pages }
    }

    test('before they are read, and gives it back with the last byte that was taken', async () => {
      const { all, share } = read(4 * MiB, 10_000)
      const reading = all.map(({ session }) => session.chunks())
      const firsts = await Promise.all(reading.slice(0, 2).map((chunks) => chunks.next()))
      expect(firsts.map(({ done }) => done)).toEqual([false, false])
      expect(share.usedBytes).toBe(2 * 2 * 30_000)
      for (const chunks of reading.slice(0, 2)) for await (const _ of chunks);
      expect([all[0]!.session.outcome, share.usedBytes]).toEqual(['complete', 0])
    })

    test('and asks for no record that there is none for', async () => {
      const { all, share, pages } = read(4 * MiB, MiB / 2)
      const [first, second] = [all[0]!, all[1]!]
      const reading = first.session.chunks()
      await reading.next()
      expect([share.usedBytes, pages()]).toEqual([3 * MiB, 2])
      const waiting = seenOf(second.session)
      await second.clock.pass(10, 1)
      expect([share.usedBytes, pages()]).toEqual([3 * MiB, 2])
      await reading.return()
      await second.clock.pass(10, 1)
      expect(recordsOf(await waiting)).toHaveLength(12)
      expect(share.usedBytes).toBe(0)
    })

    test('or is busy, when there is none for too long', async () => {
      const { all, share } = read(4 * MiB, MiB / 2, 500)
      const reading = all[0]!.session.chunks()
      await reading.next()
      const { session, clock, metrics } = all[1]!
      const seen = seenOf(session)
      await clock.pass(1_000, 100)
      expect([await seen, session.outcome]).toEqual([[], 'busy'])
      expect(metrics.replayOutcomes.of({ outcome: 'busy' }).total).toBe(1)
      await reading.return()
      expect(share.usedBytes).toBe(0)
    })
  })

  test('that is not read to its end is abandoned, and says so', async () => {
    const { session, metrics } = begin(storeOf('ssss', 0n, 1), {}, one(4n))
    for await (const _ of session.chunks()) break
    expect(metrics.replayOutcomes.of({ outcome: 'abandoned' }).total).toBe(1)
  })

  test('cuts chunks between frames, below their bound but for larger records', async () => {
    const { session } = begin(storeOf('ssssssssss', 0n, 10), {}, one(10n), { chunkBytesMax: 200 })
    const sizes: number[] = []
    for await (const chunk of session.chunks()) {
      expect(readFrames(chunk).length).toBeGreaterThan(0)
      sizes.push(chunk.length)
    }
    expect(Math.max(...sizes.slice(0, -1))).toBeLessThanOrEqual(200)
  })
})
