/** Twenty ends of the reference relay at random moments; see restarts.ts. */
import { expect, test } from 'vitest'
import { systemClock as clock } from '../../relay/world/clock.ts'
import { Testbed } from './reference-testbed.ts'
import { restart } from './restarts-testbed.ts'

test('of twenty ends at random moments none is late, and none loses a record', async () => {
  const bed = await Testbed.open()
  const seed = String(clock.unixMs())
  try {
    const { lives, produced, wrongs } = await restart(bed, seed, 20)
    process.stdout.write(`seed ${seed}, ${produced} records: ${JSON.stringify(lives)}\n`)
    expect(wrongs).toEqual([])
    expect(lives.filter(({ exit }) => exit.code !== 0)).toEqual([])
    expect(Math.max(...lives.map(({ tookMs }) => tookMs))).toBeLessThan(15_000)
  } finally {
    await bed.close()
  }
})
