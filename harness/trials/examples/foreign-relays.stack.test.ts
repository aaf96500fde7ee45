/**
 * Example relays on real servers: one that differs from ours in honest ways passes, and one that
 * is wrong in one way fails by the rule for that mistake.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { systemClock as clock } from '../../../relay/world/clock.ts'
import { runSuite, type SuiteResult } from '../../conductor/suite.ts'
import type { SuiteItem } from '../../conductor/suite-order.ts'
import { startNativeStack } from '../../stack/native.ts'
import type { Link, Stack } from '../../stack/stack.ts'
import { openWorld, type World } from '../../world/world.ts'
import { unexpectedRecords, suites, type Case, type Fails } from './cases.ts'
import { known, looks } from './looks.ts'

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
    // What is in Redis may be another lane's.
    emptyRedis: () => Promise.resolve(),
  }
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

let items = 0
function itemOf({ look, own }: Pick<Case, 'look' | 'own'>): SuiteItem {
  const way = own.length === 1 ? own.join() : 'honest'
  const name = `${look.toLowerCase()}-${way}-${(items += 1)}`
  const command = [process.execPath, program, ...own].map((word) => `'${word}'`).join(' ')
  return { scenario: looks[look](name), target: { kind: 'command', command, known }, reproduce: '' }
}

/** A world of its own keeps the names apart that are the same in every suite. */
async function play(cases: readonly Pick<Case, 'look' | 'own'>[]) {
  const own = await openWorld(clock, state)
  try {
    return await runSuite(own, {
      items: cases.map(itemOf),
      seed: 'foreign',
      folder: own.makeFolder('run'),
      stack: laneOf(stack),
      report: () => undefined,
      signal: new AbortController().signal,
    })
  } finally {
    await own.close()
  }
}

/**
 * What does not pass: of an honest relay all of it, of a wrong one what fails. A finding that fails
 * as it is to fail is shown by that reason alone, any other by all of its reasons.
 */
function found({ verdict }: SuiteResult, fails: Fails): Fails {
  const isHonest = Object.keys(fails).length === 0
  const shown = verdict.findings.flatMap((one) => {
    // So many runs at a time starve each other: what a checker caught, it caught all the same.
    const said = one.rule === 'starved' ? 'fail' : one.verdict
    if (said === 'pass' || (!isHonest && said !== 'fail')) return []
    const reasons = verdict.expectations
      .filter(({ finding, judgement }) => {
        return finding === one.finding && judgement.verdict === said
      })
      .flatMap(({ judgement: { rule, why, anomalies = [] } }) => [
        rule,
        ...anomalies.map(({ kind }) => kind),
        ...(isHonest ? [why] : []),
      ])
    if (reasons.length === 0) reasons.push(one.why)
    const meant = fails[one.finding as keyof Fails]
    const isMeant = meant !== undefined && reasons.includes(meant)
    return [[one.finding, isMeant ? meant : reasons.join(', ')] as const]
  })
  return Object.fromEntries(shown) as Fails
}

const isInDoubt = (result: SuiteResult, fails: Fails): boolean =>
  result.verdict.caveats.length > 0 && !isDeepStrictEqual(found(result, fails), fails)

/**
 * Plays again, once, what the harness itself could not watch well enough: that is the machine's
 * fault, and says nothing of a relay or a checker.
 */
async function playWell(cases: readonly Case[]) {
  const { results, unplayed } = await play(cases)
  const again = cases.filter((one, i) => results[i] && isInDoubt(results[i], one.fails))
  if (again.length === 0 || unplayed.length > 0) return { results, unplayed }
  const second = await play(again)
  const better = cases.flatMap((one, i) => {
    const at = again.indexOf(one)
    return (at < 0 ? results[i] : second.results[at]) ?? []
  })
  return { results: better, unplayed: second.unplayed }
}

const nameOf = ({ look, own }: Case) => `${look}: ${own.join(', ')}`

describe.concurrent('an example relay', () => {
  /** Much of it may be spent waiting for a lane. */
  const timeout = 900_000
  test.for(suites)('that $name', { timeout }, async ({ cases }, { expect }) => {
    const { results, unplayed } = await inLane(() => playWell(cases))
    expect(unplayed.map(({ why }) => why)).toEqual([])
    const judged = results.map((result, i) => {
      const one = cases[i] as Case
      const testimony = JSON.stringify(result.verdict.testimony)
      return [nameOf(one), found(result, one.fails), testimony.includes(one.testifies ?? '')]
    })
    expect(judged).toEqual(cases.map((one) => [nameOf(one), one.fails, true]))
  })

  test.for(unexpectedRecords)(
    'that %s is not judged',
    { timeout },
    async ([way, says], { expect }) => {
      const { results, unplayed } = await inLane(() => play([{ look: 'streamed', own: [way] }]))
      expect(results).toEqual([])
      expect(unplayed[0]?.why).toMatch(says)
    },
  )
})
