/** The union of the tables: nothing twice, and nothing of the process forgotten. */
import { expect, it } from 'vitest'
import { processMetricNames } from '../../relay/tables/process-metrics.ts'
import { processRows } from './foreign-metrics.ts'
import { allRows, rowsBySeries, targetLabels } from './tables.ts'

it('has each metric in one table only', () => {
  const names = allRows.map(({ name }) => name)
  expect(names.length).toBeGreaterThan(100)
  expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([])
})

it('has no label of a metric that the scrape would overwrite', () => {
  const added: readonly string[] = targetLabels
  const clashes = allRows.filter(({ labels }) => Object.keys(labels).some((l) => added.includes(l)))
  expect(clashes.map(({ name }) => name)).toEqual([])
})

it('has the metrics of the process that the relay lists', () => {
  const names = Object.values(processRows).map(({ name }) => name)
  expect(names.toSorted()).toEqual([...processMetricNames].toSorted())
})

it('knows the series of a histogram', () => {
  const row = rowsBySeries.get('relay_e2e_latency_seconds_bucket')
  expect(row?.name).toBe('relay_e2e_latency_seconds')
  expect(rowsBySeries.has('websocket_kafka_messages_total_bucket')).toBe(false)
})
