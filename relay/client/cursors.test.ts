/** What cursors cost grows with how many there are, wherever they come from. */
import { expect, test } from 'vitest'
import { encodeControl, parseServerFrame } from '../../proto/control.ts'
import { workOf } from '../world/work-testbed.ts'
import { Cursors, readOffsets } from './cursors.ts'

const mapOf = (count: number) =>
  new Map(Array.from({ length: count }, (_, at) => [at, BigInt(at)] as const))
const textOf = (offsets: ReadonlyMap<number, bigint>) => {
  const epoch = 'e'
  const known = { schema_version: 1, totalReplayed: 0, capped: false, epoch }
  return encodeControl({
    type: 'replay_complete', mode: 'cursor', lastOffsetsByPartition: offsets, ...known,
  })
}

/** Keeps a limited number of partitions, and drops older ones again and again. */
function useCursors(count: number): void {
  const cursors = new Cursors(count / 2)
  for (const [partition, offset] of mapOf(count)) cursors.commit({ partition, offset })
  cursors.startAt(mapOf(count))
  cursors.newEpoch()
  cursors.reset(mapOf(count))
  cursors.offsets()
}

test.each([
  ['that are kept', useCursors],
  ['that come from a store', (count: number) => {
    readOffsets(Object.fromEntries(Array.from(mapOf(count), ([one, at]) => [one, String(at)])))
  }],
  ['that are sent', (count: number) => void textOf(mapOf(count))],
  ['that are read', (count: number) => void parseServerFrame(textOf(mapOf(count)))],
])('cursors %s', async (_, use) => {
  await workOf(() => use(10))
  const once = await workOf(() => use(500))
  expect(await workOf(() => use(2_000))).toBeLessThan(5 * once)
})
