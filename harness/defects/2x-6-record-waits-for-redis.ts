/**
 * Each record waits for one of 100 slots for writes to Redis before the next one is read from
 * Kafka. A hung Redis releases a slot after 2 s; a record waits at most 50 ms for one.
 */
import type { RelayRecord } from '../../relay/log/record.ts'
import { sleep, systemClock } from '../../relay/world/clock.ts'
import type { RelayDefect } from './defect.ts'
import { storeExcept } from './replay-store.ts'

const placesMax = 100
const heldMs = 2_000
const waitMs = 50
/** The queue is this long only when Redis accepts nothing. */
const hungBytes = 65_536

const defect: RelayDefect = {
  part: 'relay',
  finding: '2X-6',
  says: 'each record waits for a hung Redis before the next one is read',
  scenario: 'redis-is-best-effort',
  rules: ['delivered-late'],
  relay: ({ replayStore: store }) => {
    const isHung = () => Number(store.status()['redis_queue_bytes']) > hungBytes
    const takePlace = openPlaces(isHung)
    return {
      replayStore: storeExcept(store, {
        add(records: readonly RelayRecord[]) {
          void store.add(records)
          return isHung() ? eachWaits(records.length, takePlace) : undefined
        },
      }),
    }
  },
}
export default defect

async function eachWaits(records: number, takePlace: () => Promise<void>): Promise<void> {
  for (let done = 0; done < records; done += 1) await takePlace()
}

/** Slots that are released after a while, or at once when Redis answers. */
function openPlaces(isHung: () => boolean): () => Promise<void> {
  const takenMs: number[] = []
  return async () => {
    if (!isHung()) takenMs.length = 0
    while ((takenMs[0] ?? Infinity) <= systemClock.nowMs() - heldMs) takenMs.shift()
    if (takenMs.length >= placesMax) await sleep(systemClock, waitMs)
    else takenMs.push(systemClock.nowMs())
  }
}
