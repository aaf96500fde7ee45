/** The links of a run that can be broken. */

/** What a link leads to, seen from the relay. */
export type Hop = 'kafka' | 'redis' | 'clients'

/** A way that may be broken: to a server, or to the clients of one group. */
export type Way<G extends string = string> =
  | { readonly hop: 'kafka' | 'redis' }
  | { readonly hop: 'clients'; readonly group: G }

/** host:port */
export type Address = string
