/** A message about an entry that cannot be read cuts it at a byte, and is ended by it. */
import type { RelayDefect } from './defect.ts'

const shownBytes = 128

const defect: RelayDefect = {
  part: 'relay',
  finding: '2X-2',
  says: 'a character that lies across byte 128 of an entry ends the relay',
  scenario: 'hostile-frames-are-contained',
  rules: ['relay-died', 'ended-for-nothing'],
  relay: ({ resumes }) => ({
    resumes: {
      parse(read, text) {
        const parsed = resumes.parse(read, text)
        if ('refused' in parsed) cut(text)
        return parsed
      },
    },
  }),
}
export default defect

/** As a language does it that has no half characters. */
function cut(text: string): void {
  const head = Buffer.from(text).subarray(0, shownBytes)
  new TextDecoder('utf-8', { fatal: true }).decode(head)
}
