/** Each stage of the pipeline: how much it did, and when it was last active; lost log lines. */
import { counter, gauge, none, ours } from './metric-row.ts'

const stage = ['consume', 'decode', 'broadcast', 'send', 'redis_write', 'dlq', 'commit'] as const

export const stageMetricRows = {
  stageAge: gauge(
    'relay_stage_age_seconds',
    { stage },
    'Seconds since the stage was last active, whole seconds; -1 means never.',
    ours,
  ),
  stageTimestamp: gauge(
    'relay_stage_timestamp_seconds',
    { stage },
    'Unix time at which the stage was last active; absent if it never was.',
    ours,
  ),
  logLinesLost: counter(
    'relay_log_lines_lost_total',
    none,
    'Log lines dropped because stdout was not drained: its reader stalls or is gone, or the disk ' +
      'is full.',
    ours,
  ),
  fetches: counter(
    'relay_kafka_fetches_total',
    none,
    'Fetches that a broker answered, with or without records.',
    ours,
  ),
  commits: counter('relay_commits_total', none, 'Offset commits that succeeded.', ours),
  redisBlocksWritten: counter(
    'relay_replay_redis_blocks_written_total',
    none,
    'Blocks of records that Redis acknowledged.',
    ours,
  ),
} as const

export type Stage = (typeof stage)[number]
