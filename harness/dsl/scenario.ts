/**
 * The words a scenario is written in. A scenario is data: what is claimed, what is sent, what is
 * broken and when, and what must be true of the history. It starts nothing and measures nothing.
 *
 * Times depend on the target's effective configuration, so phases and expectations are functions
 * of `Timing`: the same file runs with short windows on one relay and with fixed ones on another.
 */
import type { Settings } from '../../relay/tables/settings.ts'
import type { Expectation } from '../checkers/registry.ts'
import type { HostileTopic } from '../wire/hostile-frames.ts'
import type { MalformedKind } from '../records/malformed.ts'
import type { FindingId } from '../findings/findings.ts'

/** Settings that a scenario asks of its target, in the house's units. */
export type RelaySettings = Partial<Settings>

/** Settings that the environment contract gives every relay; all in milliseconds or counts. */
type CommonTiming = Pick<
  Settings,
  | 'sendTimeoutMs'
  | 'replayTimeoutMs'
  | 'healthWindowMs'
  | 'healthStaleMs'
  | 'lagIntervalMs'
  | 'lagWindowMs'
  | 'lagDisconnectRecords'
  | 'connectionsPerIpMax'
>
/** Settings that a relay may lack; undefined where nobody has said what this target does. */
type OwnTiming = Pick<
  Settings,
  | 'pingIntervalMs'
  | 'commitIntervalMs'
  | 'kafkaSessionTimeoutMs'
  | 'ringRecordsMax'
  | 'replayMemoryRecordsMax'
  | 'replayRecordsMax'
>
/** The effective values that times may be derived from; see `timingOf` for who is believed. */
export type Timing = CommonTiming & {
  readonly [K in keyof OwnTiming]: OwnTiming[K] | undefined
}

/** Open-model load: records are due at a rate, whatever the broker does. */
export interface Load {
  /** Records a second over all threads; 0 is silence. */
  readonly recordsPerSecond: number
  /** Size of the encoded record, roughly; the producer fills up with realistic text. */
  readonly payloadBytes: number
  /** Runs (thread ids) that the records belong to. */
  readonly threads: number
}

/**
 * A class of clients. Each group has a proxy of its own between itself and the relay, so that a
 * fault hits it and nobody else.
 * - `fast` reads as fast as it can · `slow` reads `bytesPerSecond` · `reference` also decodes
 *   with the reference client and compares every run's state with the producer's truth
 */
export interface ClientGroup {
  readonly count: number
  readonly reads: 'fast' | 'slow' | 'reference'
  readonly bytesPerSecond?: number
  /** Sent right after opening; without it the client only gets what is live. */
  readonly resume?: 'latest' | 'earliest'
  /** Clients that join only when a `connect` stimulus says so. */
  readonly joins?: 'at-start' | 'later'
  /** Whether a client that lost its connection comes back and resumes from its cursor. */
  readonly reconnects?: boolean
  /** Whether they reach the relay itself, with no proxy between that would shield it. */
  readonly isDirect?: true
  /**
   * What each says of itself.
   * - `another-address` that it was forwarded from an address of its own, which is untrue
   * - `another-origin` that it is a page of another site, in a browser on this machine
   * - `another-name` the same of a site whose own name leads to the relay, so that it is at home
   */
  readonly claims?: Claim
}

export type Claim = 'another-address' | 'another-origin' | 'another-name'

export type Hop = 'kafka' | 'redis' | 'clients'

/** A way that may be broken: to a server, or to the clients of one group. */
export type Way<G extends string = string> =
  | { readonly hop: 'kafka' | 'redis' }
  | { readonly hop: 'clients'; readonly group: G }

/** What may be broken. Every fault is verified to bite and healed at the end of its phase. */
export type FaultSpec<G extends string = string> =
  | (Way<G> & { readonly fault: 'stall' })
  | (Way<G> & { readonly fault: 'bandwidth'; readonly kilobytesPerSecond: number })
  | (Way<G> & { readonly fault: 'latency'; readonly ms: number })
  | (Way<G> & { readonly fault: 'cut' })
  | (Way<G> & { readonly fault: 'black-hole' })
  | (Way<G> & { readonly fault: 'reset' })
  /** Another Redis has the address; connections that stand stay with the old one, a replica now. */
  | { readonly fault: 'failover'; readonly hop: 'redis' }
  | { readonly fault: 'readers-stop'; readonly group: G }
  | { readonly fault: 'kill-relay' }
  | { readonly fault: 'pause-relay' }
  /**
   * `environment` stands beside the settings from then on, as it is: for values that no setting can
   * have. A relay that refuses it is started without it. It stays away for as long as the phase
   * lasts, unless it is to be back before the phase begins.
   */
  | {
      readonly fault: 'restart-relay'
      readonly environment?: Readonly<Record<string, string>>
      readonly isBackAtOnce?: true
    }
  | { readonly fault: 'rebalance'; readonly rivals: number }

