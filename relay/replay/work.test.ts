/** A resume costs what is retained, and not what it asks for. */
import { describe, expect, test } from 'vitest'
import { workOf } from '../world/work-testbed.ts'
import { begin, ModelStore, seenOf } from './model-testbed.ts'
import type { ResumeRequest } from './resume.ts'

/** Counts how often it was asked, and for how many partitions. */
class CountingStore extends ModelStore {
  readonly asked: number[] = []

  override retained(partitions: readonly number[]) {
    this.asked.push(partitions.length)
    return super.retained(partitions)
  }
}

const emptyLog = { first: 0n, fates: ['stored'] as const }

const storeOf = (partitions: number) =>
  new CountingStore(
    new Map(Array.from({ length: partitions }, (_, at) => [at, emptyLog] as const)),
    10,
  )

/** Cursors at the end of many partitions, from a number on. */
const cursorsOf = (count: number, from = 0): Partial<ResumeRequest> => ({
  cursors: new Map(Array.from({ length: count }, (_, at) => [from + at, 0n])),
})

function replay(store: CountingStore, request: Partial<ResumeRequest>) {
  const { session } = begin(store, request, new Map())
  return seenOf(session)
}

describe('a resume', () => {
  test('of unknown partitions asks for none of them', async () => {
    const store = storeOf(2)
    const seen = await replay(store, cursorsOf(1_024, 1_000))
    expect(seen).toMatchObject([
      { type: 'record' }, { type: 'record' }, { type: 'replay_complete', totalReplayed: 2 },
    ])
    expect(store.asked).toEqual([2])
  })

  test('of many partitions asks for all of them at once', async () => {
    const store = storeOf(300)
    await replay(store, cursorsOf(300))
    expect(store.asked).toEqual([300])
  })

  test('asks for those that it names where the buffer cannot say which it has', async () => {
    class Unlisted extends CountingStore {
      override async partitions() {
        return { found: [], degraded: 'down' }
      }
    }
    const store = new Unlisted(new Map([[7, emptyLog]]), 10)
    expect(await replay(store, { cursors: new Map([[7, -1n], [8, 0n]]) })).toMatchObject([
      { type: 'record' }, { type: 'replay_complete', totalReplayed: 1, degraded: 'down' },
    ])
    expect(store.asked).toEqual([2])
  })
})

describe('of four times as much a resume costs no more than five times as much', () => {
  const cost = async (known: number, request: Partial<ResumeRequest>) => {
    const store = storeOf(known)
    return workOf(() => replay(store, request))
  }

  test('unknown partitions: nothing at all', async () => {
    await cost(2, cursorsOf(10, 1_000))
    const few = await cost(2, cursorsOf(10, 1_000))
    expect(await cost(2, cursorsOf(1_024, 1_000))).toBeLessThan(1.1 * few)
  })

  test('partitions', async () => {
    await cost(10, cursorsOf(10))
    expect(await cost(800, cursorsOf(800))).toBeLessThan(5 * (await cost(200, cursorsOf(200))))
  })

  test('threads', async () => {
    const threads = (count: number): Partial<ResumeRequest> => ({
      mode: 'thread',
      sequences: new Map(Array.from({ length: count }, (_, at) => [`t${at}`, 0n])),
    })
    await cost(2, threads(10))
    expect(await cost(2, threads(8_000))).toBeLessThan(5 * (await cost(2, threads(2_000))))
  })
})
