/** On shutdown the relay closes its clients in order, and then aborts while closing the buffer. */
import { storeExcept } from './replay-store.ts'
import type { RelayDefect } from './defect.ts'

const defect: RelayDefect = {
  part: 'relay',
  finding: 'v35-8',
  says: 'the process aborts when it closes the replay buffer during shutdown',
  scenario: 'shutdown-is-graceful',
  rules: ['ended-badly'],
  relay: ({ replayStore }) => ({
    replayStore: storeExcept(replayStore, { close: async () => process.abort() }),
  }),
}
export default defect
