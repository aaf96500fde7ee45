/**
 * `chaos run --suite random`: fault schedules drawn from a seed, run and judged like any scenario.
 * One of them, or with `--for` as many as fit, those that failed before first.
 */
import type { Scenario } from '../dsl/scenario.ts'
import type { SuiteItem } from '../conductor/suite-order.ts'
import { drawSchedule } from '../schedules/draw.ts'
import { readKeptSeeds, type KeptSchedule } from '../schedules/kept-seeds.ts'
import { sayParts, scenarioOf } from '../schedules/scenario.ts'
import type { Parts } from '../schedules/shrink.ts'
import type { CommandWorld } from '../world/command-world.ts'
import { UsageError } from '../world/exit-codes.ts'
import { durationOf } from './duration.ts'
import type { RunPlan } from './run-items.ts'
import { randomSuite } from './select.ts'
import { shrinking, type Shrinkable } from './shrink.ts'

export interface RandomOptions {
  readonly suite?: string
  readonly for?: string
  readonly schedule?: string
  readonly parts?: string
  readonly shrinkFor?: string
}

/** Makes an item of a scenario, and the command that repeats it of its words. */
export type MakeItem = (scenario: Scenario, words: readonly string[], seed: string) => SuiteItem

/** Makes items of schedules, and knows how to run less of each. */
export interface ScheduleItems {
  readonly itemOf: (seed: string, at: number, kept?: Parts) => SuiteItem
  /** Of a schedule that failed once; all of it, where it is drawn with other parts by now. */
  readonly again: (kept: KeptSchedule) => SuiteItem
  readonly shrinkable: (item: SuiteItem) => Shrinkable | undefined
}

/** Items of random schedules, as `makeItem` makes them. */
export function scheduleItems(makeItem: MakeItem): ScheduleItems {
  const schedules = new Map<SuiteItem, Shrinkable>()
  const itemOf = (seed: string, at: number, kept?: Parts): SuiteItem => {
    const schedule = drawSchedule(seed, at)
    const words = ['--suite', randomSuite, '--schedule', String(at)]
    const some = kept === undefined ? [] : ['--parts', kept.join(',')]
    const item = { ...makeItem(scenarioOf(schedule, kept), [...words, ...some], seed), seed }
    schedules.set(item, {
      parts: kept ?? schedule.parts.map(({ number }) => number),
      itemOf: (parts) => itemOf(seed, at, parts),
      say: (parts) => sayParts(schedule, parts),
    })
    return item
  }
  const again = ({ seed, schedule, parts }: KeptSchedule) => {
    const known = new Set(drawSchedule(seed, schedule).parts.map(({ number }) => number))
    return itemOf(seed, schedule, parts?.every((one) => known.has(one)) ? parts : undefined)
  }
  return { itemOf, again, shrinkable: (item) => schedules.get(item) }
}

/** What is played of random schedules, and what is done about those that fail. */
export function randomRunPlan(
  { clock, signal }: Pick<CommandWorld, 'clock' | 'signal'>,
  options: RandomOptions,
  makeItem: MakeItem,
): Pick<RunPlan, 'items' | 'endless' | 'afterwards'> {
  const index = indexOf(options.schedule)
  const limitMs = shrinkLimitOf(options.shrinkFor)
  const { itemOf, again, shrinkable } = scheduleItems(makeItem)
  const order = { clock, signal, limitMs, shrinkable }
  const afterwards: RunPlan['afterwards'] = (shown) =>
    shrinking({ ...order, line: (text) => shown.line(text) })
  if (options.for === undefined) {
    return { items: (seed) => [itemOf(seed, index, partsOf(options, seed, index))], afterwards }
  }
  if (options.schedule !== undefined || options.parts !== undefined) {
    throw new UsageError('give --for (as many schedules as fit) or --schedule (one), not both')
  }
  const forMs = durationOf(options.for)
  return {
    items: (seed) => [
      ...readKeptSeeds().flatMap((one) =>
        'schedule' in one ? [again(one)] : [],
      ),
      itemOf(seed, index),
    ],
    endless(seed, startedMs) {
      let last = index
      const untilMs = startedMs + forMs
      const isTime = (longestMs: number) => clock.nowMs() + longestMs < untilMs
      const next = (longestMs: number) =>
        isTime(longestMs) ? itemOf(seed, (last += 1)) : undefined
      return { untilMs, next }
    },
    afterwards,
  }
}

/** How long fewer parts are looked for; 0 is not at all. */
const shrinkLimitOf = (text = '5m'): number => (text === '0' ? 0 : durationOf(text, '--shrink-for'))

/** Options that only random schedules know. */
export function refuseWithoutRandom(options: RandomOptions): void {
  const { suite, for: time, schedule, parts, shrinkFor } = options
  if (suite === randomSuite) return
  const given = { for: time, schedule, parts, 'shrink-for': shrinkFor }
  const [found] = Object.entries(given).flatMap(([name, value]) => (value ? [`--${name}`] : []))
  if (found === undefined) return
  throw new UsageError(`${found} is for random schedules: give --suite ${randomSuite} with it`)
}

function indexOf(text = '1'): number {
  const index = Number(text)
  if (Number.isSafeInteger(index) && index >= 1) return index
  throw new UsageError(`--schedule takes the number of a schedule, from 1 on, not "${text}"`)
}

/** `2,5`: some parts of a schedule by their numbers, in their order. */
function partsOf({ parts: text }: RandomOptions, seed: string, index: number) {
  if (text === undefined) return undefined
  const known = drawSchedule(seed, index).parts.map(({ number }) => number)
  const wanted = new Set(text.split(',').map(Number))
  const missing = [...wanted].filter((number) => !known.includes(number))
  if (missing.length === 0) return known.filter((number) => wanted.has(number))
  throw new UsageError(
    `--parts takes numbers of the ${known.length} parts of schedule ${index}, ` +
      `such as 1,${known.length}; got "${text}"`,
  )
}
