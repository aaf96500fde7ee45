/** What the conductor does, in which order, and what it does when something goes wrong. */
import { describe, expect, test } from 'vitest'
import { hadEnough, conductFake, scenarioOf } from './run-context-testbed.ts'
import { isOfKind, type EventKind, type HistoryEvent } from '../history/event.ts'

const cut = { fault: 'cut', hop: 'redis' } as const
const stall = { fault: 'stall', hop: 'kafka' } as const
const pause = { fault: 'pause-relay' } as const
const twoPhases = scenarioOf(
  { name: 'broken', ms: 2_000, faults: [cut, stall], load: { recordsPerSecond: 50 } },
  { name: 'after', ms: 1_000, stimuli: [{ stimulus: 'burst', records: 5 }] },
)
const whole = [
  'connect readers',
  'opening begin',
  'opening end',
  'load 100',
  'steady begin',
  'steady end',
  'load 50',
  'inject cut',
  'inject stall',
  'broken begin',
  'broken end',
  'heal stall',
  'heal cut',
  'load 100',
  'after begin',
  'burst',
  'after end',
  'load 0',
  'settle begin',
  'settle end',
  'finish',
]
const tornDown = ['tear-down begin', 'tear-down']

/** Faults that were injected and not healed. */
const standing = (did: readonly string[]) =>
  did
    .filter((line) => line.startsWith('inject '))
    .map((line) => line.slice('inject '.length))
    .filter((fault) => !did.includes(`heal ${fault}`))

test('a run goes through its phases in order, heals in reverse, and is tornDown once', async () => {
  const { did, result, tookMs } = await conductFake(twoPhases)
  expect(did).toEqual([...whole, ...tornDown])
  expect(result).toMatchObject({ isComplete: true })
  expect(result.cutShort).toBeUndefined()
  expect(result.tookMs).toBe(tookMs)
  expect(tookMs).toBeLessThan(10_000)
})

test('a phase begins when its faults are active, and lasts its time', async () => {
  const { events } = await conductFake(twoPhases)
  const at = (name: string, edge: string) =>
    eventsOf(events, 'phase').find((one) => one.name === name && one.edge === edge)!.t
  const active = eventsOf(events, 'fault').filter(({ step }) => step === 'active')
  expect(active).toHaveLength(2)
  for (const { t } of active) expect(t).toBeLessThanOrEqual(at('broken', 'begin'))
  expect((at('broken', 'end') - at('broken', 'begin')) / 1e6).toBeCloseTo(2, 0)
})

describe('a run that the user ends', () => {
  test.each(whole.map((line, index) => ({ line, index })))(
    'at "$line" is over soon, heals what stands, and is tornDown once',
    async ({ index }) => {
      let endedMs = 0
      const { did, result, tookMs } = await conductFake(twoPhases, {
        on: (_, run) => {
          if (run.did.length !== index) return
          endedMs = run.clock.nowMs()
          run.end(new Error(hadEnough))
        },
      })
      expect(result.isComplete).toBe(index === whole.length - 1)
      if (!result.isComplete) expect(result.cutShort).toBe(hadEnough)
      expect(standing(did)).toEqual([])
      expect(did.slice(-2)).toEqual(tornDown)
      expect(did.filter((line) => line === 'tear-down')).toHaveLength(1)
      expect(tookMs - endedMs).toBeLessThan(5_000)
    },
  )

  test('before its parts are set up is over immediately', async () => {
    const { did, result, tookMs } = await conductFake(twoPhases, {
      hangs: 'set-up',
      endsAtMs: 3_000,
    })
    expect([did, result.isComplete, result.cutShort]).toEqual([[], false, hadEnough])
    expect(tookMs).toBeLessThan(4_000)
  })

  test('during a stimulus without an answer goes on to its end', async () => {
    const { did, result, tookMs } = await conductFake(twoPhases, {
      hangs: 'burst',
      endsAtMs: 30_000,
    })
    expect([result.isComplete, result.cutShort]).toEqual([false, hadEnough])
    expect(did.slice(-3)).toEqual(['after end', ...tornDown])
    expect(tookMs).toBeLessThan(32_000)
  })

  test('while processes are asked for their last words is tornDown all the same', async () => {
    const { did, result } = await conductFake(twoPhases, { hangs: 'finish', endsAtMs: 60_000 })
    expect([did.slice(-2), result.isComplete]).toEqual([tornDown, false])
  })
})

