/**
 * Series of an exported run besides the relay's own metrics, which keep their names: faults,
 * limits, and what clients, producer and samplers saw. Every series of an exported run also has
 * the label `run`.
 */
import { byPartition as partition } from '../../relay/tables/metric-row.ts'
import { anyValue, counterSeries, gaugeSeries } from './series-row.ts'

const none = {} as const
const group = anyValue

export const runRows = {
  faultActive: gaugeSeries(
    'chaos_fault_active',
    { fault: anyValue },
    '1 while the fault was active, 0 before and after.',
  ),
  ruleLimit: gaugeSeries(
    'chaos_rule_limit',
    { rule: anyValue, unit: anyValue },
    'The limit that a rule of a checker judged by, in the base unit of its label.',
  ),
  recordsAcked: counterSeries(
    'chaos_records_acked_total',
    none,
    'Records that Kafka acknowledged to the producer.',
  ),
  deliveries: counterSeries(
    'chaos_deliveries_total',
    { group },
    'Records that arrived at clients, replays included, summed over the clients of the group.',
  ),
  deliveryLatency: gaugeSeries(
    'chaos_delivery_latency_seconds',
    { quantile: ['0.5', '0.99', '1'] },
    'From handing a record to Kafka until its arrival, by quantile; absent while nothing arrived.',
  ),
  clientsOpen: gaugeSeries('chaos_clients_open', { group }, 'Clients that were really connected.'),
  clientsClosed: counterSeries(
    'chaos_clients_closed_total',
    { group, code: anyValue },
    'Sessions that ended, by close code; `none` where the connection ended without one.',
  ),
  trueLag: gaugeSeries(
    'chaos_true_lag_records',
    { partition },
    'Records behind the log end as Kafka reported it to the harness.',
  ),
  residentMemory: gaugeSeries(
    'chaos_resident_memory_bytes',
    { role: anyValue },
    'RSS of a process of the run, read from outside.',
  ),
} as const
