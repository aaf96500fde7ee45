/** The ages that /health uses are not exported to /metrics. */
import type { RelayDefect } from './defect.ts'

const defect: RelayDefect = {
  part: 'relay',
  finding: 'M-1042',
  says: 'no age gauge is exported',
  scenario: 'health-reflects-current-state',
  rules: ['age-missing'],
  relay: () => ({ ages: { seconds: () => undefined } }),
}
export default defect
