/** A replay continues after a hole without declaring it. */
import type { RelayDefect } from './defect.ts'
import { storeExcept } from './replay-store.ts'

const defect: RelayDefect = {
  part: 'relay',
  finding: '2X-8',
  says: 'records missing in the middle of the replay buffer are not declared',
  scenario: 'redis-is-best-effort',
  rules: ['gap-hidden'],
  relay: ({ replayStore: store }) => ({
    replayStore: storeExcept(store, {
      page: async (...at) => ({ ...(await store.page(...at)), holes: [] }),
    }),
  }),
}
export default defect
