/**
 * The findings that scenarios answer: one sentence each, and the audit that states it. Ids are
 * those of the audits and unique only together with the audit; `2X-…` and `BUG-…` were observed by
 * this project in DashFlow and are in no audit, `own-…` are claims of this project.
 */
export interface Finding {
  readonly audit: string
  readonly part: 'relay' | 'client' | 'producer' | 'operations'
  /** What is wrong, as a sentence that the owner of a relay can check. */
  readonly says: string
}

export const findings = {
  'v8-L1': {
    audit: 'kafka streaming metrics v8 (2025-12-23)',
    part: 'relay',
    says: 'An unbounded queue grows as long as its reader is slower than its writer.',
  },
  '2X-14': {
    audit: 'observed by this project',
    part: 'relay',
    says: 'Buffers are bounded by count, not by bytes: large records exhaust the memory.',
  },
  'M-1033': {
    audit: 'telemetry and graph state v105 (2025-12-25)',
    part: 'relay',
    says: 'The send timeout is fixed, and sends that time out are counted nowhere.',
  },
  'M-1034': {
    audit: 'telemetry and graph state v105 (2025-12-25)',
    part: 'relay',
    says: 'Control frames are sent without a deadline: a stalled client keeps its slot forever.',
  },
  'M-1035': {
    audit: 'telemetry and graph state v105 (2025-12-25)',
    part: 'relay',
    says: '/health and /metrics count clients differently, and neither count is right.',
  },
  'M-1041': {
    audit: 'telemetry and graph state v105 (2025-12-25)',
    part: 'relay',
    says: 'A warning is decided from a lifetime total, so it never clears.',
  },
  'M-1042': {
    audit: 'telemetry and graph state v105 (2025-12-25)',
    part: 'relay',
    says: 'The ages of the last record and the last error are not exported, or "never" reads as 0.',
  },
  'v8-L3': {
    audit: 'kafka streaming metrics v8 (2025-12-23)',
    part: 'relay',
    says: 'After a rebalance the lag gauge still reports partitions that other consumers hold.',
  },
  'M-481': {
    audit: 'DashFlow audit v10, date unknown (audit not available)',
    part: 'relay',
    says: 'A quiet partition is reported as lag 0, which hides a stuck consumer.',
  },
  'own-1': {
    audit: 'claim of this project',
    part: 'relay',
    says: 'A malformed record is not or wrongly accounted for, delivered, or drops valid records.',
  },
  'own-8': {
    audit: 'claim of this project',
    part: 'relay',
    says: 'Clients get records of aborted transactions, or the relay gets stuck behind them.',
  },
  'own-4': {
    audit: 'claim of this project',
    part: 'client',
    says: 'A client misjudges a malformed record, or distrusts correct state because of one.',
  },
  'M-740': {
    audit: 'graph state and telemetry v22 (2025-12-24)',
    part: 'client',
    says: 'A patch value that is not valid JSON is applied as text instead of refused.',
  },
  'M-741': {
    audit: 'graph state and telemetry v22 (2025-12-24)',
    part: 'client',
    says: 'Integers above 2^53 are rounded, so a correct state is reported as corrupted.',
  },
  'BUG-26': {
    audit: 'observed by this project',
    part: 'relay',
    says: 'A replay overlaps live delivery: records come twice, and out of order.',
  },
  '2X-1': {
    audit: 'observed by this project',
    part: 'relay',
    says: 'A replay jumps from its first page to the newest records and hides the gap between.',
  },
  '2X-15': {
    audit: 'observed by this project',
    part: 'relay',
    says: 'A record is broadcast before it is stored: a client that resumes between never gets it.',
  },
  'M-746': {
    audit: 'graph state and telemetry v22 (2025-12-24)',
    part: 'relay',
    says: 'A reset does not clear the replay buffer, so old records come back.',
  },
  'M-748': {
    audit: 'graph state and telemetry v22 (2025-12-24)',
    part: 'relay',
    says: 'The frame that ends a replay has other fields when the replay started at the newest.',
  },
  '2X-32': {
    audit: 'observed by this project',
    part: 'relay',
    says: 'An aborted handshake keeps the connection slot of its address forever.',
  },
  '2X-16': {
    audit: 'observed by this project',
    part: 'relay',
    says: 'A vanished client is not noticed while nothing is sent, and keeps its slot.',
  },
  '2X-6': {
    audit: 'observed by this project',
    part: 'relay',
    says: 'Every record waits for a slot among the Redis writes: a hung Redis blocks them all.',
  },
  '2X-8': {
    audit: 'observed by this project',
    part: 'relay',
    says: 'A replay reports records missing at its start, but not a hole in its middle.',
  },
  '2X-11': {
    audit: 'observed by this project',
    part: 'relay',
    says: 'After an outage, Redis is not used again once it is back.',
  },
  'own-2': {
    audit: 'claim of this project',
    part: 'relay',
    says: '/health does not report a Kafka outage, or reports one that is over or never was.',
  },
  '2X-2': {
    audit: 'observed by this project',
    part: 'relay',
    says: 'A text is cut inside a multi-byte character, which ends more than its sender.',
  },
  'M-1012': {
    audit: 'DashFlow audit, version and date unknown (audit not available)',
    part: 'relay',
    says: 'A resume may name any number of partitions and threads.',
  },
  'M-414': {
    audit: 'kafka streaming metrics v8 (2025-12-23)',
    part: 'relay',
    says: 'The last offset is committed instead of the next: each restart repeats one record.',
  },
  'M-1114': {
    audit: 'DashFlow audit, version and date unknown (audit not available)',
    part: 'relay',
    says: 'A restart of the relay causes gaps for clients although Kafka has every record.',
  },
  'M-702': {
    audit: 'DashFlow audit, version and date unknown (audit not available)',
    part: 'relay',
    says: 'Any client can choose its address by X-Forwarded-For and evade the connection limit.',
  },
  '2X-33': {
    audit: 'observed by this project',
    part: 'relay',
    says: 'Revoked partitions are reported as lag 0, which distorts every average.',
  },
  'M-809': {
    audit: 'websocket_server module v31, as cited in v35 (2025-12-25)',
    part: 'relay',
    says: 'The deadline of a replay starts after its work is done, so it ends nothing.',
  },
  'own-3': {
    audit: 'claim of this project',
    part: 'relay',
    says: 'After a pause of its own the relay closes clients that were not silent.',
  },
  'own-5': {
    audit: 'claim of this project',
    part: 'relay',
    says: 'A frame that no honest client sends closes or hangs a connection without need.',
  },
  'own-6': {
    audit: 'claim of this project',
    part: 'relay',
    says: 'A small valid record keeps the relay busy for seconds and blocks everything else.',
  },
  'M-742': {
    audit: 'graph state and telemetry v22 (2025-12-24)',
    part: 'relay',
    says: 'The time to live is passed to Redis unchecked: with 0 or a huge one nothing is stored.',
  },
  'v35-8': {
    audit: 'websocket_server module v35 (2025-12-25)',
    part: 'relay',
    says: 'A relay asked to stop does not exit, exits with an error, or does not notify clients.',
  },
  'own-7': {
    audit: 'claim of this project',
    part: 'relay',
    says: 'A page of another site, in a browser near the relay, can read and reset the stream.',
  },
  'own-9': {
    audit: 'claim of this project',
    part: 'relay',
    says: "Clients that request replays and do not read them fill the relay's memory.",
  },
  'own-10': {
    audit: 'claim of this project',
    part: 'relay',
    says: 'With a distant Kafka, replays wait for answers that do not arrive in time.',
  },
  'own-11': {
    audit: 'claim of this project',
    part: 'relay',
    says: 'After a restart the relay starts at the newest records again and skips those between.',
  },
  'own-12': {
    audit: 'claim of this project',
    part: 'relay',
    says: 'After a Redis failover the relay stays with the server that no longer accepts writes.',
  },
  'own-13': {
    audit: 'claim of this project',
    part: 'relay',
    says: "Clients that hold back the end of their messages fill the relay's memory.",
  },
  'own-14': {
    audit: 'claim of this project',
    part: 'relay',
    says: 'An invariant of the protocol is violated under random faults.',
  },
  'v8-A': {
    audit: 'kafka streaming metrics v8 (2025-12-23)',
    part: 'operations',
    says: 'Errors of the connection to Kafka are counted, and an outage does not page.',
  },
  'M-643': {
    audit: 'kafka streaming metrics v8 (2025-12-23)',
    part: 'operations',
    says: 'The alert on Kafka errors has one tier: a bounce of a second pages as an outage does.',
  },
  '2X-29': {
    audit: 'observed by this project',
    part: 'operations',
    says: 'The alerts on stuck partitions page on an idle topic, or not on a stuck partition.',
  },
  'own-15': {
    audit: 'claim of this project',
    part: 'operations',
    says: 'A relay that does not answer does not page.',
  },
} as const satisfies Record<string, Finding>

export type FindingId = keyof typeof findings
