/** Each policy takes what its name says, and no version reads as version 1. */
import { describe, expect, it } from 'vitest'
import { refuseSchema, type SchemaPolicy } from './schema-version.ts'

describe('refuseSchema', () => {
  it.each<[SchemaPolicy, number[]]>([
    ['exact', [0, 1]],
    ['forward', [0, 1, 2, 99]],
    ['backward', [0, 1]],
    ['any', [0, 1, 2, 99]],
  ])('%s takes %j', (policy, taken) => {
    const versions = [0, 1, 2, 99].filter((version) => !refuseSchema(version, policy))
    expect(versions).toEqual(taken)
  })

  it('says what it found', () => {
    expect(refuseSchema(99, 'exact')).toMatchObject({
      reason: 'schema_version_mismatch',
      says: expect.stringContaining('version 99; this reader accepts exact 1') as string,
    })
  })
})
