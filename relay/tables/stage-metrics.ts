/** Each stage of the pipeline: how much it did, and when last; and what the log could not say. */
import { counter, gauge, none, ours } from './metric-row.ts'

const stage = ['consume', 'decode', 'broadcast', 'send', 'redis_write', 'dlq', 'commit'] as const

export const stageMetricRows = {
  stageAge: gauge(
    'relay_stage_age_seconds',
    { stage },
    'Seconds since the stage last did anything, to the second; -1 means never.',
    ours,
  ),
  stageTimestamp: gauge(
    'relay_stage_timestamp_seconds',
    { stage },
    'Unix time of that; absent until there was one.',
    ours,
  ),
  logLinesLost: counter(
    'relay_log_lines_lost_total',
    none,
    'Lines of the log that nobody took: its reader sleeps or is gone, or the disk is full.',
    ours,
  ),
  fetches: counter(
    'relay_kafka_fetches_total',
    none,
    'Fetches that a broker answered, with records or without.',
    ours,
  ),
  commits: counter('relay_commits_total', none, 'Offset commits that the group took.', ours),
  redisBlocksWritten: counter(
    'relay_replay_redis_blocks_written_total',
    none,
    'Blocks of records that Redis acknowledged.',
    ours,
  ),
} as const

export type Stage = (typeof stage)[number]
