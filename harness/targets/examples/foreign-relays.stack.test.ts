/**
 * Relays that nobody here wrote, played for real: one that is honest in every way in which ours
 * differs passes, and one that is wrong in one way fails by the rule that is meant for it.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { systemClock as clock } from '../../../relay/world/clock.ts'
import { playSuite, type SuiteResult } from '../../conductor/suite.ts'
import { scenario, type Scenario } from '../../dsl/scenario.ts'
import { join as joins, latecomers, retainsAll } from '../../dsl/words.ts'
import { startNativeStack } from '../../stack/native.ts'
import type { Link, Stack } from '../../stack/stack.ts'
import { openWorld, type World } from '../../world/world.ts'
import type { Way } from './ways.ts'

const state = mkdtempSync(join(tmpdir(), 'foreign-'))
const program = join(import.meta.dirname, 'foreign-relay.ts')
let world: World
let stack: Stack
beforeAll(async () => {
  world = await openWorld(clock, state)
  stack = await startNativeStack({ world, report: () => undefined })
})
afterAll(async () => {
  await stack?.stop()
  await world?.close()
  rmSync(state, { recursive: true, force: true })
})

/** The stack as one of several runs beside one another sees it: with proxies of its own. */
function laneOf(shared: Stack): Stack {
  const own = new Map<string, Link>()
  return {
    ...shared,
    get pids() {
      return shared.pids
    },
    get links() {
      return [...shared.links.filter(({ hop }) => hop !== 'clients'), ...own.values()]
    },
    async addClientLink(group, upstream) {
      const link = await shared.addClientLink(group, upstream)
      own.set(group, link)
      return link
    },
    removeClientLinks: () => Promise.resolve(),
  }
}

/** One after another: between its choice and its use, a port is anybody's. */
let starting: Promise<void> = Promise.resolve()

async function play(look: Scenario, own: readonly Way[]): Promise<SuiteResult> {
  const before = starting
  const begun = Promise.withResolvers<void>()
  starting = begun.promise
  await before
  try {
    return await playOnce(look, own, () => begun.resolve())
  } finally {
    begun.resolve()
  }
}

async function playOnce(look: Scenario, own: readonly Way[], hasBegun: () => void) {
  const command = [process.execPath, program, ...own].map((word) => `'${word}'`).join(' ')
  const { results, unplayed } = await playSuite(world, {
    items: [{ scenario: look, target: { kind: 'command', command }, reproduce: '' }],
    seed: 'foreign',
    folder: world.makeFolder('run'),
    stack: laneOf(stack),
    report: ({ at }) => (at === 'phase' ? hasBegun() : undefined),
    signal: new AbortController().signal,
  })
  const [result] = results
  if (result === undefined) throw new Error(unplayed[0]?.why)
  return result
}

/** Runs that may go on at a time: each is four processes on a machine of two cores. */
const lanesMax = 3
const waiting: (() => void)[] = []
let free = lanesMax
async function inLane<T>(work: () => Promise<T>): Promise<T> {
  if (free > 0) free -= 1
  else await new Promise<void>((resolve) => waiting.push(resolve))
  try {
    return await work()
  } finally {
    const next = waiting.shift()
    if (next === undefined) free += 1
    else next()
  }
}

/** The verdict of each finding, and the rules and anomalies behind what failed. */
function found({ verdict }: SuiteResult) {
  const failed = verdict.expectations.filter(({ judgement }) => judgement.verdict === 'fail')
  const named = failed.flatMap(({ judgement }) => [
    judgement.rule,
    ...(judgement.anomalies ?? []).map(({ kind }) => kind),
  ])
  const verdicts = verdict.findings.map((one) => [one.finding, one.verdict] as const)
  return { verdicts: Object.fromEntries(verdicts), rules: [...new Set<string>(named)] }
}

const base = {
  claim: 'What a relay promises, looked at shortly.',
  suites: [],
  topic: { partitions: 3 },
  load: { recordsPerSecond: 150, payloadBytes: 256, threads: 6 },
} as const
const enough = { replaysMin: 2, recordsMin: 100, recordsMax: 50_000 }
const relay = { sendTimeoutMs: 2_000, ...retainsAll, lagDisconnectRecords: 0 }

/** Records to readers, to one that loses its connection, and to one that comes late. */
const streamed = (name: string) => {
  const of = (group: string) => `${group}-${name}`
  const [readers, returning, late] = [of('readers'), of('returning'), of('late')]
  const groups = [returning, late]
  return scenario({
    ...base,
    name,
    relay,
    fleet: {
      [readers]: { count: 2, reads: 'fast' },
      [returning]: { count: 1, reads: 'fast', reconnects: true },
      [late]: latecomers(1),
    },
    phases: () => [
      { name: 'traffic', ms: 3_000 },
      { name: 'cut', ms: 500, faults: [{ fault: 'cut', hop: 'clients', group: returning }] },
      { name: 'back', ms: 3_000, stimuli: [joins(late)] },
    ],
    expect: () => ({
      'M-748': [{ check: 'replay-ends-tell-truth', groups, ...enough }],
      'M-1114': [{ check: 'replays-answered', groups, limitMs: 2_000, ...enough }],
    }),
  })
}
/** Ways in which an honest relay may differ from ours: none of them is held against it. */
const honest: readonly Way[] = [
  'assigns-by-range',
  'has-long-session',
  'tells-no-settings',
  'never-pings',
  'counts-gaps',
  'hangs-up-bare',
  'ends-slowly',
]

/** What the run must say of a wrong relay: the rule that is meant for its mistake. */
const wrong: readonly (readonly [way: Way, finding: string, rule: string])[] = [
  ['stops', 'stream', 'stalled'],
  ['panics', 'stream', 'stalled'],
  ['hangs-up', 'stream', 'closed-without-cause'],
  ['drops', 'stream', 'lost'],
  ['twice', 'stream', 'duplicate'],
  ['alters', 'stream', 'garbled'],
  ['gap-forged', 'stream', 'gap-false'],
  ['gap-needless', 'stream', 'gap-needless'],
  ['dead-letters-valid', 'stream', 'valid-dead-lettered'],
  ['ignores-cursor', 'stream', 'replay-beyond-request'],
  ['hides-middle', 'stream', 'gap-hidden'],
  ['closes-resumers', 'stream', 'closed-without-cause'],
  ['lies-of-replay', 'M-748', 'fields-untrue'],
  ['hangs-on-resume', 'M-1114', 'not-answered'],
]

describe.concurrent('an example relay', () => {
  const differences: readonly (readonly [how: string, own: readonly Way[]])[] = [
    ['nothing', []],
    ['every way in which a relay may', honest],
  ]
  test.for(differences)('that differs from ours in %s passes', async ([, own], { expect }) => {
    const result = await inLane(() => play(streamed(`honest-${own.length}`), own))
    const verdicts = { 'M-748': 'pass', 'M-1114': 'pass', stream: 'pass' }
    expect(found(result)).toEqual({ verdicts, rules: [] })
  })

  test.for(wrong)('that %s fails %s by %s', async ([way, finding, rule], { expect }) => {
    const result = await inLane(() => play(streamed(way), [way]))
    const { verdicts, rules } = found(result)
    expect(verdicts[finding]).toBe('fail')
    expect(rules).toContain(rule)
  })

  test('that panics is shown with its own last words', async ({ expect }) => {
    const { verdict } = await inLane(() => play(streamed('last-words'), ['panics']))
    expect(JSON.stringify(verdict.testimony)).toContain('byte index 236')
  })
})
