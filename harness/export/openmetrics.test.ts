/** Pieces of the text format that a reader takes in its own way. */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { familyHead, labelText, timeText, valueText } from './openmetrics.ts'

test('a time is the same millisecond once Prometheus has cut it off', () => {
  const unixMs = fc.integer({ min: Date.UTC(2000), max: Date.UTC(2100) })
  fc.assert(
    fc.property(unixMs, (ms) => {
      expect(Math.trunc(Number(timeText(ms)) * 1_000)).toBe(ms)
    }),
    { numRuns: 5_000 },
  )
})

test('texts are escaped', () => {
  expect(labelText({ a: 'x"\\\n', b: '' })).toBe(String.raw`a="x\"\\\n",b=""`)
  expect(familyHead('a', 'gauge', 'b\nc')).toBe('# TYPE a gauge\n# HELP a b\\nc\n')
})

test('values are spelt as OpenMetrics does', () => {
  const values = [0, -1.5, 1e21, 1e-7, Infinity, -Infinity, NaN]
  expect(values.map(valueText)).toEqual(['0', '-1.5', '1e+21', '1e-7', '+Inf', '-Inf', 'NaN'])
})
