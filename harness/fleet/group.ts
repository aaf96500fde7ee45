/** A group of clients as a scenario describes it. */

/**
 * A class of clients. Each group has a proxy of its own between itself and the relay, so that a
 * fault hits it and no other group.
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
  /** Mean time after which each gives its connection up by itself, and comes back. */
  readonly leavesEveryMs?: number
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

/** A spec whose group is one of the scenario's: a misspelt one does not compile. */
export type InGroups<S, G extends string> = S extends { readonly group: string }
  ? Omit<S, 'group'> & { readonly group: G }
  : S
