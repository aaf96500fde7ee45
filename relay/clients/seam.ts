/** The replaceable part that counts clients. */

/** The number of clients as each endpoint reports it: all from one source. */
export interface Headcount {
  health(clients: number): number
  metrics(clients: number): number
}
