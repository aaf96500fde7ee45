/** Aborted transactions are read as if they were listed in order: overlapping ones are missed. */
import type { RelayDefect } from './defect.ts'

const defect: RelayDefect = {
  part: 'relay',
  finding: 'own-8',
  says: 'of overlapping aborted transactions, the first one listed hides the others',
  scenario: 'aborted-records-are-not-delivered',
  rules: ['unexpected'],
  relay: ({ transactions }) => ({
    transactions(aborted) {
      // They are listed in the order they ended: one that began earlier and ended later is skipped.
      const inOrder = aborted.filter(({ firstOffset }, index) =>
        aborted.slice(0, index).every((before) => before.firstOffset < firstOffset),
      )
      return transactions(inOrder)
    },
  }),
}
export default defect
