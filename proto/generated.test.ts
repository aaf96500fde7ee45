/** The committed code is what the schema generates, and the schema keeps its own rules. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'

const room = import.meta.dirname
const tools = join(room, '..', 'node_modules', '.bin')
const scratch = mkdtempSync(join(tmpdir(), 'dashstream-gen-'))

function buf(...args: string[]): void {
  // The generator is found on PATH, and needs Node itself there.
  const path = [tools, join(process.execPath, '..'), '/usr/bin', '/bin'].join(':')
  execFileSync(join(tools, 'buf'), args, { cwd: room, env: { PATH: path, HOME: scratch } })
}

function textsIn(folder: string): Record<string, string> {
  const files = readdirSync(folder).sort()
  return Object.fromEntries(files.map((file) => [file, readFileSync(join(folder, file), 'utf8')]))
}

describe('proto/gen', () => {
  afterAll(() => rmSync(scratch, { recursive: true, force: true }))

  it('is what `npm run proto:generate` writes', { timeout: 60_000 }, () => {
    buf('generate', '--output', scratch)
    expect(textsIn(join(scratch, 'gen'))).toEqual(textsIn(join(room, 'gen')))
  })

  it('comes from a schema without lint', { timeout: 60_000 }, () => {
    expect(() => buf('lint')).not.toThrow()
  })
})
