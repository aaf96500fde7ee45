/** A phase lasts as long as replays are waited for, and not longer than it may. */
import process from 'node:process'
import { describe, expect, test } from 'vitest'
import { systemClock as clock } from '../../relay/world/clock.ts'
import { injectFault, type FaultSpec } from '../faults/registry.ts'
import type { FaultContext } from '../faults/fault.ts'
import { isOfKind, type HistoryEvent } from '../history/event.ts'
import { runPhase } from './act.ts'
import type { PlannedPhase } from './planned.ts'
import type { RunContext } from './run-context.ts'

const load = { recordsPerSecond: 0, payloadBytes: 1, threads: 1 }
const phaseOf = (awaitsReplaysMs: number): PlannedPhase => {
  return { name: 'replayed', ms: 20, awaitsReplaysMs, load, prelude: [], faults: [], stimuli: [] }
}

/** Plays a phase in which a client waits for its replay for so many looks. */
async function looksOf(awaitsReplaysMs: number, waits: number): Promise<number> {
  let looks = 0
  const status = () => {
    looks += 1
    return Promise.resolve({ groups: { late: { replaying: looks <= waits ? 1 : 0 } } })
  }
  const journal = { write: () => undefined, now: () => 0 }
  const producer = { load: () => Promise.resolve() }
  const { signal } = new AbortController()
  const context = { clock, signal, journal, producer, fleet: { status }, report: () => undefined }
  await runPhase(context as unknown as RunContext, phaseOf(awaitsReplaysMs))
  return looks
}

describe('a phase that waits for replays', () => {
  test('ends with the last of them', async () => expect(await looksOf(5_000, 2)).toBe(3))
  test('ends immediately if none is there', async () => expect(await looksOf(5_000, 0)).toBe(1))
  test('ends when its time is over', async () => {
    expect(await looksOf(150, Infinity)).toBeLessThan(5)
  })
  test('does not look where it need not wait', async () => expect(await looksOf(0, 9)).toBe(0))
})

test('a relay that is to be back immediately is back before the phase begins', async () => {
  const told: string[] = []
  const write = (event: HistoryEvent) => {
    if (isOfKind(event, 'fault')) told.push(event.step)
    if (isOfKind(event, 'phase')) told.push(event.edge)
  }
  const journal = { write, now: () => 0 }
  const producer = { load: () => Promise.resolve() }
  const relay = { pid: process.pid, kill: async () => ({ code: 0 }), start: async () => undefined }
  const group = { partitions: 0, settleLimitMs: 0, facts: async () => undefined }
  const { signal } = new AbortController()
  const faultContext = { clock, relay, signal, group: { ...group, ownedByTarget: async () => [] } }
  const inject = (spec: FaultSpec) => injectFault(spec, faultContext as unknown as FaultContext)
  const context = { clock, signal, journal, producer, inject, report: () => undefined }
  const stepsOf = async (fault: FaultSpec) => {
    told.length = 0
    await runPhase(context as unknown as RunContext, { ...phaseOf(0), faults: [fault] })
    return told.filter((step) => step !== 'ineffective')
  }
  const away = await stepsOf({ fault: 'restart-relay' })
  const back = await stepsOf({ fault: 'restart-relay', isBackAtOnce: true })
  expect(away).toEqual(['inject', 'begin', 'end', 'heal'])
  expect(back).toEqual(['inject', 'heal', 'begin', 'end'])
})
