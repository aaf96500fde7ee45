/** No rule watches whether the relay answers. */
import type { RulesDefect } from './defect.ts'

const defect: RulesDefect = {
  part: 'rules',
  finding: 'own-15',
  says: 'a relay that does not answer fires no alert',
  scenario: 'alert-relay-down',
  rules: ['rule-missing'],
  alerts: { ServiceDown: undefined },
}
export default defect