/** What may be sent besides the load. */
export type Stimulus<G extends string = string> =
  /** `each` records of every kind named, spread over the phase between the load's records. */
  | {
      readonly stimulus: 'malformed'
      readonly kinds: 'all' | readonly MalformedKind[]
      readonly each: number
    }
  /** So many records of the phase's load at once, as fast as the broker takes them. */
  | { readonly stimulus: 'burst'; readonly records: number }
  /**
   * So many pairs of transactions, spread over the phase: two producers' lie over one another and
   * over the load. Of each pair one is given up, and of every other both.
   */
  | { readonly stimulus: 'transactions'; readonly each: number }
  /** Clients join now: so many, or as many as the group has. */
  | { readonly stimulus: 'connect'; readonly group: G; readonly count?: number }
  /** Clients leave now: politely, or by a reset. */
  | { readonly stimulus: 'disconnect'; readonly group: G; readonly how: 'close' | 'reset' }
  /** Every client of the group sends so many pings, then nothing. */
  | {
      readonly stimulus: 'pings'
      readonly group: G
      readonly kind: 'json' | 'native'
      readonly each: number
    }
  /** Every client of the group asks for a replay. */
  | {
      readonly stimulus: 'resume'
      readonly group: G
      readonly from: 'earliest' | 'latest' | 'cursor'
    }
  /** Every client of the group asks the relay to forget its replay buffer. */
  | { readonly stimulus: 'reset'; readonly group: G }
  /** Every client of the group sends a text of 1 MiB but for its last byte, and no more. */
  | { readonly stimulus: 'hold-back'; readonly group: G }
  /** For each client, so many more connections are reset at several stages of their handshake. */
  | { readonly stimulus: 'abort-handshakes'; readonly group: G; readonly each: number }
  /** Every client of the group sends each hostile control frame that is about this. */
  | { readonly stimulus: 'hostile-frames'; readonly group: G; readonly about: HostileTopic }

/** A window of the run. Phases follow one another; `settle` comes last by itself. */
export interface PhaseSpec<G extends string = string, P extends string = string> {
  readonly name: P
  /** How long it lasts, milliseconds. */
  readonly ms: number
  /**
   * And at most so much longer, while a client waits for the end of its replay: a relay is given
   * the time that it may take, and one that is quick ends the phase.
   */
  readonly awaitsReplaysMs?: number
  /** Load in this window; default is the scenario's own. */
  readonly load?: Partial<Load>
  /** Comes first, before anything is broken. */
  readonly prelude?: readonly Stimulus<G>[]
  readonly faults?: readonly FaultSpec<G>[]
  /** Comes once every fault of the phase was seen to bite; the phase's time runs from there. */
  readonly stimuli?: readonly Stimulus<G>[]
  /** Comes last, while everything that was broken still is. */
  readonly closing?: readonly Stimulus<G>[]
}

/** Expectations by the finding that they answer. */
export type Expected<G extends string = string, P extends string = string> = Readonly<
  Partial<Record<FindingId, readonly Expectation<G, P>[]>>
>

export interface Scenario<G extends string = string, P extends string = string> {
  /** kebab-case, by its claim. Also the name of its file. */
  readonly name: string
  /** One sentence that a relay's owner would sign. */
  readonly claim: string
  readonly suites: readonly ('quick' | 'nightly' | 'soak')[]
  readonly topic: { readonly partitions: number }
  readonly relay: RelaySettings
  readonly load: Load
  readonly fleet: Readonly<Record<G, ClientGroup>>
  readonly phases: (t: Timing) => readonly PhaseSpec<NoInfer<G>, P>[]
  /** What must hold, by the finding it answers. `stream` is added to every scenario by itself. */
  readonly expect: (t: Timing) => Expected<NoInfer<G>, NoInfer<P>>
}

/** Checks a scenario's types where it is written; returns it unchanged. */
export function scenario<const G extends string, const P extends string>(
  spec: Scenario<G, P>,
): Scenario {
  return spec
}
