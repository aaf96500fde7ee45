/** A relay that was ended is back only when its group is settled with it, and that has an end. */
import { expect, test } from 'vitest'
import { systemClock as clock } from '../../relay/world/clock.ts'
import { newProtocolState } from '../samplers/lag-truth.ts'
import type { FaultContext, GroupContext } from './fault.ts'
import { killRelay } from './kill-relay.ts'

/** Kills nothing: the process that stands for the relay is that of the test. */
function stageOf(holds: (asked: number) => readonly number[] | undefined, state = 'Stable') {
  let asked = 0
  const group: GroupContext = {
    brokers: [],
    topic: 't',
    groupId: 'g',
    partitions: 3,
    settleLimitMs: 700,
    facts: async () => ({ state, protocolType: 'consumer', protocol: 'range', others: [] }),
    ownedByTarget: async () => holds(asked++),
  }
  const relay = { pid: process.pid, kill: async () => ({ code: null }), start: async () => {} }
  const { signal } = new AbortController()
  return { clock, signal, relay, group } as unknown as FaultContext
}

async function killedAndBack(context: FaultContext) {
  const injected = await killRelay.inject({ fault: 'kill-relay' }, context)
  return injected.heal()
}

test('the heal lasts until the new member holds every partition', async () => {
  const healed = await killedAndBack(stageOf((asked) => [undefined, [0], [0, 1, 2]][asked]))
  expect(healed).toMatchObject({ isSettled: true, partitionsHeld: 3 })
  expect(healed['settledMs']).toBeGreaterThanOrEqual(400)
})

test('a group that never settles is told, and is not our failure', async () => {
  const healed = await killedAndBack(stageOf(() => undefined))
  expect(healed).toMatchObject({ isSettled: false, partitionsHeld: null })
})

test('a group that cannot be described is not waited for', async () => {
  const healed = await killedAndBack(stageOf(() => undefined, newProtocolState))
  expect(healed).toMatchObject({ isSettled: null })
})
