/** /health counts the receivers of the broadcast, one of which the relay itself holds. */
import type { RelayDefect } from './defect.ts'

const defect: RelayDefect = {
  part: 'relay',
  finding: 'M-1035',
  says: '/health counts one client too many, /metrics does not',
  scenario: 'connection-slots-are-released',
  rules: ['miscounted'],
  relay: ({ headcount }) => ({
    headcount: { ...headcount, health: (clients) => headcount.health(clients) + 1 },
  }),
}
export default defect
