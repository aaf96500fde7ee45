/** What is fed is what it says that it is, and what is kept can be read again. */
import * as fc from 'fast-check'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { decodeRecord } from '../../proto/codec.ts'
import { crc32c } from './batch-bytes.ts'
import { framesOf } from './frame-bytes.ts'
import * as bytesOf from './record-bytes.ts'
import { inputs, stepKinds, type Step } from './steps.ts'
import { keepVector, readVectors, vectorFolder } from './vectors.ts'

const limits = { payloadBytesMax: 10 * 1_048_576 }

test('values are valid for all numbers', () => {
  for (const isPacked of [false, true]) {
    const values = [
      bytesOf.manyEvents({ events: 300, threads: 7, order: 'alternating' }, isPacked),
      bytesOf.repeatedField(300, isPacked),
      bytesOf.nested(20, isPacked),
      bytesOf.longText(3_000, isPacked),
    ]
    for (const value of values) expect(decodeRecord(value, limits, 'strict').ok).toBe(true)
  }
  const deep = decodeRecord(bytesOf.nested(10_000, true), limits, 'strict')
  expect(deep).toMatchObject({ reason: 'nesting_too_deep' })
  // What a bomb unpacks to is no record, and small.
  expect(bytesOf.bomb(10_000_000).length).toBeLessThan(400)
  expect(decodeRecord(bytesOf.bomb(10_000_000), limits, 'strict')).toMatchObject({
    reason: 'invalid_tag',
  })
})

test('the checksum of a batch is the one that brokers want', () => {
  expect(crc32c(Buffer.from('123456789')).toString(16)).toBe('e3069283')
})

test('every kind of input is drawn, made into bytes, and is the same from the same seed', () => {
  const drawn = fc.sample(inputs(stepKinds), { seed: 1, numRuns: 200 }).flat()
  expect(new Set(drawn.map(({ does }) => does))).toEqual(new Set(stepKinds))
  expect(fc.sample(inputs(stepKinds), { seed: 1, numRuns: 200 }).flat()).toEqual(drawn)
  const small = drawn.filter((step): step is Extract<Step, { at: unknown }> => 'at' in step)
  for (const step of small.slice(0, 40)) expect(framesOf(step).bytes).toBeInstanceOf(Buffer)
})

test('kept inputs are read again as they were, and those of the repository can be read', () => {
  const folder = mkdtempSync(join(tmpdir(), 'vectors-'))
  try {
    const steps: Step[] = [{ does: 'reset' }, { does: 'tiny-records', records: 3, partition: 0 }]
    keepVector(folder, { found: 'it stood still', steps })
    keepVector(folder, { found: 'it stood still again', steps })
    expect(readVectors(folder).map((one) => one.steps)).toEqual([steps])
  } finally {
    rmSync(folder, { recursive: true })
  }
  for (const { steps } of readVectors(vectorFolder)) {
    for (const { does } of steps) expect(stepKinds).toContain(does)
  }
})
