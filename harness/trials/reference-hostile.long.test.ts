/** A million hostile frames, after which the relay must be no larger than half-way. */
import { expect, test } from 'vitest'
import { systemClock as clock } from '../../relay/world/clock.ts'
import * as hostile from './hostile-flood-testbed.ts'
import { Testbed } from './reference-testbed.ts'
import { median } from '../world/median.ts'
import { areSlotsFree } from './slots-testbed.ts'

const frames = 1_000_000
const MiB = 1_048_576

test('1,000,000 hostile frames affect only their senders, and nothing is left', async () => {
  const bed = await Testbed.open()
  const seed = String(clock.unixMs())
  process.stdout.write(`seed ${seed}\n`)
  try {
    const place = await bed.place(hostile.floodSettings)
    const seen = await hostile.flood(place, { seed, frames, connections: 32 })
    process.stdout.write(hostile.sayFlooded(seed, seen))
    expect(seen.wrong).toEqual([])
    expect(seen.slowestHealthMs).toBeLessThan(1_000)
    // The first third fills what is bounded, and the runtime makes its heap as large as it likes.
    const [, middle = NaN, last = NaN] = hostile.thirds(seen.rssBytes).map(median)
    expect(last - middle).toBeLessThan(48 * MiB)
    expect(Math.max(...seen.rssBytes)).toBeLessThan(480 * MiB)
    const { connectionsPerIpMax } = hostile.floodSettings
    expect(await areSlotsFree(place, connectionsPerIpMax)).toBe(true)
    expect(await place.relay.stop()).toEqual({ code: 0, isKilled: false })
  } finally {
    await bed.close()
  }
})
