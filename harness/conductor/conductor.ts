/**
 * Conducts one scenario against one target: up, steady, broken and healed phase by phase, settled,
 * down. Whatever happens, the stage is struck; what the conductor could not do stands in the
 * history as trouble, and the judge makes `unknown` of what depended on it.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { openJournal } from '../history/journal.ts'
import { timingOf } from '../targets/environment.ts'
import type { World } from '../world/world.ts'
import { messageOf, playPhase } from './act.ts'
import { playOpening, reachSteady, settle } from './calm.ts'
import { groupsAtStart, planOf, type Plan } from './plan.ts'
import { setStage, type Order, type Stage } from './stage.ts'

/** What came of a run, besides its history. */
export interface Played {
  readonly plan: Plan
  /** `/version` as the target told it; empty where it has none. */
  readonly version: Readonly<Record<string, unknown>>
  /** Whether the run went through to its end. */
  readonly isComplete: boolean
  readonly startedUnixMs: number
  readonly tookMs: number
}

const connectLimitMs = 15_000
const countsEveryMs = 1_000

/** Plays `order.scenario` once and writes its history to `order.folder`/history. */
export async function conduct(world: World, order: Order): Promise<Played> {
  const startedUnixMs = world.clock.unixMs()
  const startedMs = world.clock.nowMs()
  mkdirSync(join(order.folder, 'history'), { recursive: true })
  mkdirSync(join(order.folder, 'logs'), { recursive: true })
  const done = (plan: Plan, version: Played['version'], isComplete: boolean): Played => ({
    plan,
    version,
    isComplete,
    startedUnixMs,
    tookMs: Math.round(world.clock.nowMs() - startedMs),
  })
  let stage: Stage
  try {
    stage = await setStage(world, order)
  } catch (error) {
    noteTrouble(world, order, startedMs, error)
    return done(planOf(order.scenario, timingOf(order.scenario.relay, {})), {}, false)
  }
  const version = stage.samplers.version()
  const plan = planOf(order.scenario, timingOf(order.scenario.relay, toldSettings(version)))
  try {
    return done(plan, version, await play(stage, plan))
  } catch (error) {
    stage.journal.write(['trouble', stage.journal.now(), 'conductor', messageOf(error)])
    return done(plan, version, false)
  } finally {
    await strike(stage)
  }
}

/** Plays all phases. `false`: the run never reached its steady state. */
async function play(stage: Stage, plan: Plan): Promise<boolean> {
  const counts = stage.clock.every(countsEveryMs, () => void tellCounts(stage))
  try {
    for (const [group] of groupsAtStart(stage.scenario)) {
      await stage.connect(group, undefined, connectLimitMs)
    }
    await playOpening(stage)
    if (!(await reachSteady(stage))) return false
    let leftMs = plan.phases.reduce((sum, { ms }) => sum + ms, 0)
    for (const phase of plan.phases) {
      stage.signal.throwIfAborted()
      stage.report({ at: 'phase', name: phase.name, ms: phase.ms, leftMs })
      await playPhase(stage, phase)
      leftMs -= phase.ms
    }
    await settle(stage)
    await stage.fleet.finish()
    await stage.producer.finish()
    await stage.samplers.stop()
    return true
  } finally {
    counts.cancel()
  }
}

async function tellCounts(stage: Stage): Promise<void> {
  try {
    const [produced, received] = await Promise.all([
      stage.producer.status(),
      stage.fleet.status(),
    ])
    const groups = Object.values(received.groups)
    stage.report({
      at: 'counts',
      acked: produced.acked,
      deliveries: groups.reduce((sum, { deliveries }) => sum + deliveries, 0),
      clients: groups.reduce((sum, { open }) => sum + open, 0),
    })
  } catch {
    // The run is ending; the counts were only for show.
  }
}

async function strike(stage: Stage): Promise<void> {
  try {
    await stage.strike()
  } catch (error) {
    stage.report({ at: 'step', says: `while cleaning up: ${messageOf(error)}` })
  }
}

/** The effective settings that a target tells, if it tells any. */
function toldSettings(version: Readonly<Record<string, unknown>>) {
  const told = version['settings']
  return typeof told === 'object' && told !== null ? (told as Record<string, unknown>) : {}
}

/** A stage that could not be set still leaves a history that says why. */
function noteTrouble(world: World, order: Order, startedMs: number, error: unknown): void {
  const journal = openJournal(world.clock, join(order.folder, 'history/trouble.ndjson'), startedMs)
  journal.write(['trouble', journal.now(), 'stage', messageOf(error)])
  journal.close()
  order.report({ at: 'step', says: messageOf(error) })
}
