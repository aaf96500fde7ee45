/** What is known of a target's settings when a run starts, with the source of each. */
import { sourcedTiming, type SourcedTiming } from '../targets/environment.ts'
import type { Timing } from '../targets/timing.ts'
import { knownRelayOf, timingOfKnown } from '../targets/known-relays.ts'
import { capabilitiesOf, knownOfTarget } from '../targets/registry.ts'
import type { Order } from './order.ts'

type Version = Readonly<Record<string, unknown>>
export type SourcedTimings = Readonly<Record<keyof Timing, SourcedTiming>>

/** The values that times are derived from, with their sources; `version` is the `/version`. */
export function timingFor(
  { target, scenario }: Pick<Order, 'target' | 'scenario'>,
  version: Version,
): SourcedTimings {
  // One that takes nothing from us was asked for nothing.
  const asked = capabilitiesOf(target).isConfigurable ? scenario.relay : {}
  const told = version['settings']
  const known = knownRelayOf(version)
  return sourcedTiming(asked, {
    told: typeof told === 'object' && told !== null ? (told as Version) : {},
    // What the user says outweighs what we know of relays of that name.
    given: { ...(known && timingOfKnown(known, asked)), ...knownOfTarget(target) },
  })
}

/** The same without the sources. */
export const valuesOf = (timings: SourcedTimings): Timing =>
  Object.fromEntries(
    Object.entries(timings).map(([key, { value }]) => [key, value]),
  ) as unknown as Timing
