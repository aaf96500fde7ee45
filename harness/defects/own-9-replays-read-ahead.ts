/** Each replay reads its next page at once, however much all replays hold together. */
import type { RelayDefect } from './defect.ts'

const defect: RelayDefect = {
  part: 'relay',
  finding: 'own-9',
  says: 'what replays hold for clients that do not read is bounded per client, but not in sum',
  scenario: 'replay-memory-is-bounded',
  rules: ['ceiling'],
  relay: () => ({ replayPages: { wait: () => Promise.resolve(true), give: () => undefined } }),
}
export default defect
