/** Projects of killed runs are found; those of runs under way, and other files, are left alone. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { leftProjects, noteProject } from './stack-projects.ts'

const folder = mkdtempSync(join(tmpdir(), 'projects-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const write = (name: string, text: string) => writeFileSync(join(folder, name), text)

it('finds the project of a run that is dead, and no other', () => {
  const strike = noteProject(folder, 'chaos-alive')
  const dead = { pid: 1, start: 'of another life' }
  write('project-chaos-dead.json', JSON.stringify({ project: 'chaos-dead', owner: dead }))
  write('project-half.json', '{"project": "chaos-')
  write('project-foreign.json', JSON.stringify({ project: '../x', owner: dead }))
  write('undo-1.json', JSON.stringify({ project: 'chaos-other', owner: dead }))
  expect(leftProjects(folder)).toEqual([
    { project: 'chaos-dead', file: join(folder, 'project-chaos-dead.json') },
  ])
  strike()
  expect(existsSync(join(folder, 'project-chaos-alive.json'))).toBe(false)
})

it('finds none where there is no folder', () => {
  expect(leftProjects(join(folder, 'nowhere'))).toEqual([])
})
