/** Once Kafka gave an error, /health says so for as long as it remembers, whatever came since. */
import type { RelayDefect } from './defect.ts'

const defect: RelayDefect = {
  part: 'relay',
  finding: 'own-2',
  says: 'an error of Kafka is told as "reconnecting" although records flow again',
  scenario: 'kafka-comes-back',
  rules: ['called-broken'],
  relay: ({ health }) => ({
    health: {
      decide(facts) {
        const decision = health.decide(facts)
        const isTainted = facts.recent.infraErrors > 0
        return isTainted ? { ...decision, status: 'reconnecting' } : decision
      },
    },
  }),
}
export default defect
