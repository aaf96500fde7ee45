/** The warning on drops is decided from the count since the start of the process. */
import type { RelayDefect } from './defect.ts'

const defect: RelayDefect = {
  part: 'relay',
  finding: 'M-1041',
  says: 'the warning on dropped records never ends, since it counts all drops of the lifetime',
  scenario: 'health-reflects-current-state',
  rules: ['warning-stays'],
  relay: ({ health }) => ({
    health: {
      decide: (facts) =>
        health.decide({ ...facts, recent: { ...facts.recent, dropped: facts.total.dropped } }),
    },
  }),
}
export default defect
