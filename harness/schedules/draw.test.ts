/** Schedules follow from their seed, and every drawn schedule is a scenario that can be run. */
import { describe, expect, test } from 'vitest'
import { planOf } from '../conductor/plan.ts'
import { faults } from '../faults/registry.ts'
import { stimuli } from '../stimuli/registry.ts'
import { knownOfReference, timingOf } from '../targets/environment.ts'
import { drawSchedule, type Part, type Schedule } from './draw.ts'
import { scenarioOf } from './scenario.ts'

const seeds = Array.from({ length: 200 }, (_, at) => `seed ${at}`)
const drawn = seeds.map((seed) => drawSchedule(seed, 1))
const planned = (schedule: Schedule, kept?: readonly number[]) => {
  const scenario = scenarioOf(schedule, kept)
  return planOf(scenario, timingOf(scenario.relay, knownOfReference(scenario.relay)))
}

describe('a schedule', () => {
  test('is the same from the same seed, and another from another seed or number', () => {
    expect(seeds.map((seed) => drawSchedule(seed, 1))).toEqual(drawn)
    expect(planned(drawSchedule('7', 1))).toEqual(planned(drawSchedule('7', 1)))
    const others = [drawSchedule('7', 1), drawSchedule('7', 2), drawSchedule('8', 1)]
    expect(new Set(others.map(({ parts }) => JSON.stringify(parts))).size).toBe(3)
  })

  test('has parts that are valid, by numbers from 1 on', () => {
    for (const { parts } of drawn) {
      expect(parts.map(({ number }) => number)).toEqual(parts.map((_, at) => at + 1))
      for (const part of parts) {
        const parsed =
          'fault' in part
            ? faults[part.fault.fault].spec.safeParse(part.fault)
            : stimuli[part.stimulus.stimulus].spec.safeParse(part.stimulus)
        expect(parsed.error?.message).toBeUndefined()
      }
    }
  })

  test('has every fault and every stimulus in some of 200 seeds', () => {
    const all = drawn.flatMap(({ parts }) => parts)
    const found = new Set(
      all.map((part) => ('fault' in part ? `fault ${part.fault.fault}` : part.stimulus.stimulus)),
    )
    const wanted = [
      ...Object.keys(faults).map((name) => `fault ${name}`),
      ...Object.keys(stimuli),
    ]
    expect(wanted.filter((name) => !found.has(name))).toEqual([])
    const hopOf = (part: Part) => ('fault' in part && 'hop' in part.fault ? part.fault.hop : [])
    const hops = all.flatMap(hopOf)
    expect(new Set(hops)).toEqual(new Set(['kafka', 'redis', 'clients']))
  })
})

describe('the scenario of a schedule', () => {
  test('names only groups and phases that it has', () => {
    for (const schedule of drawn) {
      const { phases, expectations } = planned(schedule)
      const groups = Object.keys(scenarioOf(schedule).fleet)
      const acts = phases.flatMap(({ prelude, faults: broken, stimuli: sent, closing = [] }) => [
        ...prelude, ...broken, ...sent, ...closing,
      ])
      for (const act of acts) if ('group' in act) expect(groups).toContain(act.group)
      const named = phases.map(({ name }) => name)
      expect(new Set(named).size).toBe(named.length)
      for (const { expectation } of expectations) {
        const told = new Map<string, string | readonly string[]>(Object.entries(expectation))
        const used = ['phase', 'before', 'after', 'phases'].flatMap((one) => told.get(one) ?? [])
        for (const one of used) expect(named).toContain(one)
      }
    }
  })

  test('sends guests away again, and never has more clients than are let in', () => {
    for (const schedule of drawn) {
      const { fleet, relay, phases } = scenarioOf(schedule)
      const here = new Map<string, number>()
      const all = Object.entries(fleet).filter(([, { joins }]) => joins !== 'later')
      for (const [name, { count }] of all) here.set(name, count)
      const acts = phases(timingOf(relay, knownOfReference(relay))).flatMap((phase) => [
        ...(phase.prelude ?? []), ...(phase.stimuli ?? []), ...(phase.closing ?? []),
      ])
      for (const act of acts) {
        if ('group' in act && act.stimulus !== 'connect') expect(here.has(act.group)).toBe(true)
        if (act.stimulus === 'disconnect') here.delete(act.group)
        if (act.stimulus !== 'connect') continue
        expect(here.has(act.group)).toBe(false)
        here.set(act.group, fleet[act.group]?.count ?? 0)
        const sum = [...here].reduce((total, [, count]) => total + count, 0)
        if (act.group !== 'probe') expect(sum).toBeLessThan(relay.connectionsPerIpMax ?? 0)
      }
      expect([...here.keys()].toSorted()).toEqual(['decoding', 'staying'])
    }
  })

  test('keeps of fewer parts what they were, and says which they are', () => {
    const schedule = drawn.find(({ parts }) => parts.length >= 4)!
    const [whole, some] = [planned(schedule), planned(schedule, [2, 4])]
    const of = (name: string, { phases }: typeof whole) => phases.find((one) => one.name === name)
    expect(of('part-2', some)).toEqual(of('part-2', whole))
    expect(of('part-4', some)).toEqual(of('part-4', whole))
    expect(of('part-1', some)).toBeUndefined()
    expect(scenarioOf(schedule, [2, 4]).name).toBe('random-1-parts-2-4')
    expect(scenarioOf(schedule, schedule.parts.map(({ number }) => number)).name).toBe('random-1')
  })
})
