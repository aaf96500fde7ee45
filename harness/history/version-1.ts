/** What histories of version 1 left unsaid: their fault events had no effects, only a name. */
import type { FaultEffect, FaultEffects, FaultPlace } from './effects.ts'

const clientsOrServer = { kafka: 'kafka', redis: 'redis', clients: 'client-link' } as const

/** By the name of a fault of version 1: where it acted, if not on its link, and what it did. */
const named: Readonly<Record<string, readonly [FaultPlace | undefined, ...FaultEffect[]]>> = {
  stall: [undefined, 'slows', 'backs-up', 'severs'],
  bandwidth: [undefined, 'slows', 'backs-up'],
  latency: [undefined, 'slows'],
  cut: [undefined, 'severs'],
  'black-hole': [undefined, 'slows', 'backs-up', 'severs'],
  reset: [undefined],
  failover: ['redis', 'replaces-server'],
  'readers-stop': ['clients', 'slows', 'backs-up'],
  'kill-relay': ['relay', 'ends-relay'],
  'restart-relay': ['relay', 'ends-relay'],
  'pause-relay': ['relay', 'pauses-relay'],
  rebalance: ['consumer-group', 'moves-partitions'],
}

/** What a fault of version 1 did; undefined for one that version 1 did not have. */
export function effectsInVersion1(
  spec: Readonly<Record<string, unknown>>,
): FaultEffects | undefined {
  const row = named[String(spec['fault'])]
  if (row === undefined) return undefined
  const [place, ...does] = row
  const { hop, group } = spec
  const link = Object.hasOwn(clientsOrServer, String(hop))
    ? clientsOrServer[hop as keyof typeof clientsOrServer]
    : 'client-link'
  const on = place ?? link
  return typeof group === 'string' ? { on, group, does } : { on, does }
}
