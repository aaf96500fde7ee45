/** A replay runs to the newest record, past the point where live delivery starts. */
import type { RelayDefect } from './defect.ts'
import { storeExcept } from './replay-store.ts'

const defect: RelayDefect = {
  part: 'relay',
  finding: 'BUG-26',
  says: 'a replay ends with the newest record instead of where live delivery starts',
  scenario: 'replay-joins-live',
  rules: ['seam-duplicate'],
  relay: ({ replayStore: store }) => ({
    replayStore: storeExcept(store, {
      async page(partition, after, before, signal) {
        const found = (await store.retained([partition], signal)).found.get(partition)
        const end = found === undefined || found.newest < before ? before : found.newest + 1n
        return store.page(partition, after, end, signal)
      },
    }),
  }),
}
export default defect
