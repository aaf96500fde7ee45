/** No rule pages on an outage of Kafka. */
import type { RulesDefect } from './defect.ts'

const defect: RulesDefect = {
  part: 'rules',
  finding: 'v8-A',
  says: 'errors of the connection to Kafka are counted, and no rule reads them',
  scenario: 'alert-kafka-errors',
  rules: ['rule-missing'],
  alerts: { KafkaInfraErrorsCritical: undefined },
}
export default defect
