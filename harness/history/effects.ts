/**
 * What a fault does to a run, in words that checkers know: they judge by effects and know no fault
 * by its name. It stands in the history's fault event, so a fault that is added needs no checker
 * to learn of it.
 */

/**
 * Where a fault acts: on the link to a group of clients, on those clients themselves, on the link
 * to a server, on the relay's process, or on its consumer group.
 */
export type FaultPlace =
  | 'client-link'
  | 'clients'
  | 'kafka'
  | 'redis'
  | 'relay'
  | 'consumer-group'
  | 'unknown'

/**
 * - `slows` bytes reach the other side later than they come
 * - `backs-up` the sender's writes come to wait, because the other side takes fewer bytes than come
 * - `severs` nothing gets through
 * - `ends-relay` the relay's process ends
 * - `pauses-relay` the relay's process is paused
 * - `moves-partitions` partitions are taken from the relay, and given back
 * - `replaces-server` another server has the address; open connections stay with the old one
 */
export type FaultEffect =
  | 'slows'
  | 'backs-up'
  | 'severs'
  | 'ends-relay'
  | 'pauses-relay'
  | 'moves-partitions'
  | 'replaces-server'

export interface FaultEffects {
  readonly on: FaultPlace
  /** The clients that feel it, where it acts on some of them only. */
  readonly group?: string
  readonly does: readonly FaultEffect[]
}

/** A fault that is known only to have happened: it explains nothing. */
export const unknownEffects: FaultEffects = { on: 'unknown', does: [] }
