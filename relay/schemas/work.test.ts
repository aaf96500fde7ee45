/** What the schema API costs grows with what it is sent and with what it keeps. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { systemClock as clock } from '../world/clock.ts'
import { workOf } from '../world/work-testbed.ts'
import { readEntry, readName, type SchemaEntry } from './entry.ts'
import { ExpectedSchemas } from './store.ts'

const quiet = () => undefined
const logger = { debug: quiet, info: quiet, warn: quiet, error: quiet }

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'schemas-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const entryOf = (at: number): SchemaEntry => ({
  schema_id: 's',
  graph_name: `graph ${at}`,
  environment: null,
  pinned_at: at,
  pinned_by: null,
  note: null,
})

const read = (text: string) =>
  readEntry('g', 'application/json', Buffer.from(text), 0, 1_000_000)

describe('what is sent', () => {
  test.each([
    ['a long note', (size: number) => `{"schema_id":"s","note":"${'x'.repeat(size)}"}`],
    ['many fields', (size: number) =>
      `{"schema_id":"s",${Array.from({ length: size }, (_, at) => `"f${at}":1`).join()}}`],
    ['brackets', (size: number) => '['.repeat(size)],
  ])('%s', async (_, textOf) => {
    await workOf(() => read(textOf(10)))
    const once = await workOf(() => read(textOf(2_000)))
    expect(await workOf(() => read(textOf(8_000)))).toBeLessThan(5 * once)
  })

  test('a name', async () => {
    await workOf(() => readName('x'))
    const once = await workOf(() => readName('x'.repeat(5_000)))
    expect(await workOf(() => readName('x'.repeat(20_000)))).toBeLessThan(5 * once)
  })
})

test('what is kept: to read it, to list it, and to change one of it', async () => {
  const cost = async (count: number) => {
    const file = join(folder, `${count}.json`)
    const all = Array.from({ length: count }, (_, at) => entryOf(at))
    const byName = Object.fromEntries(all.map((one) => [one.graph_name, one]))
    writeFileSync(file, JSON.stringify(byName))
    const schemas = new ExpectedSchemas({ file, entriesMax: 10_000, clock, logger })
    return workOf(async () => {
      await schemas.open()
      await schemas.list()
      await schemas.put(entryOf(1))
      await schemas.delete('graph 2')
    })
  }
  await cost(10)
  expect(await cost(4_000)).toBeLessThan(5 * (await cost(1_000)))
})
