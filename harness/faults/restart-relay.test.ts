/** A relay that is restarted with extreme values may refuse them, and is back all the same. */
import process from 'node:process'
import { describe, expect, test } from 'vitest'
import { systemClock as clock } from '../../relay/world/clock.ts'
import { Trouble, type TroubleCode } from '../world/trouble.ts'
import type { FaultContext } from './fault.ts'
import type { RelayProcess } from '../targets/target.ts'
import { injectFault } from './registry.ts'

type Environment = Readonly<Record<string, string>>
const environment = { TTL: 'abc' }

/** A relay that does not start with an environment of its own, for this reason. */
function relayRefusing(code: TroubleCode | undefined) {
  const starts: (Environment | undefined)[] = []
  const relay: RelayProcess = {
    pid: process.pid,
    kill: () => Promise.resolve({ code: 0 }),
    start(_, given) {
      starts.push(given)
      if (code === undefined || given === undefined) return Promise.resolve()
      const cause = new Trouble(code, 'it ended', 'see its log')
      return Promise.reject(new Trouble('target-unready', 'it is not ready', 'see', cause))
    },
    send: () => undefined,
  }
  // A group that is settled from the start.
  const group = { partitions: 0, settleLimitMs: 0, facts: async () => undefined }
  const ownedByTarget = async () => []
  const context = { clock, relay, group: { ...group, ownedByTarget } } as unknown as FaultContext
  const restart = () => injectFault({ fault: 'restart-relay', environment }, context)
  return { starts, heal: async () => (await restart()).heal() }
}

describe('a relay restarted with its own values', () => {
  test('gets them', async () => {
    const { starts, heal } = relayRefusing(undefined)
    expect(await heal()).toMatchObject({ pid: process.pid })
    expect(starts).toEqual([environment])
  })

  test('is started without them where it refuses them by ending', async () => {
    const { starts, heal } = relayRefusing('child-died')
    expect(await heal()).toMatchObject({ isRefused: true })
    expect(starts).toEqual([environment, undefined])
  })

  test('has failed to start where it merely does not answer', async () => {
    const { starts, heal } = relayRefusing('child-late')
    await expect(heal()).rejects.toThrow('it is not ready')
    expect(starts).toEqual([environment])
  })
})
