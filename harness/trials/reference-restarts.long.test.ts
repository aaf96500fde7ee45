/** Ends of the reference relay at random moments, while it starts and in use; see restarts. */
import { expect, test } from 'vitest'
import { systemClock as clock } from '../../relay/world/clock.ts'
import { runSuite } from '../conductor/suite.ts'
import { Testbed } from './reference-testbed.ts'
import { endEarly, restartsAt } from './restarts-testbed.ts'

const seed = String(clock.unixMs())

async function withBed(work: (bed: Testbed) => Promise<void>): Promise<void> {
  const bed = await Testbed.open()
  try {
    await work(bed)
  } finally {
    await bed.close()
  }
}

test(`of ten ends while it starts none is late, and none loses a record (seed ${seed})`, () =>
  withBed(async (bed) => {
    const { lives, owed, replayed } = await endEarly(bed, seed, 10)
    process.stdout.write(`${owed} records: ${JSON.stringify(lives)}\n`)
    expect(replayed).toBe(owed)
    expect(lives.filter(({ exit }) => exit.code !== 0)).toEqual([])
    expect(Math.max(...lives.map(({ tookMs }) => tookMs))).toBeLessThan(15_000)
  }))

test(`of ten ends in use none is late, and none loses a record (seed ${seed})`, () =>
  withBed(async ({ world, stack }) => {
    const { results, unplayed } = await runSuite(world, {
      items: [{ scenario: restartsAt(seed, 10), target: { kind: 'reference' }, reproduce: '' }],
      seed,
      folder: world.makeFolder('suite'),
      stack,
      report: () => undefined,
      signal: new AbortController().signal,
    })
    expect(unplayed).toEqual([])
    const found = results.flatMap(({ verdict }) => verdict.findings)
    expect(found.map(({ verdict, why }) => `${verdict}: ${why}`)).toEqual([
      expect.stringMatching(/^pass/),
      expect.stringMatching(/^pass/),
    ])
  }))
