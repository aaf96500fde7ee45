/** A replay goes on behind a hole as if nothing had been there. */
import type { RelayDefect } from './defect.ts'
import { storeExcept } from './replay-store.ts'

const defect: RelayDefect = {
  part: 'relay',
  finding: '2X-8',
  says: 'what is missing in the middle of the replay buffer is not declared',
  scenario: 'redis-is-best-effort',
  rules: ['gap-hidden'],
  relay: ({ replayStore: store }) => ({
    replayStore: storeExcept(store, {
      page: async (...at) => ({ ...(await store.page(...at)), holes: [] }),
    }),
  }),
}
export default defect
