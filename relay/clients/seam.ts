/** What may be replaced of how clients are counted. */

/** How many clients there are, as each page tells it: all from one source. */
export interface Headcount {
  health(clients: number): number
  metrics(clients: number): number
}
