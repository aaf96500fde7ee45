/** A process that is killed while it changes pinned schemas leaves a state that can be trusted. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, test } from 'vitest'
import { createLogger } from '../adapters/logger.ts'
import { systemClock as clock } from '../world/clock.ts'
import { ExpectedSchemas } from './store.ts'

/** Changes one entry for ever, and says each number once it is stored. */
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

test('kill -9 between and within changes', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'schemas-'))
  const file = join(folder, 'schemas.json')
  for (const changes of [1, 2, 3, 5, 8]) {
    const args = ['--input-type=module', '-e', writer, file]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    let told = -1
    for await (const line of createInterface(child.stdout)) {
      told = Number(line)
      // Lines that were written before the end are still read after it.
      if (told === changes) child.kill('SIGKILL')
    }
    if (child.signalCode === null) await once(child, 'exit')
    const logger = createLogger('error')
    const schemas = new ExpectedSchemas({ file, entriesMax: 9, clock, logger })
    const stored = Number((await schemas.get('g'))?.schema_id)
    // The one after the last that it told may have been stored, too.
    expect([told, told + 1]).toContain(stored)
  }
  rmSync(folder, { recursive: true })
})
