/** A hundred thousand malformed records; a thousand of them in reference-intake.stack.test.ts. */
import { expect, test } from 'vitest'
import { systemClock as clock } from '../../relay/world/clock.ts'
import { median } from '../world/median.ts'
import { thirds } from './hostile-flood-testbed.ts'
import { floodRecords } from './hostile-records-testbed.ts'
import { Testbed } from './reference-testbed.ts'

const MiB = 1_048_576

test('100,000 malformed records affect no valid record, and nothing is left of them', async () => {
  const bed = await Testbed.open()
  try {
    const seed = String(clock.unixMs())
    const { place, rssBytes, ...seen } = await floodRecords(bed, { seed, malformed: 100_000 })
    // The first third fills what is bounded, and the runtime makes its heap as large as it likes.
    const [first, middle = NaN, last = NaN] = thirds(rssBytes).map(median)
    const most = Math.max(...rssBytes)
    const said = JSON.stringify({ ...seen, first, middle, last, most })
    process.stdout.write(`seed ${seed}: ${said}\n`)
    expect(seen.wrong).toEqual([])
    expect(seen.counted).toEqual(seen.wanted)
    expect(seen.slowestHealthMs).toBeLessThan(1_000)
    expect(last - middle).toBeLessThan(64 * MiB)
    expect(most).toBeLessThan(400 * MiB)
    expect(await place.relay.stop()).toEqual({ code: 0, isKilled: false })
  } finally {
    await bed.close()
  }
})
