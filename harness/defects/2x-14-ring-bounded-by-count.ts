/** The shared ring is bounded by the number of its records only, whatever their size. */
import type { RelayDefect } from './defect.ts'

const defect: RelayDefect = {
  part: 'relay',
  finding: '2X-14',
  says: 'the ring keeps so many records, however large they are',
  scenario: 'buffers-are-bounded-in-bytes',
  rules: ['ceiling', 'slope'],
  relay: ({ ring }) => ({ ring: { ...ring, bytesMax: 64 * 1_024 * 1_024 * 1_024 } }),
}
export default defect
