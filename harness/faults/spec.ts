/** Faults as a scenario describes them. */
import type { Way } from '../stack/ways.ts'

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
