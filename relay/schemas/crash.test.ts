/**
 * A process that is killed while it changes pinned schemas leaves a state that can be trusted: the
 * file is never written to, and what takes its place was on the disk before it did.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createLogger } from '../adapters/logger.ts'
import { systemClock as clock } from '../world/clock.ts'
import type { SchemaEntry } from './entry.ts'
import { writeSchemas } from './file.ts'
import { ExpectedSchemas } from './store.ts'

/** Changes one entry forever, and prints each number once it is stored. */
const writer = `
  import { ExpectedSchemas } from '${new URL('./store.ts', import.meta.url).href}'
  import { systemClock as clock } from '${new URL('../world/clock.ts', import.meta.url).href}'
  const logger = { error: console.error }
  const schemas = new ExpectedSchemas({ file: process.argv[1], entriesMax: 9, clock, logger })
  const rest = { environment: null, pinned_at: 1, pinned_by: null, note: 'x'.repeat(30_000) }
  for (let at = 0; ; at += 1) {
    await schemas.put({ schema_id: String(at), graph_name: 'g', ...rest })
    console.log(at)
  }`

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'schemas-'))
  file = join(folder, 'schemas.json')
})
afterEach(() => {
  vi.restoreAllMocks()
  rmSync(folder, { recursive: true })
})

test('kill -9 between and within changes', async () => {
  for (const changes of [1, 2, 3, 5, 8]) {
    const args = ['--input-type=module', '-e', writer, file]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    let printed = -1
    for await (const line of createInterface(child.stdout)) {
      printed = Number(line)
      // Lines that were written before the end are still read after it.
      if (printed === changes) child.kill('SIGKILL')
    }
    if (child.signalCode === null) await once(child, 'exit')
    const logger = createLogger('error')
    const schemas = new ExpectedSchemas({ file, entriesMax: 9, clock, logger })
    const stored = Number((await schemas.get('g'))?.schema_id)
    // The one after the last that it printed may have been stored, too.
    expect([printed, printed + 1]).toContain(stored)
  }
})

const state = (note: string): ReadonlyMap<string, SchemaEntry> => {
  const rest = { environment: null, pinned_at: 1, pinned_by: null, note }
  return new Map([['g', { schema_id: '1', graph_name: 'g', ...rest }]])
}
const write = (note: string) => writeSchemas(file, state(note), new AbortController().signal)
const noteIn = (text: string) => (JSON.parse(text) as { g: SchemaEntry }).g.note

test('a reader that has the old file open reads the old state to its end', async () => {
  await write('old')
  const reader = await open(file)
  await write('new')
  expect([noteIn(await reader.readFile('utf8')), noteIn(readFileSync(file, 'utf8'))]).toEqual([
    'old',
    'new',
  ])
  await reader.close()
})

test('the new state is whole and durable before it takes its place, its name after', async () => {
  await write('old')
  /** At each sync: what is made durable, what it holds, and what the file says meanwhile. */
  const syncs: unknown[] = []
  const handle = await open(folder)
  await handle.close()
  const anyHandle = Object.getPrototypeOf(handle) as FileHandle
  vi.spyOn(anyHandle, 'sync').mockImplementation(async function (this: FileHandle) {
    const path = readlinkSync(`/proc/self/fd/${this.fd}`)
    const isFolder = path === folder
    const isTheFile = path === file
    const holds = isFolder ? readdirSync(path).length : noteIn(readFileSync(path, 'utf8'))
    syncs.push({ isFolder, isTheFile, holds, file: noteIn(readFileSync(file, 'utf8')) })
  })
  await write('new')
  expect(syncs).toEqual([
    { isFolder: false, isTheFile: false, holds: 'new', file: 'old' },
    { isFolder: true, isTheFile: false, holds: 1, file: 'new' },
  ])
})
