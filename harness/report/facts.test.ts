/** Facts as people read them: every amount with its unit, every name in words. */
import { expect, test } from 'vitest'
import { factsOf, inWords } from './facts.ts'

test.each([
  ['slopeLimitBytesPerSecond', 8_388_592, 'slope limit', '8.0 MiB/s'],
  ['bytesPerSecondBefore', 15_758, 'rate before', '15.4 KiB/s'],
  ['kilobytesPerSecond', 256, 'bandwidth', '256 kB/s'],
  ['peakBytes', 3 * 1_024 ** 3, 'peak', '3.0 GiB'],
  ['bytesOwedEach', 11_000, 'bytes owed each', '10.7 KiB'],
  ['slopeBytesPerSecond', -20, 'slope', '-20 B/s'],
  ['limitMs', 8_000, 'limit', '8,000 ms'],
  ['worstErrorSeconds', 0.051_23, 'worst error', '0.051 s'],
  ['lastHealAt', 12_340_000, 'last heal at', '12.34 s'],
  ['at', 500_000, 'at', '0.50 s'],
  ['pid', 12_345, 'pid', '12345'],
  ['polls', 1_200, 'polls', '1,200'],
  ['closedAtSeconds', null, 'closed at', 'none'],
  ['refused', '', 'refused', 'none'],
  ['isCountRight', true, 'is count right', 'true'],
])('%s: %s', (name, value, words, says) => {
  expect(inWords({ [name]: value })).toEqual([[words, says]])
  expect(factsOf({ [name]: value })).toEqual([[name, says]])
})
