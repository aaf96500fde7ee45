/**
 * Runs one scenario against one target: start, steady state, phases with faults and healing,
 * settling, tear-down. The run context is always torn down. What the conductor could not do is in
 * the history as trouble, and the judge makes `unknown` of what depended on it.
 */
import { join } from 'node:path'
import { orAborted, withDeadline } from '../../relay/world/deadline.ts'
import { stalledMsFor } from '../checkers/stream/limits.ts'
import { tearDownPhase } from '../history/windows.ts'
import { openJournal } from '../history/journal.ts'
import type { World } from '../world/world.ts'
import { messageOf, runPhase } from './act.ts'
import { playOpening, reachSteady, settle } from './calm.ts'
import { groupsAtStart, planOf } from './plan.ts'
import type { Plan } from './planned.ts'
import { setUpRun, type RunContext } from './run-context.ts'
import type { Order } from './order.ts'
import { timingFor, valuesOf, type SourcedTimings } from './timing.ts'

/** The result of a run, besides its history. */
export interface Played {
  readonly plan: Plan
  /** What the plan's times were derived from, and whose word it is. */
  readonly timing: SourcedTimings
  /** `/version` as the target reported it; empty if it has none. */
  readonly version: Readonly<Record<string, unknown>>
  /** Whether the run went through to its end. */
  readonly isComplete: boolean
  /** Why it was ended before its time, if it was. */
  readonly cutShort?: string
  readonly startedUnixMs: number
  readonly tookMs: number
}

const connectLimitMs = 15_000
const countsEveryMs = 1_000
/** Teardown ends processes, proxies and topics, each with a limit; this is the limit on Ctrl-C. */
const tearDownLimitMs = 90_000
const hastyTearDownLimitMs = 6_000

/** Sets up the context of a run: everything that it runs on. */
export type SetStage = (world: World, order: Order) => Promise<RunContext>

/**
 * Runs `order.scenario` once and writes its history to `order.folder`/history.
 *
 * @param set sets the run context; by default one of real servers
 */
export async function conduct(
  world: World,
  order: Order,
  set: SetStage = setUpRun,
): Promise<Played> {
  const startedUnixMs = world.clock.unixMs()
  const startedMs = world.clock.nowMs()
  const came = await setAndPlay(world, order, set, startedMs)
  return { ...came, startedUnixMs, tookMs: Math.round(world.clock.nowMs() - startedMs) }
}

type Came = Pick<Played, 'plan' | 'timing' | 'version' | 'isComplete' | 'cutShort'>

async function setAndPlay(
  world: World,
  order: Order,
  set: SetStage,
  startedMs: number,
): Promise<Came> {
  const setting = set(world, order)
  let context: RunContext
  try {
    context = await orAborted(order.signal, setting)
  } catch (error) {
    // What was being set up at Ctrl-C is torn down as soon as it is ready.
    setting.then((late) => late.tearDown()).catch(() => undefined)
    noteTrouble(world, order, startedMs, error)
    const timing = timingFor(order, {})
    const plan = planOf(order.scenario, valuesOf(timing))
    return { plan, timing, version: {}, isComplete: false, cutShort: messageOf(error) }
  }
  const version = context.samplers.version()
  const { timing } = context
  let plan: Plan | undefined
  try {
    plan = planOf(order.scenario, valuesOf(timing))
    return { plan, timing, version, isComplete: await play(context, plan) }
  } catch (error) {
    if (plan === undefined) throw error
    // The part that saw a process exit reports more than the part that waited for it.
    const cutShort = messageOf(context.signal.aborted ? context.signal.reason : error)
    if (!context.signal.aborted) {
      context.journal.write({
        kind: 'trouble',
        t: context.journal.now(),
        where: 'conductor',
        what: cutShort,
      })
    }
    return { plan, timing, version, isComplete: false, cutShort }
  } finally {
    await tearDown(context, order.signal.aborted ? hastyTearDownLimitMs : tearDownLimitMs)
  }
}

/** Runs all phases. `false`: the run never reached its steady state. */
async function play(context: RunContext, plan: Plan): Promise<boolean> {
  let isTelling = false
  const counts = context.clock.every(countsEveryMs, () => {
    if (isTelling) return
    isTelling = true
    void tellCounts(context).finally(() => (isTelling = false))
  })
  try {
    for (const [group] of groupsAtStart(context.scenario)) {
      await context.connect(group, undefined, connectLimitMs)
    }
    await playOpening(context)
    if (!(await reachSteady(context))) {
      await context.finish()
      return false
    }
    let leftMs = plan.phases.reduce((sum, { ms }) => sum + ms, 0)
    for (const phase of plan.phases) {
      context.signal.throwIfAborted()
      context.report({ at: 'phase', name: phase.name, ms: phase.ms, leftMs })
      await runPhase(context, phase)
      leftMs -= phase.ms
    }
    await settle(context, stalledMsOf(plan))
    await context.checkJournals()
    context.signal.throwIfAborted()
  } finally {
    counts.cancel()
  }
  await context.finish()
  return true
}

async function tellCounts(context: RunContext): Promise<void> {
  await context.checkJournals()
  try {
    const [produced, received] = await Promise.all([
      context.producer.status(),
      context.fleet.status(),
    ])
    const groups = Object.values(received.groups)
    context.report({
      at: 'counts',
      acked: produced.acked,
      deliveries: groups.reduce((sum, { deliveries }) => sum + deliveries, 0),
      clients: groups.reduce((sum, { open }) => sum + open, 0),
    })
  } catch {
    // The run is ending; the counts were only for show.
  }
}

/** From here on everything is stopped by the harness: the phase shows that to the judge. */
async function tearDown(context: RunContext, limitMs: number): Promise<void> {
  context.journal.write({
    kind: 'phase',
    t: context.journal.now(),
    name: tearDownPhase,
    edge: 'begin',
  })
  try {
    await withDeadline(context.clock, limitMs, 'tearing the run down', () => context.tearDown())
  } catch (error) {
    context.report({ at: 'step', says: `while cleaning up: ${messageOf(error)}` })
    // What hangs keeps the journal from its own end; what was seen until now is whole.
    context.journal.close()
  }
}

/** A run that could not be set up leaves a history that says why, where one can be written. */
function noteTrouble(world: World, order: Order, startedMs: number, error: unknown): void {
  const file = join(order.folder, 'history/trouble.ndjson')
  order.report({ at: 'step', says: messageOf(error) })
  try {
    const journal = openJournal(world.clock, file, startedMs)
    journal.write({ kind: 'trouble', t: journal.now(), where: 'stage', what: messageOf(error) })
    journal.close()
  } catch {
    // The disk is full: the record in memory says that the run was cut short, and why.
  }
}

/** How long the target may take nothing, as the stream of this run is judged. */
function stalledMsOf({ expectations }: Plan): number {
  const stream = expectations.find(({ expectation }) => expectation.check === 'stream')
  const { expectation } = stream ?? {}
  return (expectation?.check === 'stream' ? expectation.stalledMs : undefined) ?? stalledMsFor()
}
