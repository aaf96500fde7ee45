/**
 * Runs one phase: prelude, faults (each proven active before the clock of the phase starts),
 * stimuli, the wait, and healing in reverse, also after failures.
 */
import { sleep } from '../../relay/world/clock.ts'
import { orAborted, withDeadline } from '../../relay/world/deadline.ts'
import { ordersOf, type Stimulus } from '../stimuli/registry.ts'
import type { Injected } from '../faults/fault.ts'
import { until } from '../world/until.ts'
import { effectsOf, isOverAtOnce, sayFault, type FaultSpec } from '../faults/registry.ts'
import { arrivalOf } from './arrival.ts'
import type { PlannedPhase } from './planned.ts'
import type { RunContext } from './run-context.ts'

/** A stimulus and a load take effect without delay; opening many sockets may take this long. */
const connectLimitMs = 10_000
/** Above the sum of what the slowest fault allows itself; and what a run has that must end now. */
const injectLimitMs = 90_000
const healLimitMs = 90_000
const hastyHealLimitMs = 4_000
const lookEveryMs = 100

/** A fault in place, by the id under which the history knows it. */
interface Standing {
  readonly id: string
  readonly spec: FaultSpec
  readonly injected: Injected
}

/**
 * Runs `phase`. Rejects when the run is to end: the signal aborted, a helper process is gone, a
 * fault could not be healed. One that could not be injected is written down, and the run goes on.
 */
export async function runPhase(context: RunContext, phase: PlannedPhase): Promise<void> {
  const { journal, clock, signal } = context
  await context.producer.load(phase.load)
  for (const stimulus of phase.prelude) {
    await orAborted(signal, send(context, phase, stimulus))
  }
  const standing: Standing[] = []
  const unhealed: Error[] = []
  try {
    for (const [index, spec] of phase.faults.entries()) {
      signal.throwIfAborted()
      // Lasting faults are healed last: faults without duration end while they last.
      const own = isOverAtOnce(spec) ? [] : standing
      await injectOne(context, `${phase.name}/${index}-${spec.fault}`, spec, own)
      if (own !== standing) unhealed.push(...(await healAll(context, own)))
      if (unhealed[0] !== undefined) throw unhealed[0]
    }
    journal.write({ kind: 'phase', t: journal.now(), name: phase.name, edge: 'begin' })
    const endMs = clock.nowMs() + phase.ms
    const { awaitsArrivalMs = 0 } = phase
    const ends = awaitsArrivalMs > 0 ? (await context.producer.status()).ends : {}
    const sent = phase.stimuli.map((stimulus) => send(context, phase, stimulus))
    await orAborted(signal, Promise.all(sent))
    await sleep(clock, Math.max(endMs - clock.nowMs(), 0), signal)
    await replaysEnd(context, phase.awaitsReplaysMs)
    if (awaitsArrivalMs > 0) await arrivalOf(context, ends, awaitsArrivalMs)
    for (const stimulus of phase.closing ?? []) {
      await orAborted(signal, send(context, phase, stimulus))
    }
  } finally {
    journal.write({ kind: 'phase', t: journal.now(), name: phase.name, edge: 'end' })
    unhealed.push(...(await healAll(context, standing)))
  }
  // Whatever came after would be measured on a broken way.
  if (unhealed[0] !== undefined) throw unhealed[0]
}

/** Waits until no client waits for the end of a replay, for a limited time. */
async function replaysEnd(context: RunContext, limitMs: number): Promise<void> {
  if (limitMs === 0) return
  const ask = () => context.fleet.status()
  await until(context, limitMs, lookEveryMs, ask, ({ groups }) =>
    Object.values(groups).every(({ replaying }) => replaying === 0),
  )
}

/** Injects a fault and measures whether it is active. */
async function injectOne(
  context: RunContext,
  id: string,
  spec: FaultSpec,
  standing: Standing[],
): Promise<void> {
  const { journal } = context
  const says = sayFault(spec)
  try {
    const told = { evidence: { ...spec, says }, effects: effectsOf(spec) }
    journal.write({ kind: 'fault', t: journal.now(), id, step: 'inject', ...told })
    context.report({ at: 'fault', says, step: 'inject' })
    const injected = await injectInTime(context, spec, says)
    standing.push({ id, spec, injected })
    const { isActive, evidence } = await injected.measure()
    const step = isActive ? 'active' : 'ineffective'
    journal.write({ kind: 'fault', t: journal.now(), id, step, evidence })
    context.report({ at: 'fault', says, step })
  } catch (error) {
    noteFailure(context, id, error, `${says}: ${messageOf(error)}`)
  }
}

/** A fault that becomes active after its wait was given up is undone immediately. */
async function injectInTime(context: RunContext, spec: FaultSpec, says: string): Promise<Injected> {
  const { clock, signal } = context
  const injecting = Promise.withResolvers<Injected>()
  try {
    return await withDeadline(
      clock,
      injectLimitMs,
      `breaking (${says})`,
      () => {
        context.inject(spec).then(injecting.resolve, injecting.reject)
        return injecting.promise
      },
      signal,
    )
  } catch (error) {
    injecting.promise.then((late) => late.heal()).catch(() => undefined)
    throw error
  }
}

/** Undoes faults in reverse, within a time for all of them that is short when the run must end. */
async function healAll(context: RunContext, standing: readonly Standing[]): Promise<Error[]> {
  const { clock, signal } = context
  const endMs = clock.nowMs() + (signal.aborted ? hastyHealLimitMs : healLimitMs)
  const failures: Error[] = []
  for (const stands of standing.toReversed()) {
    const failure = await healOne(context, stands, Math.max(endMs - clock.nowMs(), 500))
    if (failure !== undefined) failures.push(failure)
  }
  return failures
}

/** Undoes one fault; the error where it could not be undone. */
async function healOne(
  context: RunContext,
  stands: Standing,
  limitMs: number,
): Promise<Error | undefined> {
  const { journal, clock } = context
  const { id, spec, injected } = stands
  try {
    const evidence = await withDeadline(clock, limitMs, `healing ${id}`, () => injected.heal())
    journal.write({ kind: 'fault', t: journal.now(), id, step: 'heal', evidence })
    context.report({ at: 'fault', says: sayFault(spec), step: 'heal' })
    return undefined
  } catch (error) {
    noteFailure(context, id, error, messageOf(error))
    return new Error(`the fault ${id} could not be healed: ${messageOf(error)}`, { cause: error })
  }
}

/** A fault could not be injected, measured or healed. */
function noteFailure({ journal, report }: RunContext, id: string, error: unknown, says: string) {
  const evidence = { why: messageOf(error) }
  journal.write({ kind: 'fault', t: journal.now(), id, step: 'failed', evidence })
  report({ at: 'fault', says, step: 'failed' })
}

async function send(context: RunContext, phase: PlannedPhase, stimulus: Stimulus): Promise<void> {
  for (const order of ordersOf(stimulus, { phaseMs: phase.ms, load: phase.load })) {
    if (order.to === 'group') await context.connect(order.joins, order.count, connectLimitMs)
    else if (order.to === 'fleet') await context.fleet.perform(order.order, order.limitMs)
    else await context.producer.perform(order.order, order.limitMs)
  }
}

export const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error)
