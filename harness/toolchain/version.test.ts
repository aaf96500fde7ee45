/** Versions as the programs of real hosts print them. */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { findVersion, isAtLeast } from './version.ts'

test.each([
  ['openjdk version "17.0.15" 2025-04-15\nOpenJDK Runtime', '17.0.15'],
  ['Picked up JAVA_TOOL_OPTIONS: -Xmx512m\nopenjdk version "17.0.15" 2025-04-15', '17.0.15'],
  ['openjdk version "21" 2023-09-19\nOpenJDK Runtime (build 21.0+35)', '21.0.0'],
  ['java version "1.8.0_392"', '1.8.0'],
  ['Apache Maven 3.8.7\nMaven home: /usr/share/maven', '3.8.7'],
  ['go version go1.26.8 linux/amd64', '1.26.8'],
  ['Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64', '7.0.15'],
  ['toxiproxy-server version 2.12.0', '2.12.0'],
  ['4.1.1 (Commit:be816b82d25370ce)', '4.1.1'],
  ['10.8', '10.8.0'],
  ['v24', '24.0.0'],
] as const)('%j is understood', (text, version) => {
  expect(findVersion(text)).toEqual(version)
})

test.each(['toxiproxy-server version git', '', 'command not found: go'])('%j has none', (text) => {
  expect(findVersion(text)).toBeUndefined()
})

test('order is by number, part by part, and every version is at least itself', () => {
  expect(isAtLeast('2.12.0', '2.9.7')).toBe(true)
  expect(isAtLeast('2.9.7', '2.12.0')).toBe(false)
  const version = fc.tuple(fc.nat(99), fc.nat(99), fc.nat(99)).map((parts) => parts.join('.'))
  fc.assert(
    fc.property(version, version, (a, b) => {
      expect(isAtLeast(a, a)).toBe(true)
      expect(isAtLeast(a, b) && isAtLeast(b, a)).toBe(a === b)
      expect(isAtLeast(a, b) || isAtLeast(b, a)).toBe(true)
      expect(findVersion(`program ${a}`)).toBe(a)
    }),
  )
})
