/** Made-up nights, for what is counted over many of them. */
import type { Night, NightEntry } from '../../reports/render/night.ts'

export const entryOf = (more: Partial<NightEntry> = {}): NightEntry => ({
  part: 'suite',
  name: 'one',
  outcome: 'pass',
  why: 'as it is',
  waited: more.outcome === 'not-run' ? 1 : 0,
  reproduce: 'repeat one',
  ...more,
})

/** The night of a day of January, on the usual machine. */
export const nightOf = (
  day: number,
  entries: readonly NightEntry[],
  more: Partial<Night> = {},
): Night => ({
  schemaVersion: 1,
  startedAt: `2026-01-${String(day).padStart(2, '0')}T03:17:00.000Z`,
  tookSeconds: 3_000,
  budgetSeconds: 3_600,
  seed: `seed-${day}`,
  version: '0123456789abcdef0123456789abcdef01234567',
  machine: { cores: 4, processor: 'Some Processor', memoryBytes: 16 * 1_073_741_824, kernel: '6' },
  verdict: 'pass',
  isInterrupted: false,
  reproduce: 'repeat the night',
  parts: [
    { name: 'suite', says: 'every scenario', until: 900, began: 0, took: 800 },
    { name: 'defects', says: 'every defect', until: 2_000, began: 800, took: 1_000 },
    { name: 'random', says: 'schedules', until: 3_600, began: 1_800, took: 1_200 },
  ],
  entries,
  ...more,
})
