/** A time to live of 0 is passed to Redis, which refuses each write; only memory keeps records. */
import type { RelayDefect } from './defect.ts'

const defect: RelayDefect = {
  part: 'relay',
  finding: 'M-742',
  says: 'records are written to Redis with a time to live of 0 s, and refused',
  scenario: 'extreme-settings-are-safe',
  rules: ['not-replayed'],
  relay: () => ({ replayExpiry: { ms: 0 } }),
}
export default defect
