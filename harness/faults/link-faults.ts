/**
 * Faults on a hop, made by Toxiproxy. What each toxic really does was measured: `bandwidth` with
 * rate 0 stops the sender, `timeout` drains the sender and only hides the bytes from the reader,
 * so a stall is the former and a black hole the latter. `toxicity` is never used: at 0 it still
 * changes behaviour.
 */
import type { FaultSpec } from './spec.ts'
import type { Link } from '../stack/stack.ts'
import type { ToxicSpec as Toxic } from '../stack/toxiproxy.ts'
import type { FaultKind, FaultStage, Injected } from './fault.ts'
import {
  measureAnswer,
  measureBefore,
  measureFrozen,
  probeMs,
  proveHealed,
  throughput,
  type Before,
} from './link-proof.ts'
import type { Flood, Probed } from './probe.ts'

type LinkFault = Exclude<Extract<FaultSpec, { hop: unknown }>, { fault: 'failover' }>
type Kind = LinkFault['fault']

interface Row<K extends Kind> {
  says(spec: Extract<LinkFault, { fault: K }>, link: string): string
  /** The toxics of this fault; none means that the link itself is taken away. */
  toxics(spec: Extract<LinkFault, { fault: K }>): readonly Omit<Toxic, 'name'>[]
  /** Whether a question's outcome is what this fault makes of it. */
  bites(spec: Extract<LinkFault, { fault: K }>, probed: Probed, before: Before): boolean
  /** Whether clients of the hop get no bytes at all while it lasts. */
  readonly isFreezing: boolean
}

/** Clients must still be able to send, so only what flows towards them is stopped. */
const bothWays = (spec: LinkFault, toxic: Omit<Toxic, 'name' | 'stream'>) => {
  const down = { ...toxic, stream: 'downstream' } as const
  return spec.hop === 'clients' ? [down] : [down, { ...toxic, stream: 'upstream' } as const]
}

/** Share of the latency asked for that must be measured on top of what was there before. */
const latencyShareMin = 0.8

const rows: { readonly [K in Kind]: Row<K> } = {
  stall: {
    says: (_, link) => `nothing flows on ${link}, and the sender feels it`,
    toxics: (spec) => bothWays(spec, { type: 'bandwidth', attributes: { rate: 0 } }),
    bites: (_, probed) => probed.outcome === 'silent',
    isFreezing: true,
  },
  bandwidth: {
    says: (spec, link) => `${link} carries ${spec.kilobytesPerSecond} KB/s`,
    toxics: (spec) => [
      {
        type: 'bandwidth',
        stream: 'downstream',
        attributes: { rate: spec.kilobytesPerSecond },
      },
    ],
    bites: () => true,
    isFreezing: false,
  },
  latency: {
    says: (spec, link) => `${link} answers ${spec.ms} ms later`,
    toxics: (spec) => [
      { type: 'latency', stream: 'downstream', attributes: { latency: spec.ms, jitter: 0 } },
    ],
    bites: ({ ms }, { answerMs = 0 }, before) =>
      ms > 0 && answerMs >= before.answerMs + ms * latencyShareMin,
    isFreezing: false,
  },
  cut: {
    says: (_, link) => `${link} is cut: connections end, new ones are refused`,
    toxics: () => [],
    bites: (_, probed) => probed.outcome !== 'answered' && probed.outcome !== 'silent',
    isFreezing: true,
  },
  'black-hole': {
    says: (_, link) => `bytes on ${link} vanish while the connection stays up`,
    toxics: (spec) => bothWays(spec, { type: 'timeout', attributes: { timeout: 0 } }),
    bites: (_, probed) => probed.outcome === 'silent',
    isFreezing: true,
  },
  reset: {
    says: (_, link) => `connections on ${link} are reset as soon as they carry data`,
    toxics: () => [{ type: 'reset_peer', stream: 'downstream', attributes: { timeout: 0 } }],
    bites: (_, probed) => probed.outcome === 'reset' || probed.outcome === 'ended',
    isFreezing: false,
  },
}

/** The fault kind of one row. */
function linkFault<K extends Kind>(kind: K): FaultKind<K> {
  const row: Row<K> = rows[kind]
  return {
    says: (spec) => row.says(spec, linkName(spec)),
    inject: (spec, stage) => inject(row as unknown as Row<Kind>, spec, stage),
  }
}

