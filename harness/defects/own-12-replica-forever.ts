/** The replay buffer stays with the Redis that became a replica: all writes are refused. */
import type { RelayDefect } from './defect.ts'
import { storeExcept } from './replay-store.ts'

const defect: RelayDefect = {
  part: 'relay',
  finding: 'own-12',
  says: 'after a Redis failover nothing is stored for replay until the relay is restarted',
  scenario: 'redis-fails-over',
  rules: ['not-replayed', 'gap-needless'],
  relay: ({ replayStore: store }) => {
    let isRefused = false
    const isKept = () => {
      isRefused ||= store.status()['redis_refusal'] === 'read_only'
      return !isRefused
    }
    return {
      replayStore: storeExcept(store, {
        add: (records) => (isKept() ? store.add(records) : undefined),
        addHole: (...at) => isKept() && store.addHole(...at),
      }),
    }
  },
}
export default defect
