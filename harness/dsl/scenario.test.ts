import { describe, expect, test } from 'vitest'
import type { Expectation } from '../checkers/registry.ts'
import { scenario } from './scenario.ts'

/** Clients and phases of a scenario, which nothing happens in. */
const plain = {
  name: 'plain',
  claim: 'Nothing is claimed.',
  suites: [],
  topic: { partitions: 1 },
  relay: {},
  load: { recordsPerSecond: 1, payloadBytes: 1, threads: 1 },
  fleet: { readers: { count: 1, reads: 'fast' } },
  phases: () => [{ name: 'outage' as const, ms: 1 }],
} as const

describe('what a scenario expects', () => {
  test('is said of its own groups and phases, and of those that every run has', () => {
    const { expect: expected } = scenario({
      ...plain,
      expect: () => ({
        'own-1': [
          { check: 'stream', groups: ['readers'] },
          { check: 'idle-is-healthy', phase: 'outage' },
          { check: 'idle-is-healthy', phase: 'settle' },
        ],
      }),
    })
    expect(expected).toBeTypeOf('function')
  })

  // An @ts-expect-error that nothing follows is an error itself: so the compiler runs these.
  test('does not compile for a group or a phase that the scenario has not', () => {
    // @ts-expect-error: no such phase
    scenario({ ...plain, expect: () => ({ 'own-1': [idle('outtage')] }) })
    // @ts-expect-error: no such group
    scenario({ ...plain, expect: () => ({ 'own-1': [kept('reeders')] }) })
    // @ts-expect-error: no such finding
    scenario({ ...plain, expect: () => ({ 'own-0': [idle('outage')] }) })
    const own = [idle('outage'), kept('readers')]
    const right = scenario({ ...plain, expect: () => ({ 'own-1': own }) })
    expect(right.name).toBe('plain')
  })

  test('does not compile for what a checker does not know', () => {
    type Expected = Expectation<'readers', 'outage'>
    const all: Expected[] = [
      // @ts-expect-error: no such group in a list
      { check: 'stream', groups: ['readers', 'reeders'] },
      // @ts-expect-error: no such phase in a list
      { check: 'lag-truth', phases: ['outtage'], intervalMs: 1 },
      // @ts-expect-error: no such option
      { check: 'stays-alive', rolle: 'relay' },
      // @ts-expect-error: no such checker
      { check: 'stays-alife' },
      // @ts-expect-error: an option that it cannot do without
      { check: 'reset-forgets' },
    ]
    expect(all).toHaveLength(5)
  })
})

const idle = <const P extends string>(phase: P) => ({ check: 'idle-is-healthy', phase }) as const
const kept = <const G extends string>(honest: G) =>
  ({ check: 'foreign-pages-refused', pages: 'readers', honest }) as const
