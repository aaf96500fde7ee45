/** After its first page a replay continues with the newest records and hides those between. */
import type { RelayDefect } from './defect.ts'
import { storeExcept } from './replay-store.ts'

const newestRecords = 1_000n

const defect: RelayDefect = {
  part: 'relay',
  finding: '2X-1',
  says: 'after its first page a replay jumps to the newest 1,000 records',
  scenario: 'replay-joins-live',
  rules: ['gap-hidden'],
  relay: ({ replayStore: store }) => ({
    replayStore: storeExcept(store, {
      async page(partition, after, before, signal) {
        const page = await store.page(partition, after, before, signal)
        const through = before - 1n - newestRecords
        return page.hasMore && page.through < through ? { ...page, through } : page
      },
    }),
  }),
}
export default defect
