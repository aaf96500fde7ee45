/** An age that has no beginning yet is exported as 0: "never" looks like "just now". */
import type { RelayDefect } from './defect.ts'

const defect: RelayDefect = {
  part: 'relay',
  finding: 'M-1042',
  says: 'an age gauge of something that never happened says 0',
  scenario: 'health-reflects-current-state',
  rules: ['never-reads-as-now'],
  relay: ({ ages }) => ({ ages: { seconds: (ageMs) => ages.seconds(ageMs ?? 0) } }),
}
export default defect
