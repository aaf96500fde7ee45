/** Parts of a night that are played as suites: scenarios, defects, schedules. */
import { basename, join } from 'node:path'
import type { Report } from '../../reports/render/model.ts'
import type { NightEntry, PartName } from '../../reports/render/night.ts'
import type { Afterwards, SuiteResult } from '../conductor/suite.ts'
import { estimatedMs, type SuiteOutcome } from '../conductor/suite.ts'
import type { SuiteItem } from '../conductor/suite-order.ts'
import { defectOf } from '../defects/index.ts'
import { worst } from '../judge/judge.ts'
import type { Histories } from '../nightly/histories.ts'
import type { Found, PartOutcome } from '../nightly/night.ts'
import type { Queue, Unit } from '../nightly/queue.ts'
import { latencyTitle, memoryTitle } from '../report/charts.ts'
import { selectStack } from '../stack/registry.ts'
import { defectOfTarget } from '../targets/registry.ts'
import { median } from '../world/median.ts'
import type { CommandWorld } from '../world/command-world.ts'
import type { Console } from './console.ts'
import { show, unexpected } from './reproduce.ts'
import { runItems } from './run-items.ts'

/** Where a night is played, and what its parts share. */
export interface NightPlace {
  readonly given: CommandWorld
  readonly seed: string
  /** The night's folder; every part has one of its own in it. */
  readonly folder: string
  readonly quiet: boolean
  readonly json: boolean
  readonly reproduce: string
  readonly histories: Histories
  /** Reports of parts whose verdicts are the night's. */
  readonly reports: Map<PartName, Report>
  readonly line: (text: string) => void
}

/** A unit of a part, as an item of a suite. */
export interface ItemUnit extends Unit {
  readonly item: SuiteItem
}

export const itemUnit = (name: string, item: SuiteItem, seed: string): ItemUnit => ({
  name,
  item,
  seed,
  reproduce: item.reproduce,
  estimatedMs: estimatedMs(item),
})

export interface ItemsOrder {
  readonly name: PartName
  readonly title: string
  /** Looks at every result before the next item; by default nothing is done. */
  readonly afterwards?: (shown: Console, queue: Queue) => Afterwards
  /** Called with what failed. */
  readonly failed?: (unit: ItemUnit, result: SuiteResult, why: string) => void
}

/** Plays the items of a queue, whose units are item units, as one suite with one report. */
export async function playItems(
  place: NightPlace,
  order: ItemsOrder,
  queue: Queue,
): Promise<PartOutcome> {
  const { name, title } = order
  const units = new Map<SuiteItem, ItemUnit>()
  const kept = new Map<string, boolean>()
  const take = () => {
    // Units pass through the queue as they are.
    const unit = queue.next() as ItemUnit | undefined
    if (unit !== undefined) units.set(unit.item, unit)
    return unit?.item
  }
  const first = take()
  if (first === undefined) return { found: [] }
  const { given, seed, quiet, json, folder, reproduce } = place
  const options = { seed, out: join(folder, name), quiet, json }
  const outcome = await runItems(given, options, selectStack(), {
    title,
    reproduce: () => reproduce,
    items: () => [first],
    endless: () => ({ untilMs: given.clock.nowMs() + queue.shareLeftMs(), next: take }),
    afterwards: (shown) => {
      const look = order.afterwards?.(shown, queue)
      return async (result, play) => {
        const looked = (await look?.(result, play)) ?? result
        kept.set(result.folder, trimmed(place, result, units.has(result.item)))
        return looked
      }
    },
  })
  // A report of defects says fail of each that was caught: the night tells of them itself.
  if (name !== 'defects') place.reports.set(name, outcome.report)
  const [lost] = outcome.unplayed
  return {
    found: foundOf(order, outcome, units, kept),
    report: join(name, 'report.html'),
    ...(lost !== undefined && { trouble: lost.why }),
  }
}

/** What was found of every unit: parts of a scenario that ran on their own belong to it. */
function foundOf(
  order: ItemsOrder,
  { results, unplayed }: SuiteOutcome,
  units: ReadonlyMap<SuiteItem, ItemUnit>,
  kept: ReadonlyMap<string, boolean>,
): Found[] {
  const byUnit = new Map<ItemUnit, SuiteResult[]>()
  let last: ItemUnit | undefined
  for (const result of results) {
    last = units.get(result.item) ?? last
    if (last !== undefined) byUnit.set(last, [...(byUnit.get(last) ?? []), result])
  }
  const found = [...byUnit].map(([unit, own]) => {
    const [result] = own as [SuiteResult]
    const told = toldOf(own)
    if (told.outcome === 'fail') order.failed?.(unit, result, told.why)
    const repeat = result.smaller?.reproduce
    return {
      unit,
      ...told,
      ...numbersOf(own),
      folder: join(order.name, basename(result.folder)),
      isHistoryKept: own.every(({ folder }) => kept.get(folder) === true),
      ...(repeat !== undefined && { reproduce: repeat }),
    }
  })
  const lost = unplayed.flatMap(({ item, why }): Found[] => {
    const unit = units.get(item)
    return unit === undefined ? [] : [{ unit, outcome: 'unknown', why }]
  })
  return [...found, ...lost]
}

