/**
 * The findings that scenarios answer: what an audit said, in one sentence, and where it said it.
 * Ids are those of the audits, which are unique only together with the audit; `2X-…` and `BUG-…`
 * are observations that no audit lists, `own-…` are claims of this project.
 */
export interface Finding {
  readonly audit: string
  readonly part: 'relay' | 'client' | 'producer' | 'operations'
  /** What is wrong, as a sentence a relay's owner can check. */
  readonly says: string
}

export const findings = {
  'v8-L1': {
    audit: 'kafka streaming metrics v8',
    part: 'relay',
    says: 'A queue without a bound grows for as long as its reader is slower than its writer.',
  },
  '2X-14': {
    audit: 'observation',
    part: 'relay',
    says: 'Buffers are bounded by count, not by bytes: large records exhaust the memory.',
  },
  'M-1033': {
    audit: 'telemetry and graph state v105',
    part: 'relay',
    says: 'The send timeout is fixed, and sends that time out are counted nowhere.',
  },
  'M-1034': {
    audit: 'telemetry and graph state v105',
    part: 'relay',
    says: 'Control frames are sent without a deadline: a stalled client holds its slot for ever.',
  },
  'M-1035': {
    audit: 'telemetry and graph state v105',
    part: 'relay',
    says: '/health and /metrics count clients each in its own way, and not those that are there.',
  },
  'M-1041': {
    audit: 'telemetry and graph state v105',
    part: 'relay',
    says: 'A warning is decided from a lifetime total and so never ends.',
  },
  'M-1042': {
    audit: 'telemetry and graph state v105',
    part: 'relay',
    says: 'The ages of the last record and the last error are not exported, or "never" reads as 0.',
  },
  'v8-L3': {
    audit: 'kafka streaming metrics v8',
    part: 'relay',
    says: 'After a rebalance the lag gauge goes on reporting partitions that belong to others.',
  },
  'M-481': {
    audit: 'kafka streaming metrics v10',
    part: 'relay',
    says: 'A partition that is quiet is reported as lag 0, which hides a consumer that is stuck.',
  },
  'own-1': {
    audit: 'claim of this project',
    part: 'relay',
    says: 'A malformed record leaves no trace or a wrong one, leaks, or takes valid ones along.',
  },
  'own-8': {
    audit: 'claim of this project',
    part: 'relay',
    says: 'Clients get records of aborted transactions, or the relay stands still behind such.',
  },
  'own-4': {
    audit: 'claim of this project',
    part: 'client',
    says: 'A client misjudges a malformed record, or doubts what it knows rightly because of one.',
  },
  'M-740': {
    audit: 'graph state and telemetry v22',
    part: 'client',
    says: 'A patch value that is not valid JSON is applied as text instead of being refused.',
  },
  'M-741': {
    audit: 'graph state and telemetry v22',
    part: 'client',
    says: 'Integers above 2^53 are rounded, so that a correct state is called corrupted.',
  },
  'BUG-26': {
    audit: 'observation',
    part: 'relay',
    says: 'A replay runs into what comes live: records come twice, the second time going back.',
  },
  '2X-1': {
    audit: 'observation',
    part: 'relay',
    says: 'A replay jumps from its first page to the newest records and hides what lies between.',
  },
  '2X-15': {
    audit: 'observation',
    part: 'relay',
    says: 'A record goes out before it can be replayed: who resumes in between never gets it.',
  },
  'M-746': {
    audit: 'graph state and telemetry v22',
    part: 'relay',
    says: 'A reset leaves the replay buffer as it is, so that old history comes back.',
  },
  'M-748': {
    audit: 'graph state and telemetry v22',
    part: 'relay',
    says: 'The frame that ends a replay has other fields when the replay began with the newest.',
  },
  '2X-32': {
    audit: 'observation',
    part: 'relay',
    says: 'A handshake that is broken off keeps the slot of its address for ever.',
  },
  '2X-16': {
    audit: 'observation',
    part: 'relay',
    says: 'A client that vanished is never noticed while nothing is sent, and keeps its slot.',
  },
  '2X-6': {
    audit: 'observation',
    part: 'relay',
    says: 'Every record waits for a place among the writes to Redis: when Redis hangs, all does.',
  },
  '2X-8': {
    audit: 'observation',
    part: 'relay',
    says: 'Only what is missing at the beginning of a replay is told, not a hole in its middle.',
  },
  '2X-11': {
    audit: 'observation',
    part: 'relay',
    says: 'A Redis that was lost is not used again once it is back.',
  },
  'own-2': {
    audit: 'claim of this project',
    part: 'relay',
    says: 'Health does not tell an outage of Kafka, or tells one that is over or never was.',
  },
  '2X-2': {
    audit: 'observation',
    part: 'relay',
    says: 'A text is cut inside a character for a message: whoever sends it ends more than itself.',
  },
  'M-1012': {
    audit: 'another audit',
    part: 'relay',
    says: 'A resume may name any number of partitions and threads.',
  },
  'M-414': {
    audit: 'kafka streaming metrics v8',
    part: 'relay',
    says: 'The last offset is committed instead of the next: one record comes again each time.',
  },
  'M-1114': {
    audit: 'another audit',
    part: 'relay',
    says: 'A restart of the relay makes gaps in what clients get, although Kafka has all of it.',
  },
  'M-702': {
    audit: 'another audit',
    part: 'relay',
    says: 'Whoever sends an X-Forwarded-For is counted under it, and so under as many as it likes.',
  },
  '2X-33': {
    audit: 'observation',
    part: 'relay',
    says: 'Partitions that were taken away are reported as lag 0, which distorts every average.',
  },
  'M-809': {
    audit: 'websocket_server module v31',
    part: 'relay',
    says: 'The deadline of a replay is set when its work is done already, so it ends nothing.',
  },
  'own-3': {
    audit: 'claim of this project',
    part: 'relay',
    says: 'A relay that stood still for a while gives up clients that were not silent at all.',
  },
  'own-5': {
    audit: 'claim of this project',
    part: 'relay',
    says: 'A frame that no honest client sends ends a connection, or hangs it, for nothing.',
  },
  'own-6': {
    audit: 'claim of this project',
    part: 'relay',
    says: 'A small record that is valid keeps a relay busy for seconds, and from everything else.',
  },
  'M-742': {
    audit: 'graph state and telemetry v22',
    part: 'relay',
    says: 'A time to live goes to Redis unchecked: 0, or too long a one, and nothing is kept.',
  },
  'v35-8': {
    audit: 'websocket_server module v35',
    part: 'relay',
    says: 'A relay that is asked to stop does not end, ends with an error, or tells no client.',
  },
  'own-7': {
    audit: 'claim of this project',
    part: 'relay',
    says: 'A page of another site, in a browser near the relay, reads and resets the stream.',
  },
  'own-9': {
    audit: 'claim of this project',
    part: 'relay',
    says: 'Clients that ask for replays and do not read them fill the memory of the relay.',
  },
  'own-10': {
    audit: 'claim of this project',
    part: 'relay',
    says: 'Replays wait for answers of Kafka that do not come in their time where it is far away.',
  },
  'own-11': {
    audit: 'claim of this project',
    part: 'relay',
    says: 'A relay begins at the newest records once more, and skips what came while it was away.',
  },
  'own-12': {
    audit: 'claim of this project',
    part: 'relay',
    says: 'After a failover of Redis a relay stays with the server that takes no writes any more.',
  },
  'own-13': {
    audit: 'claim of this project',
    part: 'relay',
    says: 'Clients that hold back the ends of their messages fill the memory of the relay.',
  },
  'own-14': {
    audit: 'claim of this project',
    part: 'relay',
    says: 'Under random faults an invariant of the protocol does not hold.',
  },
} as const satisfies Record<string, Finding>

export type FindingId = keyof typeof findings
