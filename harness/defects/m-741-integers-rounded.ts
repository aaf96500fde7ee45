/** JSON numbers are read as doubles, so integers above 2^53 are rounded. */
import { isJsonObject, type JsonValue } from '../../proto/json-value.ts'
import type { ClientDefect } from './defect.ts'

const defect: ClientDefect = {
  part: 'client',
  finding: 'M-741',
  says: 'integers above 2^53 are rounded when a state is read',
  scenario: 'malformed-records-are-contained',
  rules: ['state-differs', 'wrong-reaction'],
  client: ({ parseJson }) => ({ parseJson: (text) => rounded(parseJson(text)) }),
}
export default defect

/** Only integers are rounded: a plain JSON.parse would also lose the difference of 1 and 1.0. */
function rounded(value: JsonValue): JsonValue {
  if (typeof value === 'bigint') return BigInt(Number(value))
  if (Array.isArray(value)) return value.map(rounded)
  if (!isJsonObject(value)) return value
  const entries = Object.entries(value)
  return Object.fromEntries(entries.map(([key, member]) => [key, rounded(member)]))
}
