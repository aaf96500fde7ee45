/**
 * Every setting of the relay, once. Types, the parser, `/version`, CONFIG.md and `.env.example`
 * are derived from this table. The env names are DashFlow's, except where a row says "ours".
 *
 * A row's key is the name that the code uses (noun + unit + bound); `env` is the contract.
 * `scale` turns the contract's unit into ours (seconds to milliseconds: 1000).
 */

import { accessSettingRows } from './access-settings.ts'
import { kafkaSettingRows } from './kafka-settings.ts'
import { memorySettingRows } from './memory-settings.ts'
import {
  choice,
  KiB,
  MiB,
  number,
  ours,
  seconds,
  type SettingRow,
  text,
} from './setting-row.ts'

export type { ChoiceRow, FlagRow, ListRow, NumberRow, SettingRow, TextRow } from './setting-row.ts'

export const settingRows = {
  ...kafkaSettingRows,
  ...memorySettingRows,
  redisUrl: text('REDIS_URL', 'redis://127.0.0.1:6379', 'Replay buffer; may hold a password.', {
    isSecret: true,
  }),
  replayTtlMs: seconds(
    'REDIS_MESSAGE_TTL_SECS',
    [3_600, 1, 2_592_000],
    'How long a replayable record is kept.',
    { zeroMeans: 'the default' },
  ),
  replayRecordsPerPartitionMax: number(
    'REDIS_MAX_SEQUENCES',
    'count',
    [10_000, 1, 10_000_000],
    'Records kept for replay per partition.',
  ),
  redisPartitionBytesMax: number(
    'REDIS_PARTITION_BYTES_MAX',
    'bytes',
    [64 * MiB, 64 * KiB, 65_536 * MiB],
    'Bytes kept for replay per partition; whichever bound is reached first applies. A larger ' +
      'record is not kept in Redis.',
    ours,
  ),
  redisWritesMax: number(
    'REDIS_MAX_CONCURRENT_WRITES',
    'count',
    [100, 1, 10_000],
    'Redis pipelines in flight at once; above that, records are dropped from replay and counted.',
  ),
  redisTimeoutMs: number(
    'REDIS_TIMEOUT_MS',
    'ms',
    [2_000, 50, 60_000],
    'Deadline of one Redis round trip.',
    ours,
  ),
  redisClearTimeoutMs: seconds(
    'REDIS_CLEAR_TIMEOUT_SECS',
    [5, 1, 120],
    'Deadline of clearing the replay buffer.',
  ),
  replayMemoryRecordsMax: number(
    'REPLAY_BUFFER_MEMORY_SIZE',
    'count',
    [1_000, 1, 1_000_000],
    'Records kept for replay from memory.',
  ),
  replayMemoryBytesMax: number(
    'REPLAY_BUFFER_MEMORY_BYTES',
    'bytes',
    [16 * MiB, 64 * KiB, 4_096 * MiB],
    'Bytes kept for replay from memory; whichever bound is reached first applies.',
    ours,
  ),
  redisQueueBytesMax: number(
    'REDIS_QUEUE_BYTES_MAX',
    'bytes',
    [16 * MiB, 64 * KiB, 4_096 * MiB],
    'Bytes that wait for Redis or are in flight; above that the oldest are dropped and counted.',
    ours,
  ),
  replayTimeoutMs: seconds('REPLAY_TIMEOUT_SECS', [30, 1, 3_600], 'Deadline of one replay.', {
    zeroMeans: 'the default',
  }),
  replayRecordsMax: number(
    'REPLAY_MAX_TOTAL',
    'count',
    [10_000, 1, 10_000_000],
    'Records of one replay; where there are more, it ends as `capped`.',
    { zeroMeans: 'the default' },
  ),
  host: text('WEBSOCKET_HOST', '127.0.0.1', 'Host to listen on; IPv6 with or without brackets.', {
    isHost: true,
  }),
  port: number(
    'WEBSOCKET_PORT',
    'port',
    [0, 0, 65_535],
    'Port to listen on.',
    { zeroMeans: 'the first free port of 3002 to 3005' },
  ),
  ringRecordsMax: number(
    'WEBSOCKET_BUFFER_SIZE',
    'count',
    [65_536, 16, 10_000_000],
    'Records that the shared ring keeps for clients that are behind.',
  ),
  ringBytesMax: number(
    'WEBSOCKET_BUFFER_BYTES',
    'bytes',
    [32 * MiB, 256 * KiB, 4_096 * MiB],
    'Bytes that the shared ring keeps; whichever bound is reached first applies.',
    ours,
  ),
  pinnedBytesMax: number(
    'WEBSOCKET_PINNED_BYTES',
    'bytes',
    [32 * MiB, 1 * MiB, 4_096 * MiB],
    'Bytes that left the ring and are still held by sockets; above that the client furthest ' +
      'behind is closed.',
    ours,
  ),
  clientWriteBytesMax: number(
    'WEBSOCKET_WRITE_BYTES',
    'bytes',
    [256 * KiB, 16 * KiB, 4 * MiB],
    'Bytes handed to one socket in one write.',
    ours,
  ),
  flushIntervalMs: number(
    'WEBSOCKET_FLUSH_INTERVAL_MS',
    'ms',
    [4, 0, 1_000],
    'Least time between flushes under load, up to twice that for full ones; 0 when idle.',
    ours,
  ),
  payloadBytesMax: number(
    'WEBSOCKET_MAX_PAYLOAD_BYTES',
    'bytes',
    [10 * MiB, 1 * KiB, 256 * MiB],
    'Largest protobuf of a record, also after decompression.',
  ),
  sendTimeoutMs: seconds(
    'WEBSOCKET_SEND_TIMEOUT_SECS',
    [5, 1, 60],
    'How long one write to a client may wait before the client is closed.',
    { zeroMeans: 'the default' },
  ),
  pingIntervalMs: seconds(
    'WEBSOCKET_PING_INTERVAL_SECS',
    [25, 1, 3_600],
    'Silence of a client after which it is pinged; after the same time again it is closed.',
    ours,
  ),
  resumeGraceMs: number(
    'WEBSOCKET_RESUME_GRACE_MS',
    'ms',
    [1_000, 0, 60_000],
    'How long a new client may take to send a resume before live delivery starts.',
    ours,
  ),
  connectionsPerIpMax: number(
    'WEBSOCKET_MAX_CONNECTIONS_PER_IP',
    'count',
    [10, 1, 100_000],
    'Sockets per client address; one more gets 429.',
  ),
  connectionsMax: number(
    'WEBSOCKET_MAX_CONNECTIONS',
    'count',
    [20_000, 1, 1_000_000],
    'Sockets of all addresses together; one more gets 503.',
    ours,
  ),
  httpTimeoutMs: seconds(
    'WEBSOCKET_HTTP_TIMEOUT_SECS',
    [10, 1, 300],
    'How long a request or a handshake may take to arrive, and an answer may take to be read.',
    ours,
  ),
  pendingConnectionsMax: number(
    'WEBSOCKET_MAX_CONNECTIONS_PENDING',
    'count',
    [1_000, 4, 100_000],
    'Connections that are not (yet) a WebSocket; one more closes the oldest of them.',
    ours,
  ),
  clientFramesPerSecondMax: number(
    'WEBSOCKET_CLIENT_FRAMES_PER_SEC',
    'count',
    [500, 0, 1_000_000],
    'Frames that a client may send in a second, with bursts of ten times that; above that the ' +
      'relay pauses reading from it. Each 256 bytes of a frame count as one more.',
    { zeroMeans: 'no limit', isOurs: true },
  ),
  clientResumesPerMinuteMax: number(
    'WEBSOCKET_CLIENT_RESUMES_PER_MIN',
    'count',
    [120, 0, 1_000_000],
    'Resumes that a client may send in a minute; above that they are refused.',
    { zeroMeans: 'no limit', isOurs: true },
  ),
  clientQueuesBytesMax: number(
    'WEBSOCKET_CLIENT_QUEUES_BYTES',
    'bytes',
    [64 * MiB, 1 * MiB, 4_096 * MiB],
    'Bytes of answers that wait for all clients together; above that the client with the longest ' +
      'queue is closed.',
    ours,
  ),
  resetsPerMinuteMax: number(
    'REPLAY_RESETS_PER_MIN',
    'count',
    [12, 0, 1_000_000],
    'Resets of the replay buffer by all clients in a minute; above that they are refused.',
    { zeroMeans: 'no limit', isOurs: true },
  ),
  replaysMax: number(
    'REPLAY_MAX_CONCURRENT',
    'count',
    [64, 1, 10_000],
    'Replays in progress at once; one more waits.',
    ours,
  ),
  replayWaitMs: seconds(
    'REPLAY_WAIT_SECS',
    [10, 1, 3_600],
    'How long a replay may wait to begin before its client is closed, to reconnect later.',
    ours,
  ),
  replayClientBytesPerSecondMax: number(
    'REPLAY_CLIENT_BYTES_PER_SEC',
    'bytes',
    [64 * MiB, 0, 16_384 * MiB],
    'Bytes a second of one replay, with bursts of twice that.',
    { zeroMeans: 'no limit', isOurs: true },
  ),
  replayBytesPerSecondMax: number(
    'REPLAY_BYTES_PER_SEC',
    'bytes',
    [256 * MiB, 0, 16_384 * MiB],
    'Bytes a second of all replays together, with bursts of twice that.',
    { zeroMeans: 'no limit', isOurs: true },
  ),
  ...accessSettingRows,
  lagDisconnectRecords: number(
    'SLOW_CLIENT_DISCONNECT_THRESHOLD',
    'count',
    [1_000, 0, 1_000_000_000],
    'Records missed within the window for which a client is closed.',
    { zeroMeans: 'never' },
  ),
  lagWindowMs: seconds(
    'SLOW_CLIENT_LAG_WINDOW_SECS',
    [60, 0, 86_400],
    'The window of `SLOW_CLIENT_DISCONNECT_THRESHOLD`.',
    { zeroMeans: 'the whole connection' },
  ),
  healthWindowMs: seconds(
    'HEALTH_WINDOW_SECS',
    [120, 2, 3_600],
    'How long /health takes past errors into account.',
    ours,
  ),
  healthStaleMs: seconds(
    'HEALTH_STALE_SECS',
    [60, 1, 3_600],
    'Age of the last record after which /health reports that none arrive.',
    ours,
  ),
  breakerMs: seconds(
    'HEALTH_BREAKER_SECS',
    [600, 0, 86_400],
    'How long records may wait in Kafka unread, while it answers, before the relay exits with ' +
      'code 75.',
    { zeroMeans: 'never', isOurs: true },
  ),
  expectedSchemasFile: text(
    'EXPECTED_SCHEMAS_PATH',
    '.dashflow/expected_schemas.json',
    'Where pinned schemas are kept.',
  ),
  expectedSchemasMax: number(
    'EXPECTED_SCHEMAS_MAX',
    'count',
    [1_000, 1, 10_000],
    'Graphs that may have a pinned schema; one more is refused.',
    ours,
  ),
  expectedSchemaBytesMax: number(
    'EXPECTED_SCHEMAS_ENTRY_BYTES',
    'bytes',
    [4 * KiB, 256, 16 * KiB],
    'Largest pinned schema; a larger one is refused.',
    ours,
  ),
  logLevel: choice(
    'LOG_LEVEL',
    ['trace', 'debug', 'info', 'warn', 'error'],
    'info',
    'Least severe level that is logged; RUST_LOG applies where it is not set.',
    ours,
  ),
  gitCommit: text('GIT_COMMIT_SHA', 'unknown', '`git_sha` of `/version`.'),
  buildDate: text('BUILD_DATE', 'unknown', '`build_date` of `/version`.'),
} as const satisfies Record<string, SettingRow>

export type SettingKey = keyof typeof settingRows

type ValueOf<R> = R extends { kind: 'number' }
  ? number
  : R extends { kind: 'flag' }
    ? boolean
    : R extends { kind: 'list' }
      ? readonly string[]
      : R extends { kind: 'choice'; choices: readonly (infer C)[] }
        ? C
        : string

/** Effective values, in the units of the code: milliseconds, bytes, counts. */
export type Settings = { readonly [K in SettingKey]: ValueOf<(typeof settingRows)[K]> }
