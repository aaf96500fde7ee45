/** Once Kafka returned an error, /health reports it forever. */
import type { RelayDefect } from './defect.ts'

const defect: RelayDefect = {
  part: 'relay',
  finding: 'own-2',
  says: 'after one Kafka error /health says "reconnecting" until the relay is restarted',
  scenario: 'recovers-from-kafka-outage',
  rules: ['called-broken'],
  relay: ({ health }) => ({
    health: {
      decide(facts) {
        const decision = health.decide(facts)
        const isTainted = facts.lastInfraErrorAgeMs !== undefined
        return isTainted ? { ...decision, status: 'reconnecting' } : decision
      },
    },
  }),
}
export default defect
