/** Settings of Kafka: brokers, group, lag monitor, security, malformed records and dead letters. */
import {
  choice,
  flag,
  KiB,
  MiB,
  number,
  ours,
  seconds,
  type SettingRow,
  text,
} from './setting-row.ts'

export const kafkaSettingRows = {
  kafkaBrokers: text(
    'KAFKA_BROKERS',
    '127.0.0.1:9092',
    'Comma-separated list of host:port; an IPv6 address in brackets.',
  ),
  kafkaAddressFamily: choice(
    'KAFKA_BROKER_ADDRESS_FAMILY',
    ['auto', 'any', 'v4', 'v6'],
    'auto',
    'Which addresses of a broker name are used; `auto` is v4 where a broker is this machine.',
  ),
  kafkaTopic: text('KAFKA_TOPIC', 'dashstream-quality', 'The one topic that is relayed.'),
  kafkaDlqTopic: text(
    'KAFKA_DLQ_TOPIC',
    '',
    'Dead-letter topic, never the one that is relayed; empty means `<topic>-dlq`.',
  ),
  kafkaGroupId: text('KAFKA_GROUP_ID', 'websocket-server-v4', 'Consumer group.'),
  kafkaClusterId: text(
    'KAFKA_CLUSTER_ID',
    '',
    'Part of the resume namespace; empty means the id that the cluster itself reports.',
  ),
  replayGroupId: text(
    'REPLAY_GROUP_ID',
    '',
    'Group in the resume namespace, in place of `KAFKA_GROUP_ID`: relays that each read the ' +
      'whole topic, in groups of their own, share cursors and replay buffer if it is the same ' +
      'in all of them.',
    ours,
  ),
  kafkaAutoOffsetReset: choice(
    'KAFKA_AUTO_OFFSET_RESET',
    ['earliest', 'latest'],
    'earliest',
    'Where a group without a committed offset starts.',
  ),
  kafkaOnDecodeError: choice(
    'KAFKA_ON_DECODE_ERROR',
    ['skip', 'pause'],
    'skip',
    'What to do with a malformed record: dead-letter it and go on, or pause its partition.',
  ),
  oldDataUseTimestamp: flag(
    'KAFKA_OLD_DATA_USE_TIMESTAMP',
    false,
    'Distinguish old records from new by timestamp instead of by the offset at start.',
  ),
  oldDataGraceMs: seconds(
    'KAFKA_OLD_DATA_GRACE_SECONDS',
    [30, 0, 86_400],
    'Tolerance of `KAFKA_OLD_DATA_USE_TIMESTAMP`.',
  ),
  lagIntervalMs: seconds(
    'KAFKA_LAG_CHECK_INTERVAL_SECS',
    [10, 1, 3_600],
    'Time between two polls of the lag monitor.',
  ),
  lagPollTimeoutMs: number(
    'KAFKA_LAG_POLL_TIMEOUT_MS',
    'ms',
    [1_000, 100, 30_000],
    'Deadline of one poll of the lag monitor; the first has that of a request, if longer.',
    ours,
  ),
  lagStaleMs: seconds(
    'KAFKA_LAG_STALE_PARTITION_SECS',
    [60, 1, 86_400],
    'Age of the last record after which a lagging partition is logged as stale.',
  ),
  kafkaSessionTimeoutMs: number(
    'KAFKA_SESSION_TIMEOUT_MS',
    'ms',
    [30_000, 6_000, 300_000],
    'Group session timeout.',
    ours,
  ),
  kafkaRebalanceTimeoutMs: number(
    'KAFKA_REBALANCE_TIMEOUT_MS',
    'ms',
    [60_000, 3_000, 300_000],
    'How long a rebalance waits for this member.',
    ours,
  ),
  kafkaHeartbeatMs: number(
    'KAFKA_HEARTBEAT_INTERVAL_MS',
    'ms',
    [3_000, 500, 60_000],
    'Time between two heartbeats to the group.',
    ours,
  ),
  kafkaRequestTimeoutMs: number(
    'KAFKA_REQUEST_TIMEOUT_MS',
    'ms',
    [10_000, 1_000, 120_000],
    'Deadline of one request to a broker.',
    ours,
  ),
  kafkaFetchWaitMsMax: number(
    'KAFKA_FETCH_MAX_WAIT_MS',
    'ms',
    [50, 1, 5_000],
    'How long the broker may hold a fetch that has no records.',
    ours,
  ),
  commitIntervalMs: number(
    'KAFKA_COMMIT_INTERVAL_MS',
    'ms',
    [1_000, 100, 60_000],
    'Time between two commits of the offsets that were offered to clients.',
    ours,
  ),
  inflightBytesMax: number(
    'KAFKA_INFLIGHT_BYTES_MAX',
    'bytes',
    [32 * MiB, 1 * MiB, 1_024 * MiB],
    'Bytes of one fetch from a broker, unpacked, and of batches that wait while other partitions ' +
      'are fetched: these hold at most a quarter of it, or are a single larger one. A batch that ' +
      'alone unpacks to more than all of it, and to more than two payloads of the largest size, ' +
      'becomes a dead letter.',
    ours,
  ),
  kafkaSecurityProtocol: choice(
    'KAFKA_SECURITY_PROTOCOL',
    ['plaintext', 'ssl', 'sasl_plaintext', 'sasl_ssl'],
    'plaintext',
    'How every Kafka client connects.',
  ),
  kafkaSaslMechanism: choice(
    'KAFKA_SASL_MECHANISM',
    ['', 'PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'],
    '',
    'SASL mechanism; needed by the sasl_* protocols. GSSAPI and OAUTHBEARER are not supported.',
  ),
  kafkaSaslUsername: text('KAFKA_SASL_USERNAME', '', 'Set together with the password.'),
  kafkaSaslPassword: text('KAFKA_SASL_PASSWORD', '', 'Set together with the username.', {
    isSecret: true,
  }),
  kafkaSslCaFile: text('KAFKA_SSL_CA_LOCATION', '', 'Path of the CA certificate.'),
  kafkaSslCertFile: text('KAFKA_SSL_CERTIFICATE_LOCATION', '', 'Client certificate; with its key.'),
  kafkaSslKeyFile: text('KAFKA_SSL_KEY_LOCATION', '', 'Client key; with its certificate.'),
  kafkaSslKeyPassword: text('KAFKA_SSL_KEY_PASSWORD', '', 'Password of the key.', {
    isSecret: true,
  }),
  kafkaSslEndpointAlgorithm: choice(
    'KAFKA_SSL_ENDPOINT_ALGORITHM',
    ['https', 'none', ''],
    'https',
    'Whether the broker name is checked against its certificate.',
  ),
  dlqMode: choice(
    'DLQ_MODE',
    ['fail_open', 'fail_closed'],
    'fail_open',
    'What happens to a dead letter that Kafka does not accept: it is counted as lost and the ' +
      'stream goes on, or it is retried forever: no offset after it is committed, and its ' +
      'partition is paused when too many wait.',
    ours,
  ),
  dlqWaitingBytesMax: number(
    'DLQ_WAITING_BYTES_MAX',
    'bytes',
    [32 * MiB, 64 * KiB, 1_024 * MiB],
    'Bytes of dead letters that may wait for Kafka. Above that a dead letter is lost as ' +
      '`backpressure` when `DLQ_MODE` is fail_open; else its partition waits.',
    ours,
  ),
  dlqSendTimeoutMs: seconds('DLQ_SEND_TIMEOUT_SECS', [5, 1, 120], 'Deadline of one DLQ send.', {
    zeroMeans: 'the default',
  }),
  dlqSendsMax: number(
    'MAX_CONCURRENT_DLQ_SENDS',
    'count',
    [100, 1, 10_000],
    'DLQ requests in flight at once, each with many dead letters; others wait.',
  ),
  isDlqPayloadIncluded: flag(
    'DLQ_INCLUDE_FULL_PAYLOAD',
    false,
    'Put the whole payload, not only its hash and ends, into the DLQ record.',
  ),
} as const satisfies Record<string, SettingRow>
