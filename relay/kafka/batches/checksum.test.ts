/** The checksum of the catalogue of CRCs, and what it says of a batch that was damaged. */
import { expect, test } from 'vitest'
import { Allowance } from './allowance.ts'
import { batch } from './batches-testbed.ts'
import { crc32c } from './checksum.ts'
import { readRecordSet } from './record-set.ts'
import { openTransactions } from './transactions.ts'

test('it is CRC-32C', () => {
  expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283)
})

test.each([
  ['damaged', false],
  ['written so', true],
])('a batch that cannot be read was %s', async (_, isIntact) => {
  const bytes = batch(0n, { values: [Buffer.from('v')], codec: 0 })
  bytes.writeInt32BE(2, 57)
  if (isIntact) bytes.writeUInt32BE(crc32c(bytes.subarray(21)), 17)
  const fetch = { offset: 0n, logEnd: 1n, hides: openTransactions([]) }
  const { records } = await readRecordSet(bytes, fetch, new Allowance(1_000))
  expect(records[0]?.unreadable?.says.includes('its checksum is wrong')).toBe(!isIntact)
})
