/** Twenty thousand hostile frames; a million of them in reference-hostile.long.test.ts. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock as clock } from '../../relay/world/clock.ts'
import { flood, floodSettings, sayFlooded } from './hostile-flood-testbed.ts'
import { Testbed } from './reference-testbed.ts'
import { areSlotsFree } from './slots-testbed.ts'

let bed: Testbed
beforeAll(async () => {
  bed = await Testbed.open()
})
afterAll(() => bed?.close())

test('hostile frames affect only their senders, and nothing is left of them', async () => {
  const place = await bed.place(floodSettings)
  const seed = String(clock.unixMs())
  process.stdout.write(`seed ${seed}\n`)
  const seen = await flood(place, { seed, frames: 20_000, connections: 16 })
  process.stdout.write(sayFlooded(seed, seen))
  expect(seen.wrong).toEqual([])
  // A second where the machine is its own, as in the long test; here others may load it.
  expect(seen.slowestHealthMs).toBeLessThan(5_000)
  expect(Math.max(...seen.rssBytes)).toBeLessThan(600 * 1_048_576)
  expect(await areSlotsFree(place, floodSettings.connectionsPerIpMax)).toBe(true)
  expect(await place.relay.stop()).toEqual({ code: 0, isKilled: false })
})
