/** Stimuli as a scenario describes them. */
import type { MalformedKind } from '../records/malformed.ts'
import type { HostileTopic } from '../wire/hostile-frames.ts'

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
