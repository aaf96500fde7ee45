/** The error text about an invalid entry cuts it at byte 128, which throws inside a character. */
import type { RelayDefect } from './defect.ts'

const shownBytes = 128

const defect: RelayDefect = {
  part: 'relay',
  finding: '2X-2',
  says: 'a multi-byte character across byte 128 of an entry crashes the relay',
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

/** As in a language whose strings cannot hold half a character. */
function cut(text: string): void {
  const head = Buffer.from(text).subarray(0, shownBytes)
  new TextDecoder('utf-8', { fatal: true }).decode(head)
}
