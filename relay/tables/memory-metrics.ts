/** The memory budget, share by share. */
import { counter, gauge, ours } from './metric-row.ts'
import { shareNames as share } from './memory-shares.ts'

export const memoryMetricRows = {
  memoryUsed: gauge(
    'relay_memory_used_bytes',
    { share },
    'Bytes of the memory budget that are used, by share.',
    ours,
  ),
  memoryLimit: gauge(
    'relay_memory_limit_bytes',
    { share },
    'Bytes that each share may use.',
    ours,
  ),
  memoryRefusals: counter(
    'relay_memory_refusals_total',
    { share },
    'Times that a share had no bytes left for what a client requested or sent.',
    ours,
  ),
} as const
