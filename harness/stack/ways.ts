/** The links of a run on which faults can be injected. */

/** What a link leads to, seen from the relay. */
export type Hop = 'kafka' | 'redis' | 'clients'

/** A link on which faults can be injected: to a server, or to the clients of one group. */
export type Way<G extends string = string> =
  | { readonly hop: 'kafka' | 'redis' }
  | { readonly hop: 'clients'; readonly group: G }

/** host:port */
export type Address = string
