/** The relay is told to stop, says good-bye to its clients, and falls over what it closes last. */
import { storeExcept } from './replay-store.ts'
import type { RelayDefect } from './defect.ts'

const defect: RelayDefect = {
  part: 'relay',
  finding: 'v35-8',
  says: 'the process aborts when the replay buffer is closed on the way out',
  scenario: 'shutdown-is-graceful',
  rules: ['ended-badly'],
  relay: ({ replayStore }) => ({
    replayStore: storeExcept(replayStore, { close: async () => process.abort() }),
  }),
}
export default defect
