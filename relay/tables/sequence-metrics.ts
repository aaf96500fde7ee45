/** What the sequences of threads say about what was taken. */
import { counter, histogram, none } from './metric-row.ts'

export const sequenceMetricRows = {
  sequenceGaps: counter(
    'dashstream_sequence_gaps_total',
    none,
    'Times that sequences of a thread were missing.',
  ),
  sequenceDuplicates: counter(
    'dashstream_sequence_duplicates_total',
    none,
    'Events that had the newest known sequence of their thread once more.',
  ),
  sequenceReorders: counter(
    'dashstream_sequence_reorders_total',
    none,
    'Events that had an older sequence of their thread.',
  ),
  sequenceGapSize: histogram(
    'dashstream_sequence_gap_size',
    none,
    [1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 5_000, 10_000],
    'Sequences that were missing, by gap.',
  ),
} as const
