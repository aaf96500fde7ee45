/** Each batch ends the wait for one aborted transaction of a list that is taken to be in order. */
import type { RelayDefect } from './defect.ts'

const defect: RelayDefect = {
  part: 'relay',
  finding: 'own-8',
  says: 'of aborted transactions that lie over one another, the first one listed hides the others',
  scenario: 'aborted-records-are-not-delivered',
  rules: ['stranger'],
  relay: ({ transactions }) => ({
    transactions(aborted) {
      // In the order in which they ended: one that began earlier and ended later comes too late.
      const inOrder = aborted.filter(({ firstOffset }, index) =>
        aborted.slice(0, index).every((before) => before.firstOffset < firstOffset),
      )
      return transactions(inOrder)
    },
  }),
}
export default defect
