/**
 * A run context without servers: a simulated producer, fleet, samplers and faults, on a clock that
 * runs as fast as it can. All calls of the conductor are in one list.
 */
import { ManualClock, settled } from '../../relay/world/manual-clock-testbed.ts'
import { orAborted } from '../../relay/world/deadline.ts'
import { scenario, type PhaseSpec, type Scenario } from '../dsl/scenario.ts'
import type { FaultSpec } from '../faults/registry.ts'
import type { Injected } from '../faults/fault.ts'
import { isOfKind, type HistoryEvent } from '../history/event.ts'
import type { World } from '../world/world.ts'
import { conduct, type Played } from './conductor.ts'
import type { Progress } from './progress.ts'
import { groupsAtStart } from './plan.ts'
import type { Order } from './order.ts'
import type { RunContext } from './run-context.ts'
import { timingFor } from './timing.ts'

/** What the parts of a run context do that is not as it should be. */
export interface Meddling {
  /** Called with each line of what was done, before it is done. */
  readonly on?: (line: string, run: FakeRun) => void
  /** Of a fault: that it cannot be injected, has no effect, or cannot be healed; or hangs. */
  readonly faults?: Partial<Record<FaultSpec['fault'], Trouble>>
  /** Records that a client of the fleet never gets. */
  readonly isStarved?: boolean
  readonly hangs?: 'set-up' | 'burst' | 'finish' | 'tear-down'
  /** When the user has had enough. */
  readonly endsAtMs?: number
}
export type Trouble =
  'not-injected' | 'ineffective' | 'not-healed' | 'injecting-hangs' | 'healing-hangs'

export interface FakeRun {
  readonly clock: ManualClock
  /** What was done, in order. */
  readonly did: string[]
  readonly events: HistoryEvent[]
  readonly told: Progress[]
  /** Ends the run, as the user would, or as a process of the harness that is gone. */
  readonly end: (why: Error) => void
}

const load = { recordsPerSecond: 100, payloadBytes: 100, threads: 4 } as const

/** A scenario of two readers that goes through these phases. */
export const scenarioOf = (...phases: PhaseSpec<'readers'>[]): Scenario =>
  scenario({
    name: 'fake',
    claim: 'The conductor follows the scenario.',
    suites: [],
    topic: { partitions: 1 },
    relay: {},
    load,
    fleet: { readers: { count: 2, reads: 'fast' } },
    phases: () => phases,
    expect: () => ({}),
  })

/** Why a run ends that the user ends. */
export const hadEnough = 'the user had enough'
const stepMs = 100
const endMs = 600_000
const never = new Promise<never>(() => undefined)

/** Runs a scenario on a fake context, to its end, in no time. */
export async function conductFake(
  played: Scenario,
  meddling: Meddling = {},
): Promise<FakeRun & { readonly result: Played; readonly tookMs: number }> {
  const clock = new ManualClock()
  const controller = new AbortController()
  const run: FakeRun = {
    clock,
    did: [],
    events: [],
    told: [],
    end: (why) => controller.abort(why),
  }
  const order = {
    scenario: played,
    target: { kind: 'reference' },
    folder: '/nowhere',
    report: (progress: Progress) => void run.told.push(progress),
    signal: controller.signal,
  } as unknown as Order
  const { endsAtMs } = meddling
  if (endsAtMs !== undefined) clock.after(endsAtMs, () => run.end(new Error(hadEnough)))
  const came: Played[] = []
  const world = { clock } as unknown as World
  const playing = conduct(world, order, () => fakeContext(order, run, meddling))
  void playing.then((one) => came.push(one))
  while (came.length === 0 && clock.nowMs() < endMs) await clock.pass(stepMs)
  const [result] = came
  if (result === undefined) throw new Error(`it hangs; it did ${run.did.join(', ')}`)
  await settled()
  return { ...run, result, tookMs: clock.nowMs() }
}

async function fakeContext(order: Order, run: FakeRun, meddling: Meddling): Promise<RunContext> {
  const { scenario: played, signal, report } = order
  const { clock, did, events } = run
  const note = (line: string) => {
    meddling.on?.(line, run)
    did.push(line)
  }
  if (meddling.hangs === 'set-up') return never
  let rate = 0
  let since = { atMs: 0, records: 0 }
  const records = () => since.records + Math.floor(((clock.nowMs() - since.atMs) * rate) / 1_000)
  const journal = {
    now: () => Math.round(clock.nowMs() * 1_000),
    write: (event: HistoryEvent) => {
      events.push(event)
      if (isOfKind(event, 'phase')) note(`${event.name} ${event.edge}`)
    },
    close: () => note('journal closed'),
  }
  const producer = {
    load: ({ recordsPerSecond }: { readonly recordsPerSecond: number }) => {
      since = { atMs: clock.nowMs(), records: records() }
      rate = recordsPerSecond
      note(`load ${recordsPerSecond}`)
      return Promise.resolve()
    },
    perform: ({ do: what }: { readonly do: string }) =>
      meddling.hangs === what ? never : Promise.resolve(note(what)),
    status: () => {
      const acked = records()
      return Promise.resolve({ acked, ends: { 0: String(acked) }, firstPoison: {} })
    },
  }
  const fleet = {
    status: () => {
      const got = meddling.isStarved ? 0 : records()
      const readers = { open: 2, deliveries: 2 * got, replaying: 0, floor: { 0: String(got - 1) } }
      return Promise.resolve({ groups: { readers } })
    },
    perform: ({ do: what, group }: { readonly do: string; readonly group: string }) =>
      Promise.resolve(note(`${what} ${group}`)),
  }
  const samplers = { version: () => ({}), behind: () => 0, committed: () => new Map() }
  return {
    clock,
    signal,
    report,
    journal,
    producer,
    fleet,
    samplers,
    scenario: played,
    timing: timingFor(order, {}),
    watchedGroups: groupsAtStart(played).map(([name]) => name),
    connect: (group: string) => Promise.resolve(note(`connect ${group}`)),
    inject: (spec: FaultSpec) => injectFake(spec, meddling.faults?.[spec.fault], note),
    checkJournals: () => Promise.resolve(),
    finish: () =>
      meddling.hangs === 'finish' ? orAborted(signal, never) : Promise.resolve(note('finish')),
    tearDown: () => (meddling.hangs === 'tear-down' ? never : Promise.resolve(note('tear-down'))),
  } as unknown as RunContext
}

async function injectFake(
  { fault }: FaultSpec,
  trouble: Trouble | undefined,
  note: (line: string) => void,
): Promise<Injected> {
  if (trouble === 'not-injected') throw new Error('it was broken already')
  if (trouble === 'injecting-hangs') return never
  note(`inject ${fault}`)
  return {
    measure: () => Promise.resolve({ isActive: trouble !== 'ineffective', evidence: {} }),
    heal: () => {
      if (trouble === 'healing-hangs') return never
      if (trouble === 'not-healed') return Promise.reject(new Error('it stays broken'))
      note(`heal ${fault}`)
      return Promise.resolve({})
    },
  }
}