describe('a fault', () => {
  test('that cannot be injected is written down, and the run goes on', async () => {
    const { did, events, result } = await conductFake(twoPhases, {
      faults: { cut: 'not-injected' },
    })
    expect(result.isComplete).toBe(true)
    expect(did).toEqual([...whole, ...tornDown].filter((line) => !line.endsWith(' cut')))
    expect(stepsOf(events, 'broken/0-cut')).toEqual(['inject', 'failed'])
  })

  test('that has no effect lasts as long as any, and is reported as ineffective', async () => {
    const { did, events } = await conductFake(twoPhases, { faults: { stall: 'ineffective' } })
    expect(did).toEqual([...whole, ...tornDown])
    expect(stepsOf(events, 'broken/1-stall')).toEqual(['inject', 'ineffective', 'heal'])
  })

  test.each(['not-healed', 'healing-hangs'] as const)(
    'that cannot be undone ends the run, after the others were undone: %s',
    async (trouble) => {
      const { did, result, tookMs } = await conductFake(twoPhases, { faults: { stall: trouble } })
      expect(result.isComplete).toBe(false)
      expect(result.cutShort).toMatch(/^the fault broken\/1-stall could not be healed: /)
      expect(did).toContain('heal cut')
      expect(did).not.toContain('after begin')
      expect(did.slice(-2)).toEqual(tornDown)
      expect(tookMs).toBeLessThan(trouble === 'not-healed' ? 10_000 : 110_000)
    },
  )

  test('that never comes to stand is given up within its limit', async () => {
    const { events, result, tookMs } = await conductFake(
      scenarioOf({ name: 'frozen', ms: 500, faults: [pause] }),
      { faults: { 'pause-relay': 'injecting-hangs' } },
    )
    expect(result.isComplete).toBe(true)
    expect(stepsOf(events, 'frozen/0-pause-relay')).toEqual(['inject', 'failed'])
    expect(tookMs).toBeLessThan(110_000)
  })
})

const eventsOf = <K extends EventKind>(events: readonly HistoryEvent[], kind: K) =>
  events.filter((event) => isOfKind(event, kind))
const stepsOf = (events: readonly HistoryEvent[], ofId: string) =>
  eventsOf(events, 'fault')
    .filter(({ id }) => id === ofId)
    .map(({ step }) => step)

test('a fleet that dies ends the run with its reason, and what stood is healed', async () => {
  const { did, result } = await conductFake(twoPhases, {
    on: (line, run) => {
      if (line === 'broken begin') {
        run.clock.after(500, () => run.end(new Error('The fleet ended in the middle of the run.')))
      }
    },
  })
  expect(result).toMatchObject({
    isComplete: false,
    cutShort: 'The fleet ended in the middle of the run.',
  })
  expect(standing(did)).toEqual([])
  expect(did.slice(-2)).toEqual(tornDown)
})

test('a run that never gets steady plays no phase, and says who got how much', async () => {
  const { did, events, result } = await conductFake(twoPhases, { isStarved: true })
  expect(result.isComplete).toBe(false)
  expect(did.slice(-4)).toEqual(['steady end', 'finish', ...tornDown])
  const [trouble] = eventsOf(events, 'trouble')
  expect(trouble?.what).toContain('deliveries were: readers 0 (2 open)')
})

test('a run that cannot be torn down is left behind in the end, its history whole', async () => {
  const { did, result, tookMs } = await conductFake(twoPhases, { hangs: 'tear-down' })
  expect([did.at(-1), result.isComplete]).toEqual(['journal closed', true])
  expect(tookMs).toBeLessThan(110_000)
})
