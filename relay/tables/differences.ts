/**
 * Every deliberate difference from DashFlow's relay, once: what is different, why, and what a
 * client or an operator sees of it. PROTOCOL.md is printed from it. Everything else is meant to be
 * the same.
 */
import { readingDifferences } from './reading-differences.ts'
import type { DifferenceRow } from './difference-row.ts'
import { accessDifferences } from './access-differences.ts'

const delivery: readonly DifferenceRow[] = [
  {
    what: 'A client that falls behind the ring is sent partition and offsets of what it missed.',
    why: 'A count alone cannot be recovered from, and the cursor moves past the gap.',
    noticed: 'A live `gap` has `partition`, `firstOffset` and `lastOffset`; one per partition.',
  },
  {
    what: 'Live delivery begins with the first resume, or a second after the upgrade.',
    why: 'What arrived between upgrade and resume was delivered live and then replayed again.',
    noticed: 'No live record comes before the replay of a client that resumes at once.',
  },
  {
    what: 'A replay is fenced: it ends where live delivery goes on.',
    why: 'Records that arrived during the replay came twice, the second time with lower offsets.',
    noticed: 'Offsets of a partition only ascend, also from the replay to live delivery.',
  },
  {
    what: 'A client that the relay closes gets a close code, if its socket still accepts bytes.',
    why: 'A dropped connection says neither which side was at fault nor whether to reconnect.',
    noticed: 'Close codes as in the table, where DashFlow always shows 1005 or 1006.',
  },
  {
    what: 'Clients are closed when the topic was truncated or recreated.',
    why: 'Offsets went back on the connection, and new records were taken for old ones.',
    noticed: 'Close code 4006, and another epoch after the reconnect.',
  },
  {
    what: 'Silent clients are pinged, and closed when they do not answer.',
    why: 'A peer that has vanished would keep its slot forever on a quiet topic.',
    noticed: 'Ping frames after `WEBSOCKET_PING_INTERVAL_SECS` of silence.',
  },
  {
    what: 'The relay stops reading for a while from a client that sends too many frames.',
    why: 'The relay answered any number of pings and did nothing else meanwhile.',
    noticed: 'Its answers come later; `relay_clients_throttled_total` rises.',
  },
  {
    what: 'The limit per address counts IPv6 by /64, and all lines of `X-Forwarded-For`.',
    why: 'One host has a whole /64 of addresses, and can write the first line itself.',
    noticed: '429 for the eleventh socket of one network; proxies may be CIDR ranges.',
  },
  {
    what: 'The ring holds 65,536 records within 32 MiB by default, not 1,000 records of any size.',
    why: 'A limit in records alone bounds no memory: 1,000 records may be 10 GiB.',
    noticed: 'Short stalls cost no records; `relay_ring_bytes` shows what is held.',
  },
]

