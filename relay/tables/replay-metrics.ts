/** The metrics of replay: what clients requested and got, and the state of the replay buffer. */
import { redisRefusals } from './redis-refusals.ts'
import { counter, gauge, histogram, none, ours } from './metric-row.ts'

const mode = ['partition', 'thread'] as const

export const replayMetricRows = {
  resumeRequests: counter(
    'websocket_resume_requests_total',
    { mode },
    'Resume requests that were well-formed.',
  ),
  resumeRefusals: counter(
    'relay_resume_refusals_total',
    {
      code: [
        'RESUME_INVALID',
        'RESUME_TOO_MANY_PARTITIONS',
        'RESUME_TOO_MANY_THREADS',
      ],
    },
    'Resume requests that were answered with an error.',
    ours,
  ),
  replayOutcomes: counter(
    'relay_replay_outcomes_total',
    { outcome: ['complete', 'capped', 'degraded', 'timeout', 'abandoned', 'busy'] },
    'Replays by outcome; degraded ones could not read Redis, busy ones got no memory.',
    ours,
  ),
  replayMessages: counter('websocket_replay_messages_total', { mode }, 'Records replayed.'),
  replayGaps: counter(
    'websocket_replay_gaps_total',
    { mode },
    'Gaps declared in replays: by partition in offsets, by thread in sequences.',
  ),
  replayGapMessages: counter(
    'websocket_replay_gap_messages_total',
    { mode },
    'Records that those gaps declared missing.',
  ),
  replayStaleCursors: counter(
    'relay_replay_stale_cursors_total',
    none,
    'Cursors that could not be trusted, or were older than the oldest retained record.',
    ours,
  ),
  replayLatency: histogram(
    'websocket_replay_latency_ms',
    { mode },
    [10, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000],
    'Duration of a replay, however it ended.',
  ),
  memoryHits: counter(
    'replay_buffer_memory_hits_total',
    none,
    'Replay pages to which memory contributed.',
  ),
  redisHits: counter(
    'replay_buffer_redis_hits_total',
    none,
    'Replay pages to which Redis contributed.',
  ),
  redisMisses: counter(
    'replay_buffer_redis_misses_total',
    none,
    'Replay pages for which Redis had no records or did not answer.',
  ),
  redisWriteDropped: counter(
    'replay_buffer_redis_write_dropped_total',
    none,
    'Records that were never sent to Redis.',
  ),
  redisWriteFailures: counter(
    'replay_buffer_redis_write_failures_total',
    none,
    'Records sent to Redis whose write failed or was not answered in time.',
  ),
  redisRecordsLost: counter(
    'relay_replay_redis_records_lost_total',
    { reason: ['queue_full', 'too_large', 'timeout', 'connection', 'refused', 'foreign_epoch'] },
    'Records that Redis does not hold, by reason: both dropped and failed writes.',
    ours,
  ),
  redisRefusals: counter(
    'relay_replay_redis_refusals_total',
    { reason: redisRefusals },
    'Commands that a connected Redis refused, by the reason in its answer.',
    ours,
  ),
  redisErrors: counter(
    'dashstream_websocket_redis_errors_total',
    none,
    'Round trips to Redis that failed, timeouts included.',
  ),
  redisLatency: histogram(
    'dashstream_websocket_redis_latency_ms',
    { operation: ['read', 'write'] },
    [1, 5, 10, 25, 50, 100, 250, 500, 1_000],
    'Milliseconds of a round trip to Redis, failed ones included.',
  ),
  redisConnected: gauge(
    'relay_replay_redis_connected',
    none,
    '1 while Redis answers, 0 while it does not; absent when Redis is not configured.',
    ours,
  ),
  redisConnects: counter(
    'relay_replay_redis_connects_total',
    none,
    'Successful connections to Redis, the first one included.',
    ours,
  ),
  redisQueueBytes: gauge(
    'relay_replay_redis_queue_bytes',
    none,
    'Bytes that wait for Redis or are being written to it.',
    ours,
  ),
  replayMemoryRecords: gauge(
    'relay_replay_memory_records',
    none,
    'Records that the memory tier of the replay buffer holds.',
    ours,
  ),
  replayMemoryBytes: gauge(
    'relay_replay_memory_bytes',
    none,
    'Bytes that the memory tier of the replay buffer holds.',
    ours,
  ),
  epochChanges: counter(
    'relay_replay_epoch_changes_total',
    { reason: ['adopted', 'foreign', 'lost', 'cleared', 'log_regressed'] },
    'Changes of the epoch, which invalidate the cursors that clients hold, by reason.',
    ours,
  ),
} as const
