/** The shared ring is bounded by its number of records only, not by their bytes. */
import type { RelayDefect } from './defect.ts'

const defect: RelayDefect = {
  part: 'relay',
  finding: '2X-14',
  says: 'the ring is bounded by its number of records, however large they are',
  scenario: 'buffers-are-bounded-in-bytes',
  rules: ['ceiling', 'slope'],
  relay: ({ ring }) => ({ ring: { ...ring, bytesMax: 64 * 1_024 * 1_024 * 1_024 } }),
}
export default defect
