/** What clients hold back the ends of is kept for as long as they like, however much it is. */
import type { RelayDefect } from './defect.ts'

const defect: RelayDefect = {
  part: 'relay',
  finding: 'own-13',
  says: 'messages whose end has not come are bounded each, and not all of them together',
  scenario: 'unfinished-frames-are-bounded',
  rules: ['ceiling'],
  relay: () => ({ partialFrames: { add: () => undefined, excessBytes: 0, refusals: 0 } }),
}
export default defect
