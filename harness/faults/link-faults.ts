/**
 * Faults on a hop, made by Toxiproxy. What each toxic really does was measured: `bandwidth` with
 * rate 0 stops the sender, `timeout` drains the sender and only hides the bytes from the reader,
 * so a stall is the former and a black hole the latter. `toxicity` is never used: at 0 it still
 * changes behaviour.
 */
import type { FaultSpec } from '../dsl/scenario.ts'
import type { Link } from '../stack/stack.ts'
import type { ToxicSpec as Toxic } from '../stack/toxiproxy.ts'
import {
  until,
  type Evidence,
  type FaultKind,
  type FaultStage,
  type Injected,
} from './fault.ts'
import { measureThroughput, probe, type Probed } from './probe.ts'

type LinkFault = Extract<FaultSpec, { hop: unknown }>
type Kind = LinkFault['fault']

/** How long one question may go unanswered, and how long a fault may take to bite or to heal. */
const probeMs = 700
const biteLimitMs = 5_000
const frozenMs = 400

interface Row<K extends Kind> {
  says(spec: Extract<LinkFault, { fault: K }>, link: string): string
  /** The toxics of this fault; none means that the link itself is taken away. */
  toxics(spec: Extract<LinkFault, { fault: K }>): readonly Omit<Toxic, 'name'>[]
  /** Whether a question's outcome is what this fault makes of it. */
  bites(spec: Extract<LinkFault, { fault: K }>, probed: Probed): boolean
  /** Whether clients of the hop get no bytes at all while it lasts. */
  readonly isFreezing: boolean
}

/** Clients must still be able to send, so only what flows towards them is stopped. */
const bothWays = (spec: LinkFault, toxic: Omit<Toxic, 'name' | 'stream'>) => {
  const down = { ...toxic, stream: 'downstream' } as const
  return spec.hop === 'clients' ? [down] : [down, { ...toxic, stream: 'upstream' } as const]
}

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
    bites: (spec, probed) => (probed.answerMs ?? 0) >= spec.ms * 0.8,
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
    says: (spec) => row.says(spec as never, linkName(spec as LinkFault)),
    inject: (spec, stage) => inject(row as unknown as Row<Kind>, spec as never, stage),
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

const linkName = ({ hop, group }: LinkFault) =>
  hop === 'clients' ? `the way to the ${group ?? 'all'} clients` : `the way to ${hop}`

async function inject(row: Row<Kind>, spec: LinkFault, stage: FaultStage): Promise<Injected> {
  const link = stage.link(spec.hop, spec.group)
  const before = await probe(stage.clock, link, biteLimitMs)
  if (before.outcome !== 'answered') {
    throw new Error(
      `the way to ${link.name} must answer before it is broken; it was ${before.outcome} already`,
    )
  }
  const undo = await apply(row.toxics(spec as never), spec, link, stage)
  return {
    bites: () => measureBite(row, spec, link, stage),
    async heal() {
      await undo()
      return proveHealed(link, stage)
    },
  }
}

/** Puts the toxics on the link, or takes the link away; returns what undoes it. */
async function apply(
  toxics: readonly Omit<Toxic, 'name'>[],
  spec: LinkFault,
  link: Link,
  stage: FaultStage,
): Promise<() => Promise<void>> {
  const api = stage.toxics.api
  if (toxics.length === 0) {
    const struck = stage.debts.owe({ mend: 'enable-link', api, link })
    await stage.toxics.setEnabled(link, false)
    return async () => {
      await stage.toxics.setEnabled(link, true)
      struck()
    }
  }
  const undos: (() => Promise<void>)[] = []
  for (const toxic of toxics) {
    const name = `${spec.fault}-${toxic.stream}`
    const struck = stage.debts.owe({ mend: 'remove-toxic', api, link, name })
    await stage.toxics.add(link, { ...toxic, name })
    undos.push(async () => {
      await stage.toxics.remove(link, name)
      struck()
    })
  }
  return async () => {
    for (const undo of undos.toReversed()) await undo()
  }
}

async function measureBite(row: Row<Kind>, spec: LinkFault, link: Link, stage: FaultStage) {
  if (spec.fault === 'bandwidth') return measureBandwidth(spec, link, stage)
  const waitMs = spec.fault === 'latency' ? spec.ms * 3 + probeMs : probeMs
  const asked = await until(
    stage.clock,
    biteLimitMs,
    50,
    () => probe(stage.clock, link, waitMs),
    (probed) => row.bites(spec as never, probed),
  )
  const evidence: Evidence = {
    probe: asked.answer.outcome,
    answerMs: asked.answer.answerMs ?? null,
    tookMs: Math.round(asked.tookMs),
  }
  if (!asked.holds || !row.isFreezing || spec.hop !== 'clients' || spec.group === undefined) {
    return { isBiting: asked.holds, evidence }
  }
  const frozen = await measureFrozen(spec.group, stage)
  return { isBiting: frozen.isFrozen, evidence: { ...evidence, ...frozen } }
}

/** Whether the clients of a group stopped getting bytes: existing connections must feel it too. */
export async function measureFrozen(group: string, stage: FaultStage) {
  const bytesOf = async () => (await stage.fleetStatus()).groups[group]?.bytesRead ?? 0
  let last = await bytesOf()
  const asked = await until(
    stage.clock,
    biteLimitMs,
    frozenMs,
    async () => {
      await new Promise<void>((resolve) => void stage.clock.after(frozenMs, resolve))
      const now = await bytesOf()
      const arrived = now - last
      last = now
      return arrived
    },
    (arrived) => arrived === 0,
  )
  return { isFrozen: asked.holds, bytesInLastWindow: asked.answer, windowMs: frozenMs }
}

async function measureBandwidth(
  spec: Extract<LinkFault, { fault: 'bandwidth' }>,
  link: Link,
  stage: FaultStage,
) {
  const bytesPerSecond = await measureThroughput(stage.clock, link, 1_500)
  const wanted = spec.kilobytesPerSecond * 1_024
  const evidence: Evidence = { bytesPerSecond: Math.round(bytesPerSecond), wanted }
  return { isBiting: bytesPerSecond <= wanted * 2 + 4_096, evidence }
}

async function proveHealed(link: Link, stage: FaultStage): Promise<Evidence> {
  const asked = await until(
    stage.clock,
    biteLimitMs,
    100,
    () => probe(stage.clock, link, biteLimitMs),
    (probed) => probed.outcome === 'answered',
  )
  if (!asked.holds) {
    throw new Error(
      `the way to ${link.name} must answer after healing; it was ${asked.answer.outcome} still`,
    )
  }
  return { answerMs: asked.answer.answerMs ?? null, tookMs: Math.round(asked.tookMs) }
}
