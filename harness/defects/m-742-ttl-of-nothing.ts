/** A time to live of 0 goes on to Redis, which refuses each write; memory keeps what it keeps. */
import type { RelayDefect } from './defect.ts'

const defect: RelayDefect = {
  part: 'relay',
  finding: 'M-742',
  says: 'Redis is told to keep records for 0 seconds, and refuses them',
  scenario: 'extreme-settings-are-safe',
  rules: ['not-replayed'],
  relay: () => ({ replayExpiry: { ms: 0 } }),
}
export default defect
