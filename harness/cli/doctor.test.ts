import { describe, expect, it } from 'vitest'
import type { Inspection, InspectionState } from '../toolchain/inspect.ts'
import { examine } from './doctor.ts'

const row = (what: string, state: InspectionState, fix = ''): Inspection => ({
  what,
  why: `why ${what}`,
  wanted: 'wanted',
  found: 'found',
  state,
  fix,
})

async function told(rows: readonly Inspection[], options = {}) {
  let said = ''
  const write = (text: string) => void (said += text)
    const out = { write, isTerminal: false, hasColours: false, columns: 80 }
  const code = await examine(out, options, () => Promise.resolve(rows))
  return { code, said }
}

describe('doctor', () => {
  it('is content with a machine that has everything', async () => {
    const { code, said } = await told([row('java', 'good'), row('open files', 'good')])
    expect(code).toBe(0)
    expect(said).toContain('Everything is installed.')
    expect(said).toMatch(/ok +java {8}found\n/)
    expect(said).not.toContain('fix:')
  })

  it('is content with what the next run installs or can live with, and names it', async () => {
    const rows = [row('kafka', 'installable', 'nothing'), row('cores', 'doubtful', 'more of them')]
    const { code, said } = await told(rows)
    expect(code).toBe(0)
    expect(said).toMatch(/installed by the first command that needs it: kafka\./)
    expect(said).toContain('with less margin: cores.')
    expect(said).toContain('fix: more of them')
  })

  it('says by what command a missing piece is brought, once, and cannot judge', async () => {
    const java = row('java', 'missing', 'apt-get install java')
    const { code, said } = await told([row('kafka', 'installable'), java, java])
    expect(code).toBe(2)
    expect(said.split('fix: apt-get install java')).toHaveLength(2)
    expect(said).toMatch(/before you fix: java\.\n$/)
  })

  it('does not throw where the machine cannot be looked at', async () => {
    let said = ''
    const write = (text: string) => void (said += text)
    const out = { write, isTerminal: false, hasColours: false, columns: 80 }
    const code = await examine(out, {}, () => Promise.reject(new Error('EACCES: statfs')))
    expect(code).toBe(2)
    expect(said).toContain('EACCES: statfs')
  })

  it('prints the same in one line of JSON', async () => {
    const { code, said } = await told([row('java', 'missing', 'get it')], { json: true })
    expect(code).toBe(2)
    expect(said.trimEnd()).not.toContain('\n')
    const rows = [{ what: 'java', fix: 'get it' }]
    expect(JSON.parse(said)).toMatchObject({ isReady: false, rows })
  })
})
