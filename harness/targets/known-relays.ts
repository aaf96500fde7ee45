/**
 * Known relays: their fixed values and their defaults. They do not report these themselves, and a
 * scenario that assumed our defaults would judge them by the wrong limits.
 */
import type { RelaySettings, Timing } from './timing.ts'

export interface KnownRelay {
  readonly name: string
  /** One line for people. */
  readonly says: string
  /** Whether a target's `/version` is that of this relay. */
  isIt(version: Readonly<Record<string, unknown>>): boolean
  /** What cannot be configured. */
  readonly fixed: Partial<Timing>
  /** What its environment may change, and what it is without. */
  readonly byDefault: Partial<Timing>
}

export const knownRelays: readonly KnownRelay[] = [
  {
    name: 'dashflow',
    says: "DashFlow's websocket_server",
    isIt: (version) =>
      version['component'] === 'websocket-server' &&
      version['schema_version'] === 1 &&
      typeof version['decode_error_policy'] === 'string' &&
      version['settings'] === undefined,
    fixed: {
      healthWindowMs: 120_000,
      healthStaleMs: 60_000,
      // The defaults of librdkafka, unchanged.
      commitIntervalMs: 5_000,
      kafkaSessionTimeoutMs: 45_000,
    },
    byDefault: {
      // Its ring is rounded up to a power of two.
      ringRecordsMax: 1_024,
      replayMemoryRecordsMax: 1_000,
      replayRecordsMax: 10_000,
    },
  },
]

/** The relay that a `/version` is of, if it is one that we know. */
export const knownRelayOf = (
  version: Readonly<Record<string, unknown>>,
): KnownRelay | undefined => knownRelays.find((relay) => relay.isIt(version))

/** What a known relay does when it is asked for these settings. */
export function timingOfKnown(relay: KnownRelay, asked: RelaySettings): Partial<Timing> {
  const keys = Object.keys(relay.byDefault) as (keyof Timing)[]
  const set = keys.flatMap((key) => (asked[key] === undefined ? [] : [[key, asked[key]] as const]))
  return { ...relay.byDefault, ...Object.fromEntries(set), ...relay.fixed }
}
