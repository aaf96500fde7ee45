/** The last records that went out live are not in the replay buffer yet when a client resumes. */
import type { RelayDefect } from './defect.ts'
import { storeExcept } from './replay-store.ts'

const notStoredYet = 5n

const defect: RelayDefect = {
  part: 'relay',
  finding: '2X-15',
  says: 'the last records before live delivery begins cannot be replayed yet',
  scenario: 'replay-meets-live',
  rules: ['seam-skip'],
  relay: ({ replayStore: store }) => ({
    replayStore: storeExcept(store, {
      async page(partition, after, before, signal) {
        const end = before - notStoredYet
        if (after + 1n < end) return store.page(partition, after, end, signal)
        return { records: [], holes: [], through: before - 1n, hasMore: false }
      },
    }),
  }),
}
export default defect
