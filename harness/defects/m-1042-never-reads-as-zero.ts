/** The age of something that never happened is exported as 0, which reads as "just now". */
import type { RelayDefect } from './defect.ts'

const defect: RelayDefect = {
  part: 'relay',
  finding: 'M-1042',
  says: 'the age gauge of something that never happened is 0',
  scenario: 'health-reflects-current-state',
  rules: ['never-reads-as-now'],
  relay: ({ ages }) => ({ ages: { seconds: (ageMs) => ages.seconds(ageMs ?? 0) } }),
}
export default defect