const resuming: readonly DifferenceRow[] = [
  {
    what: 'A resume with an entry that cannot be read is refused as a whole.',
    why: 'A skipped entry means "never seen": one wrong character replays the whole partition.',
    noticed: '`error` with the code `RESUME_INVALID` and the entry; the socket stays open.',
  },
  {
    what: 'A resume by thread gets whole records in the order of their partitions and offsets.',
    why: 'Sent thread by thread, records came twice, and only the last event of a batch counted.',
    noticed: 'Offsets of a partition ascend; every event of a batch counts; unknown threads: none.',
  },
  {
    what: 'What a resume by thread misses is declared, inside a thread as well as before it.',
    why: 'Only what was missing at the front was reported, and at most 1,000 records were read.',
    noticed:
      '`gap` with `threadId`, `firstSequence` and `lastSequence` after the records; and one with ' +
      'a partition for offsets whose threads are unknown.',
  },
  {
    what: 'A resume that names neither partitions nor threads asks for all partitions.',
    why: 'DashFlow takes it for a thread resume without threads and never answers.',
    noticed: 'Every resume is answered: by `replay_complete`, or by an `error`; also `thread`.',
  },
  {
    what: '`replay_complete` has the same fields in every mode.',
    why: 'Clients need one reader for it, also when there was nothing to replay.',
    noticed: '`capped`, `lastOffsetsByPartition`, `schema_version` and `epoch` are always there.',
  },
  {
    what: 'Gaps in the middle of a replay are declared, and nothing else is.',
    why: 'Lost writes were silent, while dead letters and first visits were reported as losses.',
    noticed: '`gap` stands before the record that follows it, with its exact offsets.',
  },
  {
    what: 'A cursor directly below the oldest retained record is not stale.',
    why: 'It has missed nothing.',
    noticed: 'No `cursor_stale` for it.',
  },
  {
    what: 'A cursor beyond the end of the log, or of another epoch, counts as never given.',
    why: 'After a topic was recreated, old cursors would silently get nothing.',
    noticed: '`cursor_stale`, then the replay begins at the oldest retained record.',
  },
  {
    what: 'A replay never sends more than `REPLAY_MAX_TOTAL` records.',
    why: 'The cap was only checked between pages, and a page has no limit in bytes.',
    noticed: '`totalReplayed` is at most the cap; `capped` says that there is more.',
  },
  {
    what: 'After a capped replay live records wait until the client could ask for the rest.',
    why: 'The first live record moved its cursor past everything that was left out.',
    noticed:
      'Without another resume within `WEBSOCKET_SEND_TIMEOUT_SECS`: a `gap` for each partition ' +
      'with the rest, then live records.',
  },
  {
    what: 'After a replay that timed out or failed the relay closes and sends nothing more.',
    why: 'Live records after it would hide the records that it did not reach.',
    noticed: '`error`, then the close code.',
  },
  {
    what: 'A replay that could not read Redis says so.',
    why: 'A replay from memory alone looked like a complete one.',
    noticed: '`replay_complete.degraded`, and gaps for what could not be read.',
  },
  {
    what: 'A frame costs the client by its bytes, and entries beyond the limit are not parsed.',
    why: 'A frame of 1 MiB with 85,000 entries was parsed to its end before it was refused.',
    noticed: 'The relay reads later from a client that sends much; `{n}` is `at least` limit + 1.',
  },
  {
    what: 'Resumes, replays and resets have limits, for one client and for all together.',
    why: 'A resume of 60 bytes cost a whole replay, and a client could send them in a loop.',
    noticed: '`TOO_MANY_RESUMES`, `TOO_MANY_RESETS`; `REPLAY_BUSY` closes with 4005.',
  },
  {
    what: 'Replay slots are shared fairly by address; a replay may wait between two pages.',
    why: 'A few addresses that read slowly held all slots and kept all other clients out.',
    noticed: 'The address with fewer replays in progress goes first; IPv6 counts by /64.',
  },
  {
    what: '`bufferCleared` is true only if it is true; what was reset is never shown again.',
    why: 'It was always true, even when Redis was never reached.',
    noticed: '`bufferCleared: false`, and the epoch changes in any case.',
  },
  {
    what: 'A reset by one relay holds for all that share the namespace.',
    why: 'What another relay had in memory or had yet to write came back after it.',
    noticed: 'The other relay takes over the new epoch and discards what it had.',
  },
]

const buffer: readonly DifferenceRow[] = [
  {
    what: 'Redis holds streams of blocks, under `dashstream-replay:{<namespace>}:partition:<p>`.',
    why: 'Sorted sets order by doubles, are trimmed now and then, and need one key per record.',
    noticed: "The two relays cannot read each other's replay buffer. Redis 6.2 is needed.",
  },
  {
    what: 'The replay buffer is limited in bytes too, and exactly: `REDIS_PARTITION_BYTES_MAX`.',
    why: 'Records differ in size: a limit in records bounds no memory.',
    noticed: 'Large records leave earlier; one above the limit is a gap and counted `too_large`.',
  },
  {
    what: 'No key lives longer than `REDIS_MESSAGE_TTL_SECS` after it was last written.',
    why: 'Nor is a record kept longer than that, by any relay, while one is connected.',
    noticed: 'The keys of an idle namespace expire together; a restart does not extend the time.',
  },
  {
    what: 'Redis Cluster is supported: the buffer of one topic is in one slot, by its hash tag.',
    why: 'Keys of one write were in several slots: each write was refused, and nothing said so.',
    noticed: 'One node holds it all; the relay follows the slot when it moves. Database 0 alone.',
  },
  {
    what: 'What Redis refuses is reported by name; the primary is found again after a failover.',
    why: 'After a failover behind one address the relay stayed with the read-only replica.',
    noticed:
      '`redis_refusal` and an `alert` in /health, `relay_replay_redis_refusals_total{reason}`, ' +
      'one line in the log; a replica, also one from the start, is never written to nor read.',
  },
  {
    what: 'The relay tries to connect to Redis forever, and live delivery never waits for Redis.',
    why: 'Without Redis at the start there was no replay until a restart; a hung one slowed all.',
    noticed: '`redis_enabled` means configured; `redis_connected` means that Redis answers.',
  },
  {
    what: "The epoch contains the topic's id, so that a recreated topic has another epoch.",
    why: 'What was kept of the old topic was replayed as the new one, also after a restart.',
    noticed: 'Kafka before 2.8 has no ids: only a log that ends below what was seen is noticed.',
  },
  {
    what: "The namespace includes Kafka's own cluster id when `KAFKA_CLUSTER_ID` is not set.",
    why: 'Two clusters behind one address shared cursors and replay keys.',
    noticed: '`resume_namespace` is `v2_…`; before the cluster is known it is null.',
  },
  {
    what: 'Relays with groups of their own can share cursors and replay buffer.',
    why: 'The group is part of the namespace: a client that moved got everything again.',
    noticed: '`REPLAY_GROUP_ID`; their `resume_namespace` is the same.',
  },
]

