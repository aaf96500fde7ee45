/** What is left of a batch's spans is copied for each of them, so that a batch costs its square. */
import { scanRecord } from '../../proto/codec.ts'
import type { RelayDefect } from './defect.ts'
import { storeExcept } from './replay-store.ts'

const payloadBytesMax = 10 * 1_048_576

const defect: RelayDefect = {
  part: 'relay',
  finding: 'own-6',
  says: 'reading a batch copies the rest of its sequences once for each of its spans',
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

/** As a scanner did that kept the ends of all spans in one list. */
function readSpans(value: Buffer): number {
  const scanned = scanRecord(value, { payloadBytesMax }, 'compatible')
  let numbered = 0
  for (const { spans = [] } of scanned.ok ? scanned.facts.runs : []) {
    const ends = spans.flatMap(({ first, last }) => [0, Number(first), 0, Number(last)])
    for (let at = 0; at < ends.length; at += 4) {
      const [, first = 0, , last = 0] = ends.slice(at)
      numbered += last - first + 1
    }
  }
  return numbered
}
