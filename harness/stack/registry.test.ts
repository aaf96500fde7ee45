/** What was typed of a stack: taken as it was meant, in the older way too, or refused. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { UsageError } from '../world/exit-codes.ts'
import { selectStack, stackForms, stackKinds } from './registry.ts'

const folder = mkdtempSync(join(tmpdir(), 'stacks-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const path = join(folder, 'stack.json')
const relay = { topic: 'events', dlqTopic: 'events-dlq', groupId: 'relay' }
const at = '127.0.0.1:1'
const addresses = {
  kafkaDirect: [at],
  kafkaProxied: '127.0.0.1:2',
  kafkaUpstream: at,
  redisDirect: at,
  redisProxied: '127.0.0.1:2',
  toxiproxy: 'http://127.0.0.1:3',
}
writeFileSync(path, JSON.stringify({ ...addresses, relay }))

test('the native stack, by its name and where none is asked for', () => {
  for (const text of [undefined, 'native']) {
    const { says, names, hint } = selectStack(text)
    expect([says, names, hint]).toEqual([expect.stringMatching(/^starting/), undefined, undefined])
  }
})

test('a file, with what the relay reads', () => {
  const { says, names, hint } = selectStack(`file:${path}`)
  expect([says, names, hint]).toEqual([expect.stringMatching(/^connecting/), relay, undefined])
})

test('a path alone is a file, with a hint', () => {
  const { names, hint } = selectStack(path)
  expect(names).toEqual(relay)
  expect(hint).toBe(`--stack ${path} is now written --stack file:${path}`)
})

test('containers, which run the relay that is judged', () => {
  const { says, target, names } = selectStack('compose')
  expect([says, target, names]).toEqual([expect.stringMatching(/containers$/), 'image', undefined])
})

test.each([
  ['native:3', /takes nothing more/],
  ['compose:3', /takes nothing more/],
  ['file', /wants a path/],
  ['file:', /wants a path/],
  ['file:/no/such', /--stack wants a file/],
  ['natve', /--stack wants native.* or file:<path>/],
])('%s is refused', (text, says) => {
  expect(() => selectStack(text)).toThrow(UsageError)
  expect(() => selectStack(text)).toThrow(says)
})

test('help names every kind', () => {
  for (const { form } of Object.values(stackKinds)) expect(stackForms).toContain(form)
})
