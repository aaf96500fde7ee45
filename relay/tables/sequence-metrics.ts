/** Metrics about the sequences of threads: missing, repeated and reordered ones. */
import { counter, histogram, none } from './metric-row.ts'

export const sequenceMetricRows = {
  sequenceGaps: counter(
    'dashstream_sequence_gaps_total',
    none,
    'Gaps in the sequences of a thread.',
  ),
  sequenceDuplicates: counter(
    'dashstream_sequence_duplicates_total',
    none,
    'Duplicate events (sequence equal to the newest known of the thread).',
  ),
  sequenceReorders: counter(
    'dashstream_sequence_reorders_total',
    none,
    'Reordered events (sequence older than the newest known of the thread).',
  ),
  sequenceGapSize: histogram(
    'dashstream_sequence_gap_size',
    none,
    [1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 5_000, 10_000],
    'Number of missing sequences in a gap.',
  ),
} as const
