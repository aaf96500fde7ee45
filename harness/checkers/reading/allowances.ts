/**
 * What a relay, and the Kafka client in it, may take unless options say otherwise. Not how exactly
 * we measure: that is harness/history/tolerances.ts.
 */

/** Defaults of Kafka's own clients, librdkafka's among them; other clients mostly have less. */
export const kafkaDefaults: Readonly<Record<'commitIntervalMs' | 'sessionTimeoutMs', number>> = {
  /** `auto.commit.interval.ms` */
  commitIntervalMs: 5_000,
  /** `session.timeout.ms` */
  sessionTimeoutMs: 45_000,
}

export const allowances = {
  /** After the link to Kafka was broken, clients need so long to find each other again. */
  recoveryMicros: 5_000_000,
  /** The news that a partition was taken away. */
  revocationMicros: 500_000,
  /** After a session has run out, the group is rebalanced. */
  rejoinMs: 10_000,
  /** After a rebalance ends, its redeliveries may take this long to show. */
  redeliveryMicros: 15_000_000,
  /** A consumer that takes nothing for less is not standing still. */
  stalledMsMin: 10_000,
  /** Longer than any pause of a relay that nothing was done to. */
  stopMicros: 4_000_000,
  /** A relay that lost Kafka may tell of it this late. */
  outageReportedLateMicros: 10_000_000,
  /** Records were on their way to the replay buffer for so long when Redis went. */
  storedMicros: 1_000_000,
  /** What a relay had taken so shortly before it was ended need not be stored yet. */
  unstoredAtEndMicros: 5_000_000,
  /** A relay may take so long to come back to a Redis that is there again. */
  redisReconnectMicros: 5_000_000,
  /** A reset without an answer may take effect for this long. */
  resetMicros: 10_000_000,
  /** And for so long it explains that an epoch changed. */
  unansweredResetMicros: 5_000_000,
  /** A client is given up after it took nothing for a while, and no sooner than this. */
  givenUpMicrosMin: 1_000_000,
} as const
