/** The rest of a batch's sequences is copied for each event: the cost is quadratic. */
import { decodeRecord } from '../../proto/codec.ts'
import type { RelayDefect } from './defect.ts'
import { storeExcept } from './replay-store.ts'

const payloadBytesMax = 10 * 1_048_576

const defect: RelayDefect = {
  part: 'relay',
  finding: 'own-6',
  says: 'reading a batch copies the remaining sequences once for each event (quadratic)',
  scenario: 'no-record-stops-the-relay',
  rules: ['answered-late', 'delivered-late'],
  relay: ({ replayStore: store }) => ({
    replayStore: storeExcept(store, {
      add(records) {
        for (const { value } of records) readSpans(value)
        return store.add(records)
      },
    }),
  }),
}
export default defect

/** Like a scanner that keeps the ends of all spans in one list, four numbers for each. */
function readSpans(value: Buffer): number {
  const decoded = decodeRecord(value, { payloadBytesMax }, 'compatible')
  if (!decoded.ok || decoded.message.message.case !== 'eventBatch') return 0
  const { events } = decoded.message.message.value
  const ends = events.flatMap(({ header }) => {
    const sequence = Number(header?.sequence ?? 0n)
    return [sequence, 0, sequence, 0]
  })
  let numbered = 0
  for (let at = 0; at < ends.length; at += 4) {
    const [first = 0, , last = 0] = ends.slice(at)
    numbered += last - first + 1
  }
  return numbered
}
