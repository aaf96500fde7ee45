import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../relay/world/clock.ts'
import type { OwnedChild } from '../world/owned-child.ts'
import { openWorld, type World } from '../world/world.ts'
import { shakeHands, startRawServer } from '../wire/raw-server-testbed.ts'
import { startFleet } from './remote.ts'
import { ChildGoneError } from '../world/asking.ts'

let folder: string
let world: World
/** Every process that was started. */
let adopted: OwnedChild[]

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'fleet-'))
  const opened = await openWorld(systemClock, join(folder, 'state'))
  adopted = []
  world = {
    ...opened,
    adopt(child, entry) {
      adopted.push(child)
      opened.adopt(child, entry)
    },
  }
})
afterEach(async () => {
  await world.close()
  rmSync(folder, { recursive: true, force: true })
})

const start = (more: { clientDefect?: string } = {}) =>
  startFleet(world, {
    journalFile: join(folder, 'fleet.ndjson'),
    logFile: join(folder, 'fleet.log'),
    originMs: systemClock.nowMs(),
    seed: 'remote',
    ...more,
  })

describe('the process of the fleet', () => {
  it('carries out orders, reports its status, and shuts down cleanly', async () => {
    const server = await startRawServer(shakeHands)
    const fleet = await start()
    const spec = { count: 3, reads: 'fast' } as const
    const { url } = server
    const joined = await fleet.connect({ group: 'g', url, count: 3, spec, deadlineMs: 5_000 })
    expect(joined.groups['g']).toMatchObject({ open: 3, refused: 0, deliveries: 0 })
    const stray = fleet.perform({ do: 'resume', group: 'h', from: 'latest' }, 5_000)
    await expect(stray).rejects.toThrow(/no client of group "h"/)
    await fleet.perform({ do: 'disconnect', group: 'g', how: 'reset' }, 5_000)
    await fleet.finish()
    expect(await fleet.ended).toEqual({ code: 0, signal: null })
    const written = readFileSync(join(folder, 'fleet.ndjson'), 'utf8')
    expect(written.match(/^{"kind":"opened",/gm)).toHaveLength(3)
    server.close()
  })

  it('that is killed fails what was asked of it, and what will be', async () => {
    const server = await startRawServer(() => undefined)
    const fleet = await start()
    const spec = { count: 1, reads: 'fast' } as const
    const { url } = server
    const waiting = fleet.connect({ group: 'g', url, count: 1, spec, deadlineMs: 60_000 })
    const [outcome] = await Promise.all([waiting.catch((error: unknown) => error), fleet.kill()])
    expect(outcome).toBeInstanceOf(ChildGoneError)
    await expect(fleet.status()).rejects.toThrow(ChildGoneError)
    await fleet.kill()
    server.close()
  })

  it('runs a client with a mistake of the list put back', async () => {
    const fleet = await start({ clientDefect: 'm-741-integers-rounded' })
    await fleet.finish()
    expect(await fleet.ended).toEqual({ code: 0, signal: null })
  })

  it.each([
    ['nonsense', /nonsense/],
    ['../main', /cannot be the name/],
    ['m-1033-fixed-send-timeout', /one of the relay/],
  ])('with the defect %s is refused, and leaves nothing behind', async (clientDefect, why) => {
    await expect(start({ clientDefect })).rejects.toThrow(why)
    expect(adopted).toHaveLength(1)
    expect(adopted[0]!.exit).toBeDefined()
  })
})
