/**
 * Every fault on real servers: it is proven active on each hop it can be on, and is gone after it
 * was healed. One stack and one relay with a small fleet for all of them.
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { sleep, systemClock as clock } from '../../relay/world/clock.ts'
import { openUndoLog } from '../world/undo-log.ts'
import { setUpRun, type RealRunContext } from './run-context.ts'
import { scenario } from '../dsl/scenario.ts'
import { injectFault, type FaultSpec } from '../faults/registry.ts'
import type { Hop } from '../stack/ways.ts'
import { startNativeStack } from '../stack/native.ts'
import { connectionsAt } from '../stack/redis-failover.ts'
import type { Stack } from '../stack/stack.ts'
import { openToxiproxy } from '../stack/toxiproxy.ts'
import { identify } from '../world/processes.ts'
import { openWorld, type World } from '../world/world.ts'
import type { FaultContext } from '../faults/fault.ts'
import { until } from '../world/until.ts'
import { throughput } from '../faults/link-proof.ts'
import { probe } from '../faults/probe.ts'

const state = mkdtempSync(join(tmpdir(), 'faults-'))
const load = { recordsPerSecond: 100, payloadBytes: 1_024, threads: 4 }
const small = scenario({
  name: 'every-fault',
  claim: 'Every fault is active.',
  suites: [],
  topic: { partitions: 4 },
  relay: {
    sendTimeoutMs: 60_000,
    lagDisconnectRecords: 0,
    kafkaSessionTimeoutMs: 6_000,
    kafkaHeartbeatMs: 1_000,
  },
  load,
  fleet: { readers: { count: 3, reads: 'fast', reconnects: true } },
  phases: () => [],
  expect: () => ({}),
})

let world: World
let stack: Stack
let context: RealRunContext
let faults: FaultContext

beforeAll(async () => {
  world = await openWorld(clock, state)
  stack = await startNativeStack({ world, report: () => undefined })
  context = await setUpRun(world, {
    scenario: small,
    target: { kind: 'reference' },
    seed: 'faults',
    folder: world.makeFolder('run'),
    stack,
    toxics: openToxiproxy(clock, stack.toxiproxy),
    undoLog: openUndoLog(state),
    report: () => undefined,
    signal: new AbortController().signal,
  })
  faults = context.faultContext
  await context.connect('readers', undefined, 10_000)
  await context.producer.load(load)
})
afterAll(async () => {
  await context?.tearDown().catch(() => undefined)
  await world?.close()
  rmSync(state, { recursive: true, force: true })
})

const readers = async () => (await context.fleet.status()).groups['readers']

/** Records reach all clients again: what was broken before is not broken still. */
beforeEach(async () => {
  const before = (await readers())?.deliveries ?? 0
  const flow = await until(
    faults,
    20_000,
    100,
    readers,
    (now) => now?.open === 3 && now.deliveries > before,
  )
  if (!flow.holds) throw new Error(`records must flow: ${JSON.stringify(flow.answer)}`)
})

const undoFiles = () => readdirSync(state).filter((name) => name.startsWith('undo-'))

/** Breaks, measures and heals; what is owed meanwhile stands on disk. */
async function breakAndHeal(spec: FaultSpec) {
  const injected = await injectFault(spec, faults)
  const owed = undoFiles().length
  const measured = await injected.measure().catch(async (error: unknown) => {
    await injected.heal()
    throw error
  })
  const healed = await injected.heal()
  return { ...measured, owed, healed }
}

const on = (hop: Hop) => (hop === 'clients' ? { hop, group: 'readers' } : { hop })

describe.each(['redis', 'clients', 'kafka'] as const)('on the way to %s', (hop) => {
  test.each([
    { fault: 'stall', probe: 'silent' },
    { fault: 'black-hole', probe: 'silent' },
    { fault: 'cut', probe: 'refused' },
    { fault: 'reset', probe: /reset|ended/ },
  ] as const)('$fault is active and heals', async ({ fault, probe: wanted }) => {
    const { isActive, evidence, owed, healed } = await breakAndHeal({ fault, ...on(hop) })
    expect({ isActive, owed, evidence }).toMatchObject({ isActive: true, owed: 1 })
    expect(evidence['probe']).toMatch(wanted)
    expect(healed['answerMs']).toBeGreaterThanOrEqual(0)
    expect(undoFiles().length).toBe(1)
  })

  test('latency is active and heals', async () => {
    const { isActive, evidence, healed } = await breakAndHeal({
      fault: 'latency',
      ms: 400,
      ...on(hop),
    })
    expect(isActive).toBe(true)
    expect(Number(evidence['answerMs']) - Number(evidence['beforeMs'])).toBeGreaterThanOrEqual(320)
    expect(healed['tookMs']).toBeLessThan(5_000)
  })

  test('a narrow bandwidth is active and heals', async () => {
    const spec = { fault: 'bandwidth', kilobytesPerSecond: 8, ...on(hop) } as const
    const { isActive, evidence } = await breakAndHeal(spec)
    expect({ isActive, evidence }).toMatchObject({ isActive: true })
    const wide = await throughput(faults.link(on(hop)), faults, 8_192)
    wide.close()
    expect(wide.bytesPerSecond).toBeGreaterThan(Number(evidence['bytesPerSecond']) * 2)
  })
})

