/** A replay buffer that lost Redis once never uses it again. */
import type { RelayDefect } from './defect.ts'
import { storeExcept } from './replay-store.ts'

const defect: RelayDefect = {
  part: 'relay',
  finding: '2X-11',
  says: 'after a Redis outage nothing is stored for replay until the relay is restarted',
  scenario: 'redis-is-best-effort',
  rules: ['not-replayed', 'gap-needless'],
  relay: ({ replayStore: store }) => {
    let wasUp = false
    let isLost = false
    const isKept = () => {
      const isUp = store.status()['redis_connected'] === true
      wasUp ||= isUp
      isLost ||= wasUp && !isUp
      return !isLost
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
