/**
 * What all faults on a link share: toxics of Toxiproxy are added or the link is disabled, the
 * effect is measured, and it is undone. The choice of toxics was measured: `bandwidth` with rate 0
 * stops the sender (a stall); `timeout` reads from the sender and drops the bytes (a black hole).
 * `toxicity` is never used: at 0 it still changes behaviour.
 */
import { z } from 'zod'
import type { FaultEffect, FaultEffects } from '../history/effects.ts'
import type { Link } from '../stack/stack.ts'
import type { ToxicSpec as Toxic } from '../stack/toxiproxy.ts'
import type { Way } from '../stack/ways.ts'
import type { DrawnFrom } from '../world/dice.ts'
import { defineFault, type FaultDefinition, type FaultContext } from './fault.ts'
import {
  measureAnswer,
  measureBefore,
  measureFrozen,
  probeMs,
  proveHealed,
  type Before,
} from './link-proof.ts'
import type { Probed } from './probe.ts'

type NamelessToxic = Omit<Toxic, 'name'>
/** What a link fault says besides its link. */
type Options<O extends z.ZodRawShape> = keyof O extends never ? unknown : z.infer<z.ZodObject<O>>
export type LinkFaultSpec<N extends string, O extends z.ZodRawShape> = Way & {
  readonly fault: N
} & Options<O>

export interface LinkFault<N extends string, O extends z.ZodRawShape> {
  readonly name: N
  /** Fields of its spec besides the link. */
  readonly options: O
  /** @param link such as `link to redis` */
  says(spec: LinkFaultSpec<N, O>, link: string): string
  readonly does: readonly FaultEffect[]
  /** The toxics of this fault; none means that the link itself is taken away. */
  toxics(spec: LinkFaultSpec<N, O>): readonly NamelessToxic[]
  /** Whether a question's outcome is what this fault makes of it. */
  isActive(spec: LinkFaultSpec<N, O>, probed: Probed, before: Before): boolean
  /** How long an answer is waited for; default is what one takes at most without faults. */
  waitMs?(spec: LinkFaultSpec<N, O>, before: Before): number
  /** Whether clients of the link get no bytes at all while it lasts. */
  readonly isFreezing: boolean
  /** Measured instead of a question's outcome, with what was there before. */
  measure?(spec: LinkFaultSpec<N, O>, link: Link, context: FaultContext): Promise<Measured>
  draw(dice: DrawnFrom['dice']): Options<O>
}

/** A measurement of its own: taken while the fault is in place, and closed when it is healed. */
export interface Measured {
  measure(): ReturnType<typeof measureAnswer>
  close(): void
}

const hops = ['kafka', 'redis', 'clients'] as const

/** A fault on a link as one of the registry. */
export function defineLinkFault<N extends string, O extends z.ZodRawShape>(
  fault: LinkFault<N, O>,
): FaultDefinition<LinkFaultSpec<N, O>> {
  type Spec = LinkFaultSpec<N, O>
  const named = { fault: z.literal(fault.name), ...fault.options }
  const server = z.strictObject({ ...named, hop: z.enum(['kafka', 'redis']) })
  const group = z.strictObject({ ...named, hop: z.literal('clients'), group: z.string().min(1) })
  return defineFault<Spec>({
    spec: z.union([server, group]) as unknown as z.ZodType<Spec>,
    says: (spec) => fault.says(spec, linkName(spec)),
    effects: (spec) => effectsOf(spec, fault.does),
    inject: (spec, context) => inject(fault, spec, context),
    draw({ dice, groups }) {
      const hop = dice.pick(groups.length === 0 ? hops.slice(0, 2) : hops)
      const way = hop === 'clients' ? { hop, group: dice.pick(groups) } : { hop }
      const drawn: object = { fault: fault.name, ...way, ...(fault.draw(dice) as object) }
      return drawn as Spec
    },
  })
}

const linkName = (way: Way): string =>
  way.hop === 'clients' ? `link to client group ${way.group}` : `link to ${way.hop}`

const effectsOf = (way: Way, does: readonly FaultEffect[]): FaultEffects =>
  way.hop === 'clients' ? { on: 'client-link', group: way.group, does } : { on: way.hop, does }

/** Clients must still be able to send, so only what flows towards them is broken. */
export const bothWays = (way: Way, toxic: Omit<NamelessToxic, 'stream'>): NamelessToxic[] => {
  const down = { ...toxic, stream: 'downstream' } as const
  return way.hop === 'clients' ? [down] : [down, { ...toxic, stream: 'upstream' } as const]
}

async function inject<N extends string, O extends z.ZodRawShape>(
  fault: LinkFault<N, O>,
  spec: LinkFaultSpec<N, O>,
  context: FaultContext,
) {
  const link = context.link(spec)
  const before = await measureBefore(link, context)
  const measured = await fault.measure?.(spec, link, context)
  const undo = await apply(fault.toxics(spec), { fault: fault.name, link, context })
  return {
    measure: () => measured?.measure() ?? measureEffect(fault, spec, { link, context, before }),
    async heal() {
      await undo()
      measured?.close()
      return proveHealed(link, context)
    },
  }
}

async function measureEffect<N extends string, O extends z.ZodRawShape>(
  fault: LinkFault<N, O>,
  spec: LinkFaultSpec<N, O>,
  { link, context, before }: { link: Link; context: FaultContext; before: Before },
) {
  const waitMs = fault.waitMs?.(spec, before) ?? probeMs
  const asked = await measureAnswer(link, context, waitMs, (probed) =>
    fault.isActive(spec, probed, before),
  )
  const evidence = { ...asked.evidence, beforeMs: Math.round(before.answerMs) }
  if (!asked.isActive || !fault.isFreezing || spec.hop !== 'clients') {
    return { isActive: asked.isActive, evidence }
  }
  const { isFrozen, ...frozen } = await measureFrozen(spec.group, context)
  return { isActive: isFrozen, evidence: { ...evidence, ...frozen } }
}

type Undo = () => Promise<void>

/** Puts the toxics on the link, or takes the link away; returns what undoes it. */
async function apply(
  toxics: readonly NamelessToxic[],
  { fault, link, context }: { fault: string; link: Link; context: FaultContext },
): Promise<Undo> {
  const undos: Undo[] = []
  const undoAll = () => allOf(undos.toReversed())
  try {
    if (toxics.length === 0) await cut(link, context, undos)
    for (const toxic of toxics) {
      await put(link, { ...toxic, name: `${fault}-${toxic.stream}` }, context, undos)
    }
    return undoAll
  } catch (error) {
    // Half a fault must not stay: undo what is already in place.
    await undoAll().catch(() => undefined)
    throw error
  }
}

async function cut(link: Link, { toxics, undoLog }: FaultContext, undos: Undo[]): Promise<void> {
  const cleared = undoLog.register({ undo: 'enable-link', api: toxics.api, link })
  undos.push(() => toxics.setEnabled(link, true).then(cleared))
  await toxics.setEnabled(link, false)
}

async function put(
  link: Link,
  toxic: Toxic,
  { toxics, undoLog }: FaultContext,
  undos: Undo[],
): Promise<void> {
  const { name } = toxic
  const cleared = undoLog.register({ undo: 'remove-toxic', api: toxics.api, link, name })
  undos.push(() => toxics.remove(link, name).then(cleared))
  await toxics.add(link, toxic)
}

/** Does all, also when one of them fails; then the first failure is thrown. */
async function allOf(works: readonly Undo[]): Promise<void> {
  const failures: unknown[] = []
  for (const work of works) await work().catch((error: unknown) => failures.push(error))
  if (failures.length > 0) throw failures[0]
}