type Told = Pick<NightEntry, 'outcome' | 'why' | 'findings' | 'detectedAfter'>

function toldOf(results: readonly SuiteResult[]): Told {
  const [first] = results as [SuiteResult]
  return defectOfTarget(first.item.target) === undefined ? honest(results) : caught(first)
}

/** A scenario on the relay without a defect: everything must hold. */
function honest(results: readonly SuiteResult[]): Told {
  const outcome = worst(results.map(({ verdict }) => verdict.verdict))
  const all = results.flatMap(({ verdict }) => verdict.findings)
  const byId = Map.groupBy(all, ({ finding }) => finding)
  const findings = [...byId].map(([id, own]) => {
    return { id, verdict: worst(own.map(({ verdict }) => verdict)) }
  })
  const decisive = all.find(({ verdict }) => verdict === outcome)
  const fix = decisive?.fix === undefined ? '' : ` fix: ${decisive.fix}`
  const count = findings.length === 1 ? 'finding holds' : 'findings hold'
  if (outcome === 'pass') return { outcome, why: `${findings.length} ${count}.`, findings }
  const why = decisive === undefined ? 'It was not judged.' : `${sayFinding(decisive)}${fix}`
  return { outcome, why, findings }
}

const sayFinding = (one: { finding: string; rule: string; why: string }) =>
  `${one.finding} (${one.rule}): ${one.why}`

/** A defect: its finding must fail by one of the rules that the defect names. */
function caught(result: SuiteResult): Told {
  const name = defectOfTarget(result.item.target)
  if (name === undefined) throw new Error(`${result.item.scenario.name} has no defect`)
  const { finding, rules } = defectOf(name)
  const shown = show(finding, result)
  const says = sayFinding({ finding, ...shown })
  if (!shown.isAsExpected) {
    const isOpen = shown.verdict === 'unknown' || shown.verdict === 'not-applicable'
    return { outcome: isOpen ? 'unknown' : 'fail', why: `${unexpected(shown)}; ${says}` }
  }
  const signs = result.verdict.expectations
    .filter((one) => one.finding === finding && rules.includes(one.judgement.rule))
    .flatMap(({ detectedAfterMs }) => detectedAfterMs ?? [])
  const detected = signs.length === 0 ? {} : { detectedAfter: Math.min(...signs) / 1_000 }
  return { outcome: 'pass', why: `caught: ${says}`, ...detected }
}

/**
 * Of what is as it should be only the record is kept, and of what runs on its own because a defect
 * stopped the relay: the defect is judged by the first of them.
 */
function trimmed({ histories }: NightPlace, result: SuiteResult, isOwn: boolean): boolean {
  const isDefect = defectOfTarget(result.item.target) !== undefined
  const { outcome } = toldOf([result])
  const isWanted = (outcome === 'fail' || outcome === 'unknown') && (isOwn || !isDefect)
  histories.trimBeside(result.folder)
  return histories.trim(result.folder, isWanted)
}

/** What a trend compares from night to night. */
function numbersOf(results: readonly SuiteResult[]): Pick<
  NightEntry,
  'took' | 'p99Ms' | 'memoryBytes'
> {
  const [{ excerpt }] = results as [SuiteResult]
  const valuesOf = (title: string, name: string): number[] => {
    const chart = excerpt.charts.find((one) => one.title === title)
    const series = chart?.series.find((one) => one.name === name)
    return [...(series?.v ?? [])].flatMap((value) => value ?? [])
  }
  const p99Ms = median(valuesOf(latencyTitle, 'p99'))
  const memory = valuesOf(memoryTitle, 'relay')
  return {
    took: results.reduce((sum, { record }) => sum + record.tookMs, 0) / 1_000,
    ...(p99Ms !== undefined && { p99Ms }),
    ...(memory.length > 0 && { memoryBytes: memory.reduce((a, b) => Math.max(a, b), 0) }),
  }
}
