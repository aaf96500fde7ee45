/** DashFlow's rule: the age of the last record alone, whether or not records wait. */
import { at } from '../../dashboards/alerts/promql.ts'
import { metricRows } from '../../relay/tables/metrics.ts'
import type { RulesDefect } from './defect.ts'

const fiveMinutes = 300_000

const defect: RulesDefect = {
  part: 'rules',
  finding: '2X-29',
  says: 'a partition counts as stuck when no record came for minutes, although none waits',
  scenario: 'alert-stuck-partition',
  rules: ['fired', 'notified'],
  alerts: {
    KafkaPartitionStaleCritical: {
      expr: (form) => `${at(metricRows.lagOffsetAge)} > ${form.age(fiveMinutes)}`,
    },
  },
}
export default defect
