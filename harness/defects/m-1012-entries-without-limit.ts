/** A resume may name as many partitions and threads as fit into a frame. */
import type { RelayDefect } from './defect.ts'

const defect: RelayDefect = {
  part: 'relay',
  finding: 'M-1012',
  says: 'a resume of too many partitions is served',
  scenario: 'hostile-frames-harm-nobody',
  rules: ['not-refused'],
  relay: ({ resumes }) => ({
    resumes: {
      parse(text) {
        const parsed = resumes.parse(text)
        const isTooMuch = 'refused' in parsed && parsed.refused.startsWith('RESUME_TOO_MANY')
        return isTooMuch ? resumes.parse('{"type":"resume","from":"latest"}') : parsed
      },
    },
  }),
}
export default defect