const malformed: readonly DifferenceRow[] = [
  {
    what: 'A batch that cannot be unpacked or read is one dead letter; its partition goes on.',
    why: 'It may unpack to any size, and its records cannot be separated before that.',
    noticed: '`kafka_last_offset` in the dead letter; `relay_unreadable_batches_total` says why.',
  },
  {
    what: 'Checksums of batches are checked only where a batch cannot be read.',
    why: 'The broker has checked them, and a pass over every byte costs much and finds nothing.',
    noticed: 'The dead letter says `its checksum is wrong` where bytes were damaged after that.',
  },
  {
    what: 'Positions move past unreadable offsets: markers, aborted records, empty batches.',
    why: 'Behind them lag stayed above 0 forever, and commits did not move.',
    noticed: 'Committed offsets reach the end of the log.',
  },
  {
    what: 'Records of an open transaction are neither lag nor a stall before it ends.',
    why: 'No consumer can read them, and a restart of the relay would not change that.',
    noticed: '`kafka-transactions.sh find-hanging` finds a transaction that is never ended.',
  },
  {
    what: 'An offset is committed only when the dead letter of every record below it is settled.',
    why: 'A crash between commit and dead letter lost the record without a trace.',
    noticed:
      'Commits wait for dead letters, with `DLQ_MODE=fail_open` at most `DLQ_SEND_TIMEOUT_SECS`.',
  },
  {
    what: 'With `DLQ_MODE=fail_closed` dead letters are retried forever.',
    why: 'Where every malformed record must be kept, a lost dead letter is a loss of data.',
    noticed: 'An `alert`, `relay_dlq_waiting`, and in the end `relay_paused_partitions`.',
  },
  {
    what: 'One request carries many dead letters, without payload where the topic allows no more.',
    why: 'One request each lost all but a hundred of a burst, and large ones always.',
    noticed: '`payload_truncation_note`; `backpressure` beyond `DLQ_WAITING_BYTES_MAX` only.',
  },
  {
    what: 'The `trace_id` of a dead letter depends on its record alone.',
    why: 'A record that is read again after a crash had a second one that nothing could match.',
    noticed: 'The same key, and a UUID of version 8.',
  },
  {
    what: '`thread_id` of a dead letter is filled where the header of the record could be read.',
    why: 'It was read from bytes with their framing still on, which never succeeds.',
    noticed: 'Null only where the record broke off before it. `tenant_id` stays null.',
  },
  {
    what: 'A malformed record from before the start has a dead letter too.',
    why: 'No client ever gets it: without a dead letter it would be gone without a trace.',
    noticed: '`websocket_old_data_decode_errors_total` counts it apart; it never pauses.',
  },
  {
    what: 'The line in the log for a malformed record holds none of its bytes, old or new.',
    why: 'They may hold secrets; and a flood of these records flooded the log.',
    noticed: 'At most ten lines a minute, then one with the number of `records` that had none.',
  },
  {
    what: 'The pause policy stops one partition, until the relay starts again.',
    why: 'One malformed record stopped all partitions, and /health did not say so.',
    noticed: 'An `alert` with partition and offset; `relay_paused_partitions`.',
  },
]

