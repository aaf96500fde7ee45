/** The rules as one copy of DashFlow's had them: any error is as bad as an outage. */
import { increase } from '../../dashboards/alerts/promql.ts'
import { metricRows } from '../../relay/tables/metrics.ts'
import type { RulesDefect } from './defect.ts'

const fiveMinutes = 300_000

const defect: RulesDefect = {
  part: 'rules',
  finding: 'M-643',
  says: 'one error of the connection to Kafka within five minutes pages',
  scenario: 'alert-kafka-errors',
  rules: ['notified'],
  alerts: {
    KafkaInfraErrorsCritical: {
      expr: (form) => `${increase(metricRows.infraErrors, form.window(fiveMinutes))} > 0`,
    },
  },
}
export default defect
