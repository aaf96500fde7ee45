/** `null` offsets are read as if they were a map, which ends the connection. */
import type { RelayDefect } from './defect.ts'

const defect: RelayDefect = {
  part: 'relay',
  finding: 'own-5',
  says: 'a resume with `null` offsets ends its connection instead of being answered',
  scenario: 'hostile-frames-are-contained',
  rules: ['ended-for-nothing'],
  relay: ({ resumes }) => ({
    resumes: {
      parse(read, text) {
        const offsets = /"lastOffsetsByPartition":null/.exec(text)
        if (offsets === null) return resumes.parse(read, text)
        return { refused: 'RESUME_TOO_MANY_PARTITIONS', found: 'null' }
      },
    },
  }),
}
export default defect
