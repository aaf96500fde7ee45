/**
 * The measurements behind faults on a link: how it was before, that it is broken now, that it
 * works again. Only the difference is proof: a link that was slow before is not slow because of
 * the fault.
 */
import { sleep } from '../../relay/world/clock.ts'
import type { Link } from '../stack/stack.ts'
import type { Evidence, FaultContext } from './fault.ts'
import { until } from '../world/until.ts'
import { measureThroughput, probe, type Flood, type Probed } from './probe.ts'

/** How long one question may go unanswered, and a fault may take to become active or to heal. */
export const probeMs = 700
const activeLimitMs = 5_000
const frozenMs = 400
const throughputMs = 1_000
/** The quickest of so many answers is what the way takes by itself. */
const probesBefore = 3

/** The way before it is broken. */
export interface Before {
  /** The quickest answer. */
  readonly answerMs: number
}

/** @throws Error where the way does not answer: what is broken already cannot be broken */
export async function measureBefore(link: Link, context: FaultContext): Promise<Before> {
  const times: number[] = []
  while (times.length < probesBefore) {
    const { outcome, answerMs } = await probe(context.clock, link, activeLimitMs)
    if (outcome !== 'answered') {
      throw new Error(`link ${link.name} must answer before the fault; it was already ${outcome}`)
    }
    times.push(answerMs ?? 0)
  }
  return { answerMs: Math.min(...times) }
}

/** Asks until a question ends as the fault would have it. */
export async function measureAnswer(
  link: Link,
  context: FaultContext,
  waitMs: number,
  isBroken: (probed: Probed) => boolean,
): Promise<{ isActive: boolean; evidence: Evidence }> {
  const ask = () => probe(context.clock, link, waitMs)
  const asked = await until(context, activeLimitMs, 50, ask, isBroken)
  const { outcome, answerMs } = asked.answer
  const rounded = answerMs === undefined ? null : Math.round(answerMs)
  const tookMs = Math.round(asked.tookMs)
  return { isActive: asked.holds, evidence: { probe: outcome, answerMs: rounded, tookMs } }
}

/** Bytes that reach the clients of a group in a short window. */
export async function bytesInWindow(group: string, context: FaultContext): Promise<number> {
  const bytesOf = async () => (await context.fleetStatus()).groups[group]?.bytesRead ?? 0
  const before = await bytesOf()
  await sleep(context.clock, frozenMs, context.signal)
  return (await bytesOf()) - before
}

/** Whether the clients of a group stop getting bytes: existing connections must feel it, too. */
export async function measureFrozen(group: string, context: FaultContext) {
  const ask = () => bytesInWindow(group, context)
  const asked = await until(context, activeLimitMs, 1, ask, (bytes) => bytes === 0)
  return { isFrozen: asked.holds, bytesInLastWindow: asked.answer, windowMs: frozenMs }
}

/** Bytes a second that answers make on `link`, as far as it takes to tell them from `limit`. */
export function throughput(link: Link, context: FaultContext, limit: number): Promise<Flood> {
  const bytesMax = Math.max(256 * 1_024, (limit * 4 * throughputMs) / 1_000)
  return measureThroughput(context.clock, link, throughputMs, bytesMax)
}

/**
 * Asks until the link answers again.
 *
 * A relay that is dead or hangs answers on no link. That is the relay's failure, not the link's:
 * it must not make the verdict a caveat about the harness.
 *
 * @throws Error if the link is still broken
 */
export async function proveHealed(link: Link, context: FaultContext): Promise<Evidence> {
  const asked = await until(
    context,
    activeLimitMs,
    100,
    () => probe(context.clock, link, probeMs * 2),
    ({ outcome }) => outcome === 'answered',
  )
  const { outcome, answerMs } = asked.answer
  const tookMs = Math.round(asked.tookMs)
  if (asked.holds) return { answerMs: Math.round(answerMs ?? 0), tookMs }
  if (link.hop === 'clients') {
    const direct = await probe(context.clock, { ...link, listen: link.upstream }, probeMs * 2)
    if (direct.outcome !== 'answered') return { relayItself: direct.outcome, tookMs }
  }
  throw new Error(`link ${link.name} must answer after healing; it was still ${outcome}`)
}
