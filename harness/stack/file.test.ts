/** The file of --stack is as the README shows it, and mistakes in one are reported. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { repoRoot } from '../world/places.ts'
import { UsageError } from '../world/exit-codes.ts'
import { readStackFile } from './file.ts'

const folder = mkdtempSync(join(tmpdir(), 'stack-file-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const read = (text: string) => {
  const file = join(folder, 'stack.json')
  writeFileSync(file, text)
  return readStackFile(file)
}
const readme = readFileSync(join(repoRoot, 'README.md'), 'utf8')
const shown = /```json\n(.*?)```/s.exec(readme)?.[1] ?? ''

test('the example of the README, in the section that errors point to', () => {
  expect(readme).toContain('\n## Judge another relay\n')
  const { stack, relay } = read(shown)
  expect(relay).toEqual({ topic: 'events', dlqTopic: 'events-dlq', groupId: 'relay' })
  expect(stack.kafkaDirect).toHaveLength(1)
})

test('a name that is not known is refused where it stands', () => {
  const text = shown.replace('"topic"', '"topics"')
  expect(() => read(text)).toThrow(UsageError)
  expect(() => read(text)).toThrow(/topics/)
})