export const linkFaults = {
  stall: linkFault('stall'),
  bandwidth: linkFault('bandwidth'),
  latency: linkFault('latency'),
  cut: linkFault('cut'),
  'black-hole': linkFault('black-hole'),
  reset: linkFault('reset'),
}

const linkName = (spec: LinkFault) =>
  spec.hop === 'clients' ? `the way to the ${spec.group} clients` : `the way to ${spec.hop}`

async function inject(row: Row<Kind>, spec: LinkFault, stage: FaultStage): Promise<Injected> {
  const link = stage.link(spec)
  const before = await measureBefore(link, stage)
  const floods: Flood[] = []
  const bites =
    spec.fault === 'bandwidth'
      ? await narrowing(spec, link, stage, floods)
      : () => measureBite(row, spec, link, stage, before)
  const undo = await apply(row.toxics(spec), spec, link, stage)
  return {
    bites,
    async heal() {
      await undo()
      for (const flood of floods) flood.close()
      return proveHealed(link, stage)
    },
  }
}

type Undo = () => Promise<void>

/** Puts the toxics on the link, or takes the link away; returns what undoes it. */
async function apply(
  toxics: readonly Omit<Toxic, 'name'>[],
  spec: LinkFault,
  link: Link,
  stage: FaultStage,
): Promise<Undo> {
  const undos: Undo[] = []
  const undoAll = () => allOf(undos.toReversed())
  try {
    if (toxics.length === 0) await cut(link, stage, undos)
    for (const toxic of toxics) {
      await put(link, { ...toxic, name: `${spec.fault}-${toxic.stream}` }, stage, undos)
    }
    return undoAll
  } catch (error) {
    // Half a fault is none: what stands already must not stay.
    await undoAll().catch(() => undefined)
    throw error
  }
}

async function cut(link: Link, { toxics, debts }: FaultStage, undos: Undo[]): Promise<void> {
  const struck = debts.owe({ mend: 'enable-link', api: toxics.api, link })
  undos.push(() => toxics.setEnabled(link, true).then(struck))
  await toxics.setEnabled(link, false)
}

async function put(
  link: Link,
  toxic: Toxic,
  { toxics, debts }: FaultStage,
  undos: Undo[],
): Promise<void> {
  const { name } = toxic
  const struck = debts.owe({ mend: 'remove-toxic', api: toxics.api, link, name })
  undos.push(() => toxics.remove(link, name).then(struck))
  await toxics.add(link, toxic)
}

/** Does all, also when one of them fails; then the first failure is thrown. */
async function allOf(works: readonly Undo[]): Promise<void> {
  const failures: unknown[] = []
  for (const work of works) await work().catch((error: unknown) => failures.push(error))
  if (failures.length > 0) throw failures[0]
}

async function measureBite(
  row: Row<Kind>,
  spec: LinkFault,
  link: Link,
  stage: FaultStage,
  before: Before,
) {
  const waitMs = spec.fault === 'latency' ? before.answerMs + spec.ms * 3 + probeMs : probeMs
  const asked = await measureAnswer(link, stage, waitMs, (probed) =>
    row.bites(spec, probed, before),
  )
  const evidence = { ...asked.evidence, beforeMs: Math.round(before.answerMs) }
  if (!asked.isBiting || !row.isFreezing || spec.hop !== 'clients') {
    return { isBiting: asked.isBiting, evidence }
  }
  const { isFrozen, ...frozen } = await measureFrozen(spec.group, stage)
  return { isBiting: isFrozen, evidence: { ...evidence, ...frozen } }
}

/** A limit is seen only where more went through before than it lets through. */
async function narrowing(
  spec: Extract<LinkFault, { fault: 'bandwidth' }>,
  link: Link,
  stage: FaultStage,
  floods: Flood[],
): Promise<Injected['bites']> {
  const wanted = spec.kilobytesPerSecond * 1_024
  const before = await throughput(link, stage, wanted)
  before.close()
  return async () => {
    const now = await throughput(link, stage, wanted)
    floods.push(now)
    const bytesPerSecond = Math.round(now.bytesPerSecond)
    const bytesPerSecondBefore = Math.round(before.bytesPerSecond)
    const isNarrower = bytesPerSecondBefore > wanted && bytesPerSecond < bytesPerSecondBefore * 0.8
    const isBiting = isNarrower && bytesPerSecond <= wanted * 2 + 4_096
    return { isBiting, evidence: { bytesPerSecond, bytesPerSecondBefore, wanted } }
  }
}
