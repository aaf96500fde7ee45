/** A patch value that is not valid JSON is applied as text. */
import type { ClientDefect } from './defect.ts'

const defect: ClientDefect = {
  part: 'client',
  finding: 'M-740',
  says: 'a patch value that does not parse as JSON is applied as a string',
  scenario: 'malformed-records-are-contained',
  rules: ['applied-as-text', 'wrong-reaction'],
  client: ({ patchValue }) => ({
    patchValue(bytes, encoding, parseJson) {
      const read = patchValue(bytes, encoding, parseJson)
      return read.ok ? read : { ok: true, value: new TextDecoder().decode(bytes) }
    },
  }),
}
export default defect
