/** Each replay reads its next page as soon as it is asked for, whatever all of them hold. */
import type { RelayDefect } from './defect.ts'

const defect: RelayDefect = {
  part: 'relay',
  finding: 'own-9',
  says: 'what replays hold for clients that take nothing is bounded for none but the single one',
  scenario: 'replay-memory-is-bounded',
  rules: ['ceiling'],
  relay: () => ({ replayPages: { wait: () => Promise.resolve(true), give: () => undefined } }),
}
export default defect
