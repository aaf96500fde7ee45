/** A relay that is told to end before it has begun: while its modules are still being loaded. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { systemClock as clock } from '../../relay/world/clock.ts'
import { startChild } from '../world/child.ts'
import { repoRoot } from '../world/places.ts'
import { openWorld } from '../world/world.ts'

/** Says which of the relay's modules are to be loaded, and lets each of them take its time. */
const slowLoading = `
  import { registerHooks } from 'node:module'
  import { writeSync } from 'node:fs'
  registerHooks({ load(url, context, next) {
    if (/relay\\/adapters\\//.test(url)) {
      writeSync(1, 'loads ' + url + '\\n')
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 30)
    }
    return next(url, context)
  } })`

test.each([
  ['the reference', ['relay/main.ts']],
  ['one with a defect', ['harness/defects/start-defective.ts', 'm-1033-fixed-send-timeout']],
])('%s ends with 0 on a signal while it is being loaded', async (_, [file, ...args]) => {
  const state = mkdtempSync(join(tmpdir(), 'first-moments-'))
  const world = await openWorld(clock, state)
  const hook = `data:text/javascript,${encodeURIComponent(slowLoading)}`
  const child = await startChild(world, {
    role: 'relay',
    command: process.execPath,
    args: ['--import', hook, join(repoRoot, file!), ...args],
    logFile: join(state, 'relay.log'),
    ready: { line: (line) => line.startsWith('loads') },
    deadlineMs: 10_000,
  })
  const end = await child.stop(10_000)
  await world.close()
  rmSync(state, { recursive: true, force: true })
  expect(end).toEqual({ code: 0, signal: null })
})
