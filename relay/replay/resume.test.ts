/** Whatever a client sends is served or refused with a code, and never rounded. */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseResume, type ResumeRequest } from './resume.ts'

const resume = (fields: string) => parseResume(`{"type":"resume",${fields}}`)
const cursorsOf = (fields: string) => {
  const parsed = resume(fields)
  return 'refused' in parsed ? parsed : Object.fromEntries(parsed.cursors)
}

const entries = (count: number, value: string) =>
  Array.from({ length: count }, (_, i) => `"${i}":${value}`).join()

describe('a request', () => {
  test('keeps offsets exactly, written as numbers or as text', () => {
    const offset = fc.bigInt({ min: 0n, max: 2n ** 63n - 1n })
    const partition = fc.nat(2_147_483_647)
    fc.assert(
      fc.property(fc.dictionary(partition.map(String), offset), fc.boolean(), (map, isText) => {
        const texts = Object.entries(map).map(([key, at]) => `"${key}":${isText ? `"${at}"` : at}`)
        expect(cursorsOf(`"lastOffsetsByPartition":{${texts.join()}}`)).toEqual({ ...map })
      }),
    )
    expect(cursorsOf('"lastOffsetsByPartition":{"0":9223372036854775807}')).toEqual({
      0: 2n ** 63n - 1n,
    })
    expect(cursorsOf('"lastOffsetsByPartition":{"0":9007199254740993}')).toEqual({
      0: 2n ** 53n + 1n,
    })
  })

  test('may name no partition at all', () => {
    expect(resume('"from":"latest"')).toEqual({
      mode: 'partition',
      from: 'latest',
      cursors: new Map(),
      sequences: new Map(),
      epoch: undefined,
    })
    expect(cursorsOf('"lastOffsetsByPartition":null')).toEqual({})
    expect(cursorsOf('"mode":"partition","lastSequencesByThread":{"t":1}')).toEqual({})
  })

  test('is by thread when it says so, or when it names threads and no partitions', () => {
    const modeOf = (fields: string) => {
      const parsed = resume(fields)
      return 'refused' in parsed ? parsed : [parsed.mode, Object.fromEntries(parsed.sequences)]
    }
    const most = 2n ** 64n - 1n
    expect(modeOf(`"lastSequencesByThread":{"t":${most}}`)).toEqual(['thread', { t: most }])
    expect(modeOf(`"threadId":"t","lastSequence":"${most}"`)).toEqual(['thread', { t: most }])
    expect(modeOf('"mode":"thread"')).toEqual(['thread', {}])
    const both = '"lastOffsetsByPartition":{"0":"x"},"lastSequencesByThread":{"t":1}'
    expect(modeOf(`"mode":"thread",${both}`)).toEqual(['thread', { t: 1n }])
    const offsets = '"lastOffsetsByPartition":{},"lastSequencesByThread":{"t":"x"}'
    expect(modeOf(offsets)).toEqual(['partition', {}])
    expect(modeOf('"lastSequencesByThread":{}')).toEqual(['partition', {}])
  })

  test('names its epoch', () => {
    expect(resume('"epoch":"abc"')).toMatchObject({ from: 'cursor', epoch: 'abc' })
  })
})

const isWithin = (value: bigint, bits: bigint) => value >= 0n && value < 2n ** bits
const areBounded = ({ cursors, sequences }: ResumeRequest) =>
  [...cursors.keys()].every((partition) => isWithin(BigInt(partition), 31n)) &&
  [...cursors.values()].every((offset) => isWithin(offset, 63n)) &&
  [...sequences.values()].every((sequence) => isWithin(sequence, 64n))

describe('a refusal', () => {
  test.each([
    ['"lastOffsetsByPartition":{"0":-1}'],
    ['"lastOffsetsByPartition":{"0":1.5}'],
    ['"lastOffsetsByPartition":{"0":9223372036854775808}'],
    ['"lastOffsetsByPartition":{"0":" 1"}'],
    ['"lastOffsetsByPartition":{"0":null}'],
    ['"lastOffsetsByPartition":{"2147483648":"1"}'],
    ['"lastOffsetsByPartition":{"1":"1","x":"1"}'],
    ['"lastOffsetsByPartition":{"__proto__":"1"}'],
    ['"lastSequencesByThread":{"t":"1","u":-1}'],
    ['"lastSequencesByThread":{"t":18446744073709551616}'],
    ['"threadId":"t"'],
  ])('meets one bad entry, instead of a replay of everything: %s', (fields) => {
    expect(resume(fields)).toMatchObject({ refused: 'RESUME_INVALID' })
  })

  test('names the entry in few characters, cut between them', () => {
    const key = '\u{1F600}'.repeat(5_000)
    const parsed = resume(`"lastOffsetsByPartition":{"${key}":"1"}`)
    expect(parsed).toMatchObject({ found: JSON.stringify(`partition ${'\u{1F600}'.repeat(38)}`) })
  })

  test('meets too many entries, good or bad, whatever the mode', () => {
    const partitions = (count: number, value: string) =>
      resume(`"mode":"thread","lastOffsetsByPartition":{${entries(count, value)}}`)
    expect(partitions(1_024, '1')).not.toHaveProperty('refused', 'RESUME_TOO_MANY_PARTITIONS')
    for (const value of ['1', '"x"']) {
      expect(partitions(1_025, value)).toEqual({
        refused: 'RESUME_TOO_MANY_PARTITIONS',
        found: 'at least 1025',
      })
    }
    expect(resume(`"lastSequencesByThread":{${entries(10_001, '1')}}`)).toEqual({
      refused: 'RESUME_TOO_MANY_THREADS',
      found: 'at least 10001',
    })
  })

  test('or a request comes of any text, within the bounds of both maps', () => {
    const key = fc.oneof(fc.string(), fc.nat(3_000_000_000).map(String))
    const value = fc.oneof(fc.jsonValue(), fc.bigInt(), fc.double().map(String))
    const map = fc.oneof(fc.dictionary(key, value), fc.jsonValue())
    const word = fc.constantFrom('partition', 'thread', 'latest', 'earliest', null, 7)
    const fields = {
      mode: word,
      from: word,
      lastOffsetsByPartition: map,
      lastSequencesByThread: map,
      threadId: fc.oneof(fc.string(), fc.jsonValue()),
      lastSequence: value,
      epoch: fc.jsonValue(),
    }
    const json = fc.record(fields, { requiredKeys: [] }).map((each) => {
      // A bigint is written as what it is: a number that a double may not hold.
      const plain = JSON.stringify({ type: 'resume', ...each }, (_, one: unknown) =>
        typeof one === 'bigint' ? `<${one}>` : one,
      )
      return plain.replaceAll(/"<(-?\d+)>"/g, '$1')
    })
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json(), json), (text) => {
        const parsed = parseResume(text)
        const isRefused = 'refused' in parsed && parsed.refused.startsWith('RESUME_')
        expect('refused' in parsed ? isRefused : areBounded(parsed)).toBe(true)
      }),
      { numRuns: 1_000 },
    )
  })
})
