/**
 * Series of an exported run besides the relay's own metrics, which keep their names: faults,
 * limits, and what clients, producer and samplers saw. Every series of an exported run also has
 * the labels `run`, `scenario` and `variant`. What is counted is counted by the second.
 */
import { byPartition as partition } from '../../relay/tables/metric-row.ts'
import { anyValue, counterSeries, gaugeSeries } from './series-row.ts'

const none = {} as const
const group = anyValue
const path = ['live', 'replay'] as const

export const runRows = {
  runInfo: gaugeSeries(
    'chaos_run_info',
    { target: anyValue, seed: anyValue, started: anyValue, complete: ['yes', 'no'] },
    'Always 1; what ran is in the labels.',
  ),
  faultActive: gaugeSeries(
    'chaos_fault_active',
    { fault: anyValue, says: anyValue },
    '1 from the injection of the fault until it was healed, else 0.',
  ),
  phaseActive: gaugeSeries(
    'chaos_phase_active',
    { phase: anyValue },
    '1 while the scenario was in this phase, else 0.',
  ),
  ruleLimit: gaugeSeries(
    'chaos_rule_limit',
    { rule: anyValue, finding: anyValue, unit: ['seconds', 'bytes', 'records'] },
    'The limit that a checker judged by, for the whole run; the strictest one of a finding.',
  ),
  recordsAcked: counterSeries(
    'chaos_records_acked_total',
    none,
    'Records that Kafka acknowledged to the producer.',
  ),
  recordsFailed: counterSeries(
    'chaos_records_failed_total',
    none,
    'Records that Kafka did not acknowledge to the producer.',
  ),
  deliveries: counterSeries(
    'chaos_deliveries_total',
    { group, path },
    'Records that arrived at clients, summed over the clients of the group.',
  ),
  deliveryLatency: gaugeSeries(
    'chaos_delivery_latency_seconds',
    { group, path, quantile: ['0.5', '0.99', '1'] },
    'Time from handing a record to Kafka until its arrival, by quantile, of the arrivals of the ' +
      'second before; absent while nothing arrived.',
  ),
  clientsOpen: gaugeSeries('chaos_clients_open', { group }, 'Clients that were really connected.'),
  clientsClosed: counterSeries(
    'chaos_clients_closed_total',
    { group, code: anyValue },
    'Connections that ended, by close code; `none` where one ended without a close frame.',
  ),
  trueLag: gaugeSeries(
    'chaos_true_lag_records',
    { partition },
    "Records from the committed offset of the relay's group to the log end, as Kafka reported it.",
  ),
  partitionHeld: gaugeSeries(
    'chaos_partition_held',
    { partition },
    '1 while the relay was assigned the partition, else 0, as Kafka reported it.',
  ),
  residentMemory: gaugeSeries(
    'chaos_resident_memory_bytes',
    { role: anyValue },
    'RSS of a process of the run, read from outside.',
  ),
  cpuTime: counterSeries(
    'chaos_cpu_seconds_total',
    { role: anyValue },
    'CPU time of a process of the run, read from outside.',
  ),
  healthStatus: gaugeSeries(
    'chaos_health_status',
    { status: anyValue },
    '1 for what /health said, 0 for what it said at other times; `no answer` is one of them.',
  ),
  pageDuration: gaugeSeries(
    'chaos_page_duration_seconds',
    { page: ['/health', '/metrics'] },
    'How long the answer of a page took; absent while there was none.',
  ),
  harnessLoopDelay: gaugeSeries(
    'chaos_harness_loop_delay_seconds',
    { role: anyValue },
    'Longest delay of the event loop of a process of the harness: how well it could watch.',
  ),
} as const