test('another Redis takes over, and the relay goes to it', async () => {
  const redis = stack.pids['redis'] as number
  const { isActive, evidence, healed } = await breakAndHeal({ fault: 'failover', hop: 'redis' })
  expect({ isActive, evidence }).toMatchObject({
    isActive: true,
    evidence: {
      open: expect.stringMatching(/^-READONLY/),
      reconnected: '+OK',
      connectionsStayed: 2,
    },
  })
  expect(healed['answerMs']).toBeGreaterThanOrEqual(0)
  expect(identify(redis)).toBeUndefined()
  expect(stack.pids['redis']).not.toBe(redis)
  // Only what has connected to the new one can be taken from it.
  const port = Number(new URL(stack.redisDirect).port)
  await vi.waitFor(async () => expect(await connectionsAt(clock, port)).toBe(2), 10_000)
  // A second one moves it again, and what it holds is not lost.
  expect(await breakAndHeal({ fault: 'failover', hop: 'redis' })).toMatchObject({ isActive: true })
})

describe('a fault that does nothing is reported as ineffective', () => {
  test.each([
    { fault: 'latency', ms: 0 },
    { fault: 'bandwidth', kilobytesPerSecond: 10_000_000 },
  ] as const)('$fault', async (spec) => {
    expect(await breakAndHeal({ ...spec, hop: 'redis' })).toMatchObject({ isActive: false })
  }, 20_000)

  test('readers that get nothing anyway cannot be seen to stop', async () => {
    await context.producer.load({ ...load, recordsPerSecond: 0 })
    await sleep(clock, 500)
    const { isActive, evidence } = await breakAndHeal({ fault: 'readers-stop', group: 'readers' })
    await context.producer.load(load)
    expect({ isActive, evidence }).toMatchObject({ isActive: false, evidence: { bytesBefore: 0 } })
  })
})

describe('what is broken already cannot be broken', () => {
  test('a way that is cut', async () => {
    const first = await injectFault({ fault: 'cut', hop: 'redis' }, faults)
    await expect(injectFault({ fault: 'stall', hop: 'redis' }, faults)).rejects.toThrow(
      'link redis must answer before the fault; it was already refused',
    )
    await first.heal()
  })

  test('a Redis that is not ours', async () => {
    const others = { ...faults, failOverRedis: undefined }
    const failover = injectFault({ fault: 'failover', hop: 'redis' }, others)
    await expect(failover).rejects.toThrow(/needs a Redis that the harness starts/)
  })

  test('a group that is not there', async () => {
    const spec = { fault: 'stall', hop: 'clients', group: 'nobody' } as const
    await expect(injectFault(spec, faults)).rejects.toThrow(/no link "clients-nobody"; it has/)
  })
})

describe('clients and processes', () => {
  test('readers stop and go on', async () => {
    const { isActive, evidence } = await breakAndHeal({ fault: 'readers-stop', group: 'readers' })
    expect({ isActive, evidence }).toMatchObject({
      isActive: true,
      evidence: { bytesInLastWindow: 0 },
    })
    expect(evidence['bytesBefore']).toBeGreaterThan(0)
  })

  test('the relay is frozen and goes on', async () => {
    const { isActive, evidence, owed, healed } = await breakAndHeal({ fault: 'pause-relay' })
    expect({ isActive, owed, state: evidence['state'] }).toEqual({
      isActive: true,
      owed: 1,
      state: 'T',
    })
    expect(healed['state']).toMatch(/[SR]/)
  })

  test.each(['kill-relay', 'restart-relay'] as const)('%s, and it is back', async (fault) => {
    const before = faults.relay?.pid as number
    const { isActive, healed } = await breakAndHeal({ fault })
    expect(isActive).toBe(true)
    expect(identify(before)).toBeUndefined()
    expect(healed['pid']).not.toBe(before)
    await context.connect('readers', 0, 10_000)
  })

  test('rivals take partitions and give them back', async () => {
    const { isActive, evidence, healed } = await breakAndHeal({ fault: 'rebalance', rivals: 1 })
    expect({ isActive, evidence }).toMatchObject({
      isActive: true,
      evidence: { partitionsBefore: 4 },
    })
    expect(evidence['partitionsNow']).toBeLessThan(4)
    expect(healed['partitionsNow']).toBe(4)
  }, 60_000)
})

test('a reset acts on a connection as soon as it carries data, not before', async () => {
  const link = faults.link({ hop: 'redis' })
  const idle = await probe(clock, link, 1_000)
  expect(idle.outcome).toBe('answered')
  const { evidence } = await breakAndHeal({ fault: 'reset', hop: 'redis' })
  expect(evidence['tookMs']).toBeLessThan(5_000)
  expect(await probe(clock, link, 1_000)).toMatchObject({ outcome: 'answered' })
})

test('a relay that died while its way was broken is no way that is not healed', async () => {
  const injected = await injectFault({ fault: 'stall', hop: 'clients', group: 'readers' }, faults)
  process.kill(faults.relay?.pid as number, 'SIGKILL')
  const healed = await injected.heal()
  expect(healed['relayItself']).toBe('refused')
  await expect(injectFault({ fault: 'kill-relay' }, faults)).rejects.toThrow(/has already exited/)
})
