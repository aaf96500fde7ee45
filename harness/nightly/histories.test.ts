/** What is left on disk of the runs of a night. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { Histories } from './histories.ts'

const root = mkdtempSync(join(tmpdir(), 'histories-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

function run(name: string, bytes: number): string {
  const folder = join(root, name)
  for (const one of ['history', 'logs', 'fewer-1/history']) {
    mkdirSync(join(folder, one), { recursive: true })
    writeFileSync(join(folder, one, 'a.ndjson'), Buffer.alloc(bytes))
  }
  for (const one of ['.', 'fewer-1']) writeFileSync(join(folder, one, 'run.json'), '{}')
  return folder
}

test('of what passed only the record is left', () => {
  const folder = run('passed', 10)
  expect(new Histories().trim(folder, false)).toBe(false)
  expect(readdirSync(folder)).toEqual(['run.json'])
})

test('of what failed everything is left, but for what was run beside it', () => {
  const [folder, histories] = [run('failed', 10), new Histories()]
  histories.trimBeside(folder)
  expect(histories.trim(folder, true)).toBe(true)
  expect(readdirSync(folder).toSorted()).toEqual(['fewer-1', 'history', 'logs', 'run.json'])
  expect(readdirSync(join(folder, 'fewer-1'))).toEqual(['run.json'])
  expect(histories.keptBytes).toBe(10 + 10 + 2 + 2)
})

test('all that is left stays below the limit, and a smaller one still fits', () => {
  const histories = new Histories(1_000)
  expect(histories.trim(run('first', 200), true)).toBe(true)
  const large = run('large', 150)
  expect(histories.trim(large, true)).toBe(false)
  expect(existsSync(join(large, 'history'))).toBe(false)
  expect(histories.trim(run('small', 50), true)).toBe(true)
  expect(histories.keptBytes).toBeLessThanOrEqual(1_000)
})
