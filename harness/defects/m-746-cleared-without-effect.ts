/** A reset reports the replay buffer as cleared, whether Redis could be reached or not. */
import type { RelayDefect } from './defect.ts'
import { storeExcept } from './replay-store.ts'

const defect: RelayDefect = {
  part: 'relay',
  finding: 'M-746',
  says: 'a reset that could not reach Redis reports "cleared"',
  scenario: 'resets-report-their-result',
  rules: ['cleared-untrue'],
  relay: ({ replayStore: store }) => ({
    replayStore: storeExcept(store, {
      clear: async (signal) => ({ ...(await store.clear(signal)), isCleared: true }),
    }),
  }),
}
export default defect
