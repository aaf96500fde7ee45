/** Whatever a client sends is served or refused with a code, and never rounded. */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseResume } from './resume.ts'

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
      from: 'latest',
      cursors: new Map(),
      epoch: undefined,
    })
    expect(cursorsOf('"lastOffsetsByPartition":null')).toEqual({})
    expect(cursorsOf('"mode":"partition","lastSequencesByThread":{"t":1}')).toEqual({})
  })

  test('names its epoch', () => {
    expect(resume('"epoch":"abc"')).toMatchObject({ from: 'cursor', epoch: 'abc' })
  })
})

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
        found: 1_025,
      })
    }
    expect(resume(`"lastSequencesByThread":{${entries(10_001, '1')}}`)).toEqual({
      refused: 'RESUME_TOO_MANY_THREADS',
      found: 10_001,
    })
  })

  test('meets the thread mode, which is not served', () => {
    const refusal = { refused: 'RESUME_MODE_UNSUPPORTED', found: 'thread' }
    expect(resume('"lastSequencesByThread":{"t":1}')).toEqual(refusal)
    expect(resume('"threadId":"t","lastSequence":1')).toEqual(refusal)
    const both = '"lastOffsetsByPartition":{},"lastSequencesByThread":{"t":1}'
    expect(resume(`"mode":"thread",${both}`)).toEqual(refusal)
    expect(resume(both)).not.toHaveProperty('refused')
  })

  test('or a request comes of any text', () => {
    const json = fc.json().map((value) => `{"type":"resume","lastOffsetsByPartition":${value}}`)
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json(), json), (text) => {
        const parsed = parseResume(text)
        expect('refused' in parsed || parsed.cursors instanceof Map).toBe(true)
      }),
    )
  })
})