const observability: readonly DifferenceRow[] = [
  {
    what: 'Warnings about Redis and missing payloads are decided from the window.',
    why: 'A warning from a lifetime total never ends.',
    noticed: '`alert` clears when the errors stop; its text has recent and lifetime counts.',
  },
  {
    what: '`status` is `reconnecting` only while an error is the latest result from Kafka.',
    why: 'One error marked a relay as reconnecting for two minutes while records flowed.',
    noticed: '`healthy` again with the first record after the error.',
  },
  {
    what: '`status` is `degraded` when records wait in Kafka and none arrive.',
    why: 'A consumer that is stuck looked like an idle topic.',
    noticed: 'An `alert` with the number of waiting records; an idle topic stays `waiting`.',
  },
  {
    what: 'The circuit breaker ends a relay whose consumer is stalled, and nothing else.',
    why: 'An idle topic tripped it, and the countdown that it announced was not the real one.',
    noticed: '`circuit_breaker` counts `HEALTH_BREAKER_SECS` down; then 1001 and exit code 75.',
  },
  {
    what: '`connected_clients` counts clients, from one source.',
    why: 'It was one too many, and differed between /health and /metrics.',
    noticed: '`no_clients` when there are none.',
  },
  {
    what: 'Lag series exist for assigned partitions only, and disappear when nothing is known.',
    why: 'A revoked partition read 0, which is a perfect consumer; one never read had no series.',
    noticed: 'Absent series; `websocket_kafka_lag_last_success_timestamp_seconds` has the age.',
  },
  {
    what: 'Late records stay in the latency histogram; only future timestamps are clock skew.',
    why: 'A backlog of more than a minute disappeared from the percentiles.',
    noticed: '`websocket_e2e_latency_ms` rises during a catch-up.',
  },
  {
    what: 'Latency has a second histogram, from 1 ms on.',
    why: 'The first bucket of the other ends at 100 ms: every quantile of a fast relay reads 99.',
    noticed: '`relay_e2e_latency_seconds`, of the same records as `websocket_e2e_latency_ms`.',
  },
  {
    what: 'Sequences are judged by partition, reset with each assignment, and batches by event.',
    why: 'What another member had read in between was a gap; of a batch only the last one counted.',
    noticed: '`dashstream_sequence_*` counts what the log lacks, not what the relay did not read.',
  },
  {
    what: 'Thread ids are taken as they are, neither trimmed nor shortened.',
    why: 'Two threads became one, and a client that asked for the id it saw got nothing.',
    noticed: 'A resume by thread names ids exactly as in the records, spaces included.',
  },
  {
    what: '`tls_failure` and `auth_failure` are types of Kafka errors of their own.',
    why: 'They were `unknown` or `broker_down`, and are fixed elsewhere.',
    noticed: '`websocket_kafka_errors_by_type_total` has two more values of `error_type`.',
  },
  {
    what: 'The producer of dead letters connects with the first of them.',
    why: 'A relay that never meets a malformed record needs no extra connection.',
    noticed: '`dashstream_ws_retry_count` has no `operation="dlq_producer_create"`.',
  },
  {
    what: 'All series of a counter exist from the start, and none is called `init`.',
    why: 'A rate over a series that begins with its first event misses that event.',
    noticed: 'Zeros; and the content type of /metrics names the version of the format.',
  },
  {
    what: 'A pinned schema is stored, or refused; changing one needs what `cursor_reset` needs.',
    why: 'Any client could fill the memory, and 200 was sent when nothing had been written.',
    noticed: '200 means on disk; other statuses say why not. A broken file is moved aside.',
  },
  {
    what: 'A connection that never becomes a client ends after `WEBSOCKET_HTTP_TIMEOUT_SECS`.',
    why: 'Half a request, or an answer that is never read, held a connection forever.',
    noticed: 'Closed; `relay_refused_connections_total{reason="pending"}` if it was too many.',
  },
  {
    what: 'All that clients make the relay hold has a budget, in shares with limits.',
    why: '20 clients that read nothing, or 100 incomplete messages, cost hundreds of MiB.',
    noticed:
      'Close code 4007 for incomplete messages; `REPLAY_BUSY` without memory for a page; ' +
      '503 beyond the limit of open files; `relay_memory_used_bytes` by share.',
  },
  {
    what: 'A message in more than 1,024 fragments, or in more than 4,096 reads, ends the client.',
    why: '1 MiB sent byte by byte cost hundreds of MiB while it came.',
    noticed: 'Close code 1008.',
  },
  {
    what: 'A log that is not read loses lines; no line shows a secret, encoded ones included.',
    why: 'A stalled reader of stdout stopped the relay, and libraries log what they were given.',
    noticed: 'A line with the number of lost lines, `relay_log_lines_lost_total`; `***`.',
  },
  {
    what: 'Certificates and keys that cannot be used are reported with the wrong settings.',
    why: 'They looked like a broker that cannot be reached.',
    noticed: 'Exit code 1 within seconds, and one message with all that is wrong.',
  },
  {
    what: 'Settings out of bounds are clamped with a warning; invalid ones stop the start.',
    why: 'A wrong value was replaced by the default, or overflowed.',
    noticed: '/version shows every effective setting, except secrets.',
  },
]

export const differences: readonly DifferenceRow[] = [
  ...delivery,
  ...resuming,
  ...buffer,
  ...malformed,
  ...readingDifferences,
  ...observability,
  ...accessDifferences,
]
