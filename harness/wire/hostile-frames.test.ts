/** Each hostile frame is hostile in the way it says, seen by a parser and not by its own word. */
import { expect, test } from 'vitest'
import { hostileFrames } from './hostile-frames.ts'

const frame = (name: string) => {
  const found = hostileFrames.find((row) => row.name === name)
  if (!found) throw new Error(`no hostile frame ${name}`)
  return found.build()
}
const parsed = (name: string) => JSON.parse(frame(name).bytes.toString()) as Record<string, unknown>
const named = (rows: typeof hostileFrames) => rows.map((row) => row.name)
const isText = (bytes: Buffer) => Buffer.from(bytes.toString()).equals(bytes)
const isInsideCharacter = (bytes: Buffer, at: number) => ((bytes[at] ?? 0) & 0xc0) === 0x80
const offsets = (name: string) => parsed(name)['lastOffsetsByPartition'] as Record<string, string>

test('names are unique, and exactly the errors have a code', () => {
  expect(new Set(hostileFrames.map((row) => row.name)).size).toBe(hostileFrames.length)
  const withCode = hostileFrames.filter((row) => row.code !== undefined)
  const errors = hostileFrames.filter((row) => row.expectedReaction === 'error')
  expect(named(withCode)).toEqual(named(errors))
})

test('the oversize text is one byte above the limit and otherwise an honest ping', () => {
  expect(frame('oversize-text').bytes.length).toBe(1_048_577)
  expect(parsed('oversize-text')['type']).toBe('ping')
})

test('every other frame is within the limit, so that nothing but its own fault decides', () => {
  const above = hostileFrames.filter((row) => row.build().bytes.length > 1_048_576)
  expect(above.map((row) => row.name)).toEqual(['oversize-text'])
})

test('only one text frame is not UTF-8', () => {
  const bad = hostileFrames.filter((row) => !isText(row.build().bytes)).map((row) => row.name)
  expect(bad).toEqual(['bad-utf8'])
})

test('multi-byte characters lie across the byte at which a careless slice would cut', () => {
  expect(isInsideCharacter(frame('invalid-json-multi-byte').bytes, 100)).toBe(true)
  const key = Object.keys(offsets('resume-partition-multi-byte'))[0] ?? ''
  expect(isInsideCharacter(Buffer.from(key), 128)).toBe(true)
  const value = offsets('resume-offset-multi-byte')['0'] ?? ''
  expect(isInsideCharacter(Buffer.from(value), 128)).toBe(true)
})

test('the resumes are one entry above their limits', () => {
  const partitions = parsed('resume-partitions')['lastOffsetsByPartition'] as object
  expect(Object.keys(partitions)).toHaveLength(1_025)
  const threads = parsed('resume-threads')['lastSequencesByThread'] as object
  expect(Object.keys(threads)).toHaveLength(10_001)
})
