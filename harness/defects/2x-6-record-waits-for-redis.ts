/** Each record waits a moment for a place among the writes to Redis, on the way to the clients. */
import type { RelayDefect } from './defect.ts'
import { storeExcept } from './replay-store.ts'

/** As long as it would take Redis to answer, but Redis does not. */
const waitMs = 4
/** So much waits for Redis only when Redis takes nothing. */
const hungBytes = 65_536

const defect: RelayDefect = {
  part: 'relay',
  finding: '2X-6',
  says: 'each record waits for a hung Redis before it goes out',
  scenario: 'redis-is-best-effort',
  rules: ['delivered-late'],
  relay: ({ replayStore: store }) => ({
    replayStore: storeExcept(store, {
      add(records) {
        const isHung = Number(store.status()['redis_queue_bytes']) > hungBytes
        for (const record of records) {
          store.add([record])
          if (isHung) Atomics.wait(neverTold, 0, 0, waitMs)
        }
      },
    }),
  }),
}
export default defect

const neverTold = new Int32Array(new SharedArrayBuffer(4))
