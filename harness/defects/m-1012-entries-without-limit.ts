/** A resume may name any number of partitions and threads that fits into a frame. */
import { parseClientFrame } from '../../proto/control.ts'
import type { RelayDefect } from './defect.ts'

const fromLatest = '{"type":"resume","from":"latest"}'

const defect: RelayDefect = {
  part: 'relay',
  finding: 'M-1012',
  says: 'a resume that names too many partitions is served',
  scenario: 'hostile-frames-are-contained',
  rules: ['not-refused'],
  relay: ({ resumes }) => ({
    resumes: {
      parse(read, text) {
        const parsed = resumes.parse(read, text)
        const isTooMuch = 'refused' in parsed && parsed.refused.startsWith('RESUME_TOO_MANY')
        return isTooMuch ? resumes.parse(parseClientFrame(fromLatest), fromLatest) : parsed
      },
    },
  }),
}
export default defect
