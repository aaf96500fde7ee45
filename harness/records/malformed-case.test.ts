/** Each malformed record is wrong in the way its row says, and its neighbours are not wrong. */
import { expect, test } from 'vitest'
import { decodeRecord } from '../../proto/codec.ts'
import { truthAt } from './truth.ts'
import { episodeTruth, kindOfThread } from './malformed-truth.ts'
import { episode, episodeThread, type EpisodeContext } from './malformed-case.ts'
import { everyMalformedKind, malformed, type MalformedKind } from './malformed.ts'

const limits = { payloadBytesMax: 262_144 }
const context = (count: number, more: Partial<EpisodeContext> = {}): EpisodeContext => ({
  seed: 'episodes',
  count,
  unixMs: 1_700_000_000_000,
  ...limits,
  ...more,
})
const counts = [0, 1, 2, 3]
const cases = everyMalformedKind.flatMap((kind) => counts.map((count) => [kind, count] as const))
const bytes = (kind: MalformedKind, given: EpisodeContext) =>
  Buffer.concat(episode(kind, given).map(({ value }) => value ?? Buffer.alloc(0)))

test.for(cases)('%s %i: the relay decodes or refuses it as its row says', ([kind, count]) => {
  const { relay } = malformed(kind)
  const found = episode(kind, context(count)).filter(({ isMalformed }) => isMalformed)
  expect(found.length).toBeGreaterThan(0)
  for (const { value } of found) {
    expect(value === null).toBe(relay.does === 'counts-as-missing')
    if (value === null) continue
    const decoded = decodeRecord(value, limits, 'compatible')
    expect(decoded.ok).toBe(relay.does === 'forwards')
    const failures = relay.does === 'dead-letters' ? relay.failures : [undefined]
    expect(failures).toContain(decoded.ok ? undefined : decoded.reason)
  }
})

test.for(cases)('%s %i: the records around it are valid, framed and numbered', ([kind, count]) => {
  const found = episode(kind, context(count)).filter(({ isMalformed }) => !isMalformed)
  const sequences = found.map(({ value, thread, sequence }) => {
    const decoded = decodeRecord(value ?? Buffer.alloc(0), limits, 'strict')
    if (!decoded.ok) throw new Error(decoded.says)
    const header = decoded.message.message.value?.header
    expect([header?.threadId, Number(header?.sequence)]).toEqual([thread, sequence])
    return sequence
  })
  expect(sequences).toEqual([...new Set(sequences)].sort((a, b) => a - b))
})

test.for(everyMalformedKind)('%s is the same bytes for the same seed, and others else', (kind) => {
  expect(bytes(kind, context(1)).equals(bytes(kind, context(1)))).toBe(true)
  expect(bytes(kind, context(1)).equals(bytes(kind, context(1, { seed: 'other' })))).toBe(false)
  expect(bytes(kind, context(1)).equals(bytes(kind, context(3)))).toBe(false)
})

test('what is oversize is so for the limit given, not for a fixed one', () => {
  const wide = { payloadBytesMax: 4 * limits.payloadBytesMax }
  for (const kind of ['oversize-payload', 'oversized-state'] as const) {
    const value = episode(kind, context(0)).find(({ isMalformed }) => isMalformed)?.value
    const decoded = decodeRecord(value ?? Buffer.alloc(0), wide, 'compatible')
    expect(decoded.ok).toBe(true)
  }
})

test('a bomb is small before it is unpacked', () => {
  for (const kind of ['bomb-zstd-declared', 'bomb-zstd-frames', 'oversized-state'] as const) {
    const value = episode(kind, context(0)).find(({ isMalformed }) => isMalformed)?.value
    expect(value?.length).toBeLessThan(limits.payloadBytesMax / 50)
  }
})

test('the kind of a thread is found by its name, and no load thread has one', () => {
  for (const [kind, count] of cases) expect(kindOfThread(episodeThread(kind, count))).toBe(kind)
  expect(kindOfThread('run-00001')).toBeUndefined()
})

test('blocked threads end flagged or recovered in turn', () => {
  const blocked = everyMalformedKind.filter(
    (kind) => episodeTruth(kind, episodeThread(kind, 0), 3).isFlagged,
  )
  expect(blocked).toContain('bad-patch-json')
  for (const kind of blocked) {
    const ends = [0, 1].map((count) => {
      const last = episode(kind, context(count)).at(-1)
      return truthAt('episodes', last?.thread ?? '', last?.sequence ?? 0).isFlagged
    })
    expect(ends).toEqual([false, true])
  }
})
