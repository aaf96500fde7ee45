/** Three more warnings are decided from counts since the start of the process. */
import type { RelayDefect } from './defect.ts'

const defect: RelayDefect = {
  part: 'relay',
  finding: 'M-1041',
  says: 'one lost write to Redis, or one record without a value, causes a warning forever',
  scenario: 'health-reflects-current-state',
  rules: ['warning-stays'],
  relay: ({ health }) => ({
    health: {
      decide: (facts) => {
        const { redisDropped, redisFailed, payloadMissing } = facts.total
        const ofLifetime = { redisDropped, redisFailed, payloadMissing }
        return health.decide({ ...facts, recent: { ...facts.recent, ...ofLifetime } })
      },
    },
  }),
}
export default defect
