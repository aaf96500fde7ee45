/** A reset says that the replay buffer is cleared, whether Redis could be told or not. */
import type { RelayDefect } from './defect.ts'
import { storeExcept } from './replay-store.ts'

const defect: RelayDefect = {
  part: 'relay',
  finding: 'M-746',
  says: 'a reset that did not reach Redis says "cleared"',
  scenario: 'resets-report-their-result',
  rules: ['cleared-untrue'],
  relay: ({ replayStore: store }) => ({
    replayStore: storeExcept(store, {
      clear: async (signal) => ({ ...(await store.clear(signal)), isCleared: true }),
    }),
  }),
}
export default defect
