import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { printTexts } from './docs.ts'

let root: string
let said: string
const out = { write: (text: string) => void (said += text) }
const texts = [
  { path: 'ONE.md', print: () => 'one\n' },
  { path: 'TWO.md', print: () => 'two\n' },
]
const read = (path: string) => readFileSync(join(root, path), 'utf8')

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'docs-'))
  said = ''
})
afterEach(() => rmSync(root, { recursive: true }))

describe('printTexts', () => {
  it('writes what is missing or differs, and says so', () => {
    writeFileSync(join(root, 'ONE.md'), 'one\n')
    expect(printTexts(out, root, texts, {})).toBe(0)
    expect(said).toBe('TWO.md written\n')
    expect(read('TWO.md')).toBe('two\n')
  })

  it('passes a check of texts that are up to date', () => {
    printTexts(out, root, texts, {})
    said = ''
    expect(printTexts(out, root, texts, { check: true })).toBe(0)
    expect(said).toContain('up to date')
  })

  it('says what differs, where a text can', () => {
    const differences = (text: string) => [`it says ${text.trim()}`]
    const telling = texts.map((text) => ({ ...text, differences }))
    writeFileSync(join(root, 'ONE.md'), 'edited by hand\n')
    expect(printTexts(out, root, telling, { check: true })).toBe(1)
    expect(said).toContain('ONE.md differs from its tables\n  it says edited by hand\n')
  })

  it('fails a check for every text that differs or is missing, and changes nothing', () => {
    writeFileSync(join(root, 'ONE.md'), 'edited by hand\n')
    expect(printTexts(out, root, texts, { check: true })).toBe(1)
    expect(said).toContain('ONE.md')
    expect(said).toContain('TWO.md')
    expect(said).toContain('npm run chaos -- docs')
    expect(read('ONE.md')).toBe('edited by hand\n')
    expect(() => read('TWO.md')).toThrow('ENOENT')
  })
})
