/** The load of a scenario: what its producer sends while nothing else is asked of it. */

/** Open-model load: records are due at a rate, also while the broker is slow. */
export interface Load {
  /** Records a second over all threads; 0 is silence. */
  readonly recordsPerSecond: number
  /** Size of the encoded record, roughly; the producer fills up with realistic text. */
  readonly payloadBytes: number
  /** Runs (thread ids) that the records belong to. */
  readonly threads: number
}
