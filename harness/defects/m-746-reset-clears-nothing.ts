/** A reset reports the replay buffer as cleared although it was not. */
import type { RelayDefect } from './defect.ts'
import { storeExcept } from './replay-store.ts'

const defect: RelayDefect = {
  part: 'relay',
  finding: 'M-746',
  says: 'a reset deletes nothing and reports "cleared"',
  scenario: 'replay-joins-live',
  rules: ['forgotten-replayed'],
  relay: ({ replayStore }) => ({
    replayStore: storeExcept(replayStore, {
      clear: () => Promise.resolve({ isCleared: true, keys: 0 }),
    }),
  }),
}
export default defect
