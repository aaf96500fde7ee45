/** /health reports decode errors only: a relay that lost Kafka is "healthy". */
import type { RelayDefect } from './defect.ts'

const defect: RelayDefect = {
  part: 'relay',
  finding: 'own-2',
  says: '/health says "healthy" while Kafka is unreachable',
  scenario: 'recovers-from-kafka-outage',
  rules: ['outage-not-reported'],
  relay: ({ health }) => ({
    health: {
      decide(facts) {
        const decision = health.decide(facts)
        return decision.status === 'degraded' ? decision : { ...decision, status: 'healthy' }
      },
    },
  }),
}
export default defect
