/** Holds package.json to what is used, and shows that each kind of use can be missing. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { repoRoot } from '../world/places.ts'
import { readBesides, unusedDependencies, type Manifest } from './dependencies.ts'

const read = (path: string) => ({ path, text: readFileSync(join(repoRoot, path), 'utf8') })

/** Tests of rules have imports in their texts. */
const isSource = /^(?!harness\/tidy\/).*\.(?:ts|mjs|js)$/

describe('package.json', () => {
  it('has no dependency that nothing uses', () => {
    const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], {
      cwd: repoRoot,
      encoding: 'utf8',
    })
    const sources = listed.split('\n').filter((path) => isSource.test(path))
    const files = [...new Set([...sources, ...readBesides])].map(read)
    const manifest = JSON.parse(read('package.json').text) as Manifest
    expect(unusedDependencies(manifest, files)).toEqual([])
  })

  it('has exact versions only', () => {
    const { dependencies, devDependencies } = JSON.parse(read('package.json').text) as Manifest
    for (const version of Object.values({ ...dependencies, ...devDependencies })) {
      expect(version).toMatch(/^\d+\.\d+\.\d+$/)
    }
  })
})

describe('a dependency', () => {
  const selfTest = 'harness/toolchain/self-test.ts'
  const unused = (name: string, text: string, path = 'relay/a.ts') =>
    unusedDependencies({ dependencies: {}, devDependencies: { [name]: '1.0.0' } }, [{ path, text }])

  it.each([
    ['is imported', 'ws', "import { WebSocket } from 'ws'"],
    ['is imported by its types only', 'ws', "import type { WebSocket } from 'ws'"],
    ['is imported for what it does', 'zx', "import 'zx/globals'"],
    ['is imported late', 'zx', "await import('zx')"],
    ['is imported in part', '@noble/hashes', "import { sha256 } from '@noble/hashes/sha2.js'"],
    ['is asked for its path', 'uplot', "require.resolve('uplot/package.json')"],
    ['has the types of one that is used', '@types/ws', "import { WebSocket } from 'ws'"],
  ])('is used where it %s', (_, name, text) => {
    expect(unused(name, text)).toEqual([])
  })

  it.each([
    ['is named in a table only', 'ws', "const doors = { ws: /a/, of: 'ws' }"],
    ['begins as another that is imported', 'ws', "import { a } from 'ws-of-others'"],
    ['has types for one that is not used', '@types/ws', "import a from 'another'"],
    ['was run, and is no more', 'typescript', "program: 'vitest'", selfTest],
  ])('is not where it %s', (_, name, text, path?: string) => {
    expect(unused(name, text, path)).toEqual([name])
  })

  it('is used where it is run', () => {
    expect(unused('typescript', "program: 'tsc'", selfTest)).toEqual([])
  })
})
