/** The warning about drops is decided from the count since the start of the process. */
import type { RelayDefect } from './defect.ts'

const defect: RelayDefect = {
  part: 'relay',
  finding: 'M-1041',
  says: 'the warning about dropped records never clears: it counts all drops since the start',
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
