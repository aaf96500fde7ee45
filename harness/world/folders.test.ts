/** Folders are made, or it is reported immediately why not. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { makeFolder } from './folders.ts'

const folder = mkdtempSync(join(tmpdir(), 'folders-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('a folder and all above it, once or twice', () => {
  const deep = join(folder, 'a/b/c')
  makeFolder(deep)
  makeFolder(deep)
  expect(statSync(deep).isDirectory()).toBe(true)
})

test.each([
  ['below a file', () => join(folder, 'file/x'), 'ENOTDIR'],
  ['a file', () => join(folder, 'file'), 'EEXIST'],
])('%s is refused', (_, path, code) => {
  writeFileSync(join(folder, 'file'), '')
  expect(() => makeFolder(path())).toThrow(code)
})

test('below /proc it is refused immediately instead of being tried forever', () => {
  const module = JSON.stringify(join(import.meta.dirname, 'folders.ts'))
  const source = `import { makeFolder } from ${module}; makeFolder('/proc/nope/x')`
  const args = ['--input-type=module', '-e', source]
  const { signal, stderr } = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    timeout: 5_000,
    killSignal: 'SIGKILL',
  })
  expect(signal).toBeNull()
  expect(stderr).toContain("ENOENT: no such file or directory, mkdir '/proc/nope'")
})
