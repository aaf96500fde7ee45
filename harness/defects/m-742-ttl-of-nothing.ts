/** A time to live of 0 is taken at its word, in memory as well as in Redis: nothing is kept. */
import type { RelayDefect } from './defect.ts'
import { storeExcept } from './replay-store.ts'

const defect: RelayDefect = {
  part: 'relay',
  finding: 'M-742',
  says: 'with a time to live of 0 nothing is kept for replay',
  scenario: 'odd-settings-do-no-harm',
  rules: ['beginning-missing', 'gap-needless'],
  relay: ({ replayStore: store }) => ({
    replayStore: storeExcept(store, { add: () => undefined, addHole: () => undefined }),
  }),
}
export default defect
