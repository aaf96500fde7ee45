/** What the browser bundles has no import that only Node can answer. */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'

const IMPORT = /^(?:import|export) (?!type )[^'"]*?from ['"]([^'"]+)['"]|^import ['"]([^'"]+)['"]/gm

/** The files and packages that `file` needs at run time, itself included. */
function neededBy(file: string, found: Set<string> = new Set()): Set<string> {
  if (found.has(file)) return found
  found.add(file)
  for (const [, from, bare] of readFileSync(file, 'utf8').matchAll(IMPORT)) {
    const name = from ?? bare ?? ''
    if (name.startsWith('.')) neededBy(join(dirname(file), name), found)
    else found.add(name)
  }
  return found
}

describe.each(['codec-core.ts', 'scan.ts', 'canonical-json.ts', 'control.ts'])('%s', (file) => {
  it('runs in a browser', () => {
    const packages = [...neededBy(join(import.meta.dirname, file))].filter(
      (name) => !name.startsWith(import.meta.dirname),
    )
    const allowed = new Set([
      'zod',
      '@bufbuild/protobuf',
      '@bufbuild/protobuf/codegenv2',
      '@noble/hashes/sha2.js',
    ])
    expect(packages.filter((name) => !allowed.has(name))).toEqual([])
  })
})

describe('codec.ts', () => {
  it('is where Node comes in', () => {
    expect(neededBy(join(import.meta.dirname, 'codec.ts'))).toContain('node:zlib')
  })
})
