/** Every vector decodes as its file says, and every outcome has a vector. */
import { describe, expect, it } from 'vitest'
import { decodeRecord, scanRecord, type DecodeMode } from '../codec.ts'
import { decodeFailures } from '../failures.ts'
import { DashStreamMessageSchema } from '../gen/dashstream_pb.js'
import { vectors, vectorLimits, type Outcome } from './vectors.ts'

const modes: readonly DecodeMode[] = ['strict', 'compatible']

describe.each(modes)('vectors, %s', (mode) => {
  it.each([...vectors.values()])('$name: $story', ({ bytes, ...expected }) => {
    const decoded = decodeRecord(bytes, vectorLimits, mode)
    const scanned = scanRecord(bytes, vectorLimits, mode)
    const decodedAs = decoded.ok ? (decoded.message.message.case ?? 'none') : decoded.reason
    const scannedAs = scanned.ok ? (scanned.facts.kind ?? 'none') : scanned.reason
    expect({ decodedAs, scannedAs }).toEqual({
      decodedAs: expected[mode],
      scannedAs: expected[mode],
    })
  })
})

describe('the set of vectors', () => {
  const outcomes = new Set<Outcome>([...vectors.values()].map(({ strict }) => strict))

  it('has every kind of payload', () => {
    const missing = DashStreamMessageSchema.fields
      .map((field) => field.localName as Outcome)
      .filter((kind) => !outcomes.has(kind))
    expect(missing).toEqual([])
  })

  it('has every reason that bytes of this size can have', () => {
    // Too large for a file; a guard that nothing is known to reach; a policy of the reader.
    const elsewhere = new Set(['payload_too_large', 'invalid_protobuf', 'schema_version_mismatch'])
    const missing = Object.keys(decodeFailures).filter(
      (reason) => !outcomes.has(reason as Outcome) && !elsewhere.has(reason),
    )
    expect(missing).toEqual([])
  })
})
