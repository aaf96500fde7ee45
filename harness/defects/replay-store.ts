/** The reference's replay buffer, except for the methods that a defect replaces. */
import type { ReplayStore } from '../../relay/replay/seam.ts'

export const storeExcept = (
  store: ReplayStore,
  replaced: Partial<Pick<ReplayStore, 'add' | 'addHole' | 'page' | 'clear' | 'close'>>,
): ReplayStore => ({
  add: (records) => store.add(records),
  addHole: (partition, offset, lastOffset) => store.addHole(partition, offset, lastOffset),
  partitions: (signal) => store.partitions(signal),
  retained: (partition, signal) => store.retained(partition, signal),
  page: (...at) => store.page(...at),
  clear: (signal) => store.clear(signal),
  get epoch() {
    return store.epoch
  },
  status: () => store.status(),
  close: () => store.close(),
  ...replaced,
})
