/**
 * Each scrape of the lag gauge compared with the truth, and the rule by which it is wrong. Each
 * mistake has one rule: the series of a revoked partition, the lag of a partition that no consumer
 * reads, a gauge that never moves.
 */
import type { Micros } from '../../history/event.ts'
import type { History } from '../../history/history.ts'
import type { Reading } from '../../history/readings.ts'
import { tolerances } from '../../history/tolerances.ts'
import type { FaultWindow, Window } from '../../history/windows.ts'
import { allowances } from '../reading/allowances.ts'
import { riseWithin } from '../reading/series.ts'
import type { PartitionTruth } from './truth.ts'

const { pollAndScrapeMicros } = tolerances
const { recoveryMicros, revocationMicros } = allowances

/** All ways of being wrong. */
export type LagRule =
  | 'revoked-series-stale'
  | 'revoked-series-kept'
  | 'stuck-hidden'
  | 'negative'
  | 'gauge-frozen'
  | 'wrong'
  | 'missing'

/** One scrape of one partition, compared with the truth. */
export interface Comparison {
  readonly t: Micros
  readonly partition: number
  readonly told: number | null
  readonly was: 'held' | 'gone'
  readonly least: number
  readonly most: number
  /** Whether nothing was read from it while it was surely behind: a gauge of 0 would hide that. */
  readonly isStuck: boolean
  readonly rule: LagRule | undefined
}

export interface CompareOptions {
  readonly windows: readonly Window[]
  /** Time between two polls of the target's lag monitor. */
  readonly intervalMs: number
  readonly toleranceRecords: number
  /**
   * Whether changing lag is judged, and not a stuck partition: then a gauge that never moves is
   * reported as that, and a partition that came back and was not read yet may have no lag yet.
   */
  readonly isOfMovement: boolean
}

const pollsAllowed = 2
/** A gauge that never moved in this many readings, although the truth did, is frozen. */
const frozenReadingsMin = 6

/** All comparisons of one partition, by time. */
export function compare(
  history: History,
  truth: PartitionTruth,
  options: CompareOptions,
): readonly Comparison[] {
  const { windows, intervalMs } = options
  const gauge = gaugeOf(history, truth.partition)
  const failures = history.signal('lagPollFailures')
  const interval = intervalMs * 1_000
  const patience = pollsAllowed * interval + revocationMicros
  const found = gauge.t.flatMap((t, i): Comparison[] => {
    if (!windows.some(({ begin, end }) => t >= begin && t <= end)) return []
    const base = { t, partition: truth.partition, told: gauge.v[i] ?? null }
    const was = truth.ownership(t - patience, t)
    if (was === 'gone') {
      const bounds = { least: 0, most: Infinity, isStuck: false }
      return [{ ...base, was, ...bounds, rule: revokedRule(base.told) }]
    }
    const hasFailed = riseWithin(failures, t - patience, t) > 0
    // Failed polls excuse an absent or old value only while the harness broke their link.
    if (was === 'changing' || (hasFailed && isKafkaBroken(history, t - patience, t))) return []
    const reach = (hasFailed ? pollsAllowed : 1) * interval + pollAndScrapeMicros
    const bounds = truth.bounds(t - reach, t)
    if (bounds === undefined) return []
    const isNew = options.isOfMovement && truth.isUntaken(t - reach)
    if (isNew && (base.told === null || base.told === 0)) return []
    const isIdle = truth.wasIdle(t - reach, t)
    const isStuck = isIdle && bounds.least > options.toleranceRecords
    const rule = heldRule(base.told, { ...bounds, isIdle }, options)
    return [{ ...base, was, ...bounds, isStuck, rule }]
  })
  return options.isOfMovement && isFrozen(found) ? found.map(asFrozen) : found
}

function revokedRule(told: number | null): LagRule | undefined {
  if (told === null) return undefined
  return told === 0 ? 'revoked-series-kept' : 'revoked-series-stale'
}

function heldRule(
  told: number | null,
  { least, most, isIdle }: { least: number; most: number; isIdle: boolean },
  { toleranceRecords }: CompareOptions,
): LagRule | undefined {
  if (told === null || Number.isNaN(told)) return 'missing'
  if (told < 0) return 'negative'
  if (told < least - toleranceRecords) return isIdle && told === 0 ? 'stuck-hidden' : 'wrong'
  return told > most + toleranceRecords ? 'wrong' : undefined
}

/** Whether the gauge had one value all the time, although no value was true all the time. */
function isFrozen(all: readonly Comparison[]): boolean {
  const held = all.filter(({ was, told }) => was === 'held' && told !== null)
  const values = new Set(held.map(({ told }) => told))
  if (held.length < frozenReadingsMin || values.size > 1 || !held.some(isOff)) return false
  const least = Math.max(...held.map((one) => one.least))
  return least > Math.min(...held.map(({ most }) => most))
}

const isOff = ({ rule }: Comparison) => rule === 'wrong' || rule === 'stuck-hidden'
const asFrozen = (one: Comparison): Comparison =>
  isOff(one) ? { ...one, rule: 'gauge-frozen' } : one

function isKafkaBroken({ faults }: History, begin: Micros, end: Micros): boolean {
  const isOnWay = ({ effects, begin: from, end: until }: FaultWindow) =>
    effects.on === 'kafka' && from <= end && until + recoveryMicros >= begin
  return faults.some(isOnWay)
}

/** A partition in no scrape has a gauge too: absent at every scrape. */
export function gaugeOf(history: History, partition: number): Reading {
  const told = history.signalBy('consumerLag').get(String(partition))
  return told ?? history.signal('consumerLag', { labels: { partition: String(partition) } })
}
