/**
 * A record is broadcast before it is stored. A client that resumes in between starts live delivery
 * after that record, and does not find it in the replay buffer, which cannot declare it missing.
 */
import { systemClock } from '../../relay/world/clock.ts'
import type { RelayDefect } from './defect.ts'
import { storeExcept } from './replay-store.ts'

/** Delay of the store. In practice it is so short that one resume in ten thousand meets it. */
const betweenMs = 300

const defect: RelayDefect = {
  part: 'relay',
  finding: '2X-15',
  says: 'a record is stored 300 ms after it was broadcast',
  scenario: 'replay-joins-live',
  rules: ['seam-skip'],
  relay: ({ replayStore: store }) => {
    let resets = 0
    /** A reset in between also drops what is not stored yet: that would be another finding. */
    const later = (work: () => void) => {
      const before = resets
      systemClock.after(betweenMs, () => void (before === resets && work()))
    }
    return {
      replayStore: storeExcept(store, {
        add: (records) => later(() => void store.add(records)),
        addHole: (...at) => later(() => store.addHole(...at)),
        async page(partition, after, before, signal) {
          const found = (await store.retained([partition], signal)).found.get(partition)
          const page = await store.page(partition, after, before, signal)
          const isKnown = (offset: bigint) => found !== undefined && offset <= found.newest
          return { ...page, holes: page.holes.filter(({ firstOffset }) => isKnown(firstOffset)) }
        },
        clear(signal) {
          resets += 1
          return store.clear(signal)
        },
      }),
    }
  },
}
export default defect
