/** A relay that is asked to end before it has started: while its modules are being loaded. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { systemClock as clock } from '../../relay/world/clock.ts'
import { openWorld } from '../world/world.ts'
import { announcing, onceItLoads, startRelay } from './relay-process-testbed.ts'

test.each([
  ['the reference', ['relay/main.ts']],
  ['one with a defect', ['harness/defects/start-defective.ts', 'm-1033-fixed-send-timeout']],
])('%s ends with 0 on a signal while it is being loaded', async (_, program) => {
  const state = mkdtempSync(join(tmpdir(), 'first-moments-'))
  const world = await openWorld(clock, state)
  const child = await startRelay(world, {
    program,
    before: announcing(/relay\/adapters\//, 30),
    ready: onceItLoads,
    logFile: join(state, 'relay.log'),
  })
  const end = await child.stop(10_000)
  await world.close()
  rmSync(state, { recursive: true, force: true })
  expect(end).toEqual({ code: 0, signal: null })
})
