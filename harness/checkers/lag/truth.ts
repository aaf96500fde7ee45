/**
 * The true lag of a partition, as bounds. The harness asks the broker at intervals and the target
 * polls at its own times, so the exact value is never known; but it is between the least that was
 * certainly there and the most that can have been there.
 */
import type { LagTruth, Micros } from '../../history/event.ts'
import type { History } from '../../history/history.ts'
import { indexAt } from '../reading/series.ts'

/** What the broker reported for one partition. */
export interface TruthSample {
  readonly t: Micros
  readonly start: number
  readonly end: number
  /** Next offset for the group to read, as committed; the log start if there is no commit. */
  readonly committed: number
  readonly isOwned: boolean
  /** Whether the group was between two assignments. */
  readonly isSettled: boolean
}

export interface Bounds {
  readonly least: number
  readonly most: number
}

/** The truth of one partition over time. */
export interface PartitionTruth {
  readonly partition: number
  readonly samples: readonly TruthSample[]
  /** Bounds for a gauge read within the window; undefined: not known. */
  bounds(begin: Micros, end: Micros): Bounds | undefined
  /** Whether, at a time, it was back after a revocation and nothing was read from it since. */
  isUntaken(t: Micros): boolean
  /** Whether nothing was read for a while that ended within the window. */
  wasIdle(begin: Micros, end: Micros): boolean
  /** Whether the target held the partition all the time, none of it, or neither. */
  ownership(begin: Micros, end: Micros): 'held' | 'gone' | 'changing'
}

/** Truths by partition. */
export function lagTruths(history: History): ReadonlyMap<number, PartitionTruth> {
  const samples = new Map<number, TruthSample[]>()
  for (const event of history.events('lagtruth')) {
    for (const [partition, sample] of samplesOf(event)) {
      const known = samples.get(partition)
      if (known === undefined) samples.set(partition, [sample])
      else known.push(sample)
    }
  }
  const heads = deliveredHeads(history)
  const truths = new Map<number, PartitionTruth>()
  for (const [partition, own] of samples) {
    truths.set(partition, partitionTruth(partition, own, heads.get(partition) ?? noHead))
  }
  return truths
}

const isHeldIn = ({ isOwned, isSettled }: TruthSample) => isOwned && isSettled

/** Without a read for this long a partition makes no progress. */
const idleMicros = 1_000_000

const settledStates = new Set(['Stable', 'STABLE'])

function* samplesOf([, t, , state, partitions]: LagTruth): Generator<[number, TruthSample]> {
  for (const [partition, [start, end, committed, isOwned]] of Object.entries(partitions)) {
    const sample = {
      t,
      start: Number(start),
      end: Number(end),
      committed: Math.max(Number(committed), Number(start)),
      isOwned,
      isSettled: settledStates.has(state),
    }
    yield [Number(partition), sample]
  }
}

function partitionTruth(
  partition: number,
  samples: readonly TruthSample[],
  head: Head,
): PartitionTruth {
  const times = samples.map(({ t }) => t)
  /** For each sample the last one up to it in which the target did not hold the partition. */
  const lastAway: number[] = []
  for (const [i, one] of samples.entries()) {
    lastAway.push(isHeldIn(one) ? (lastAway[i - 1] ?? -1) : i)
  }
  /** The samples of a window and one on either side, so that it lies between known moments. */
  const around = (begin: Micros, end: Micros) => {
    const first = indexAt(times, begin)
    const last = indexAt(times, end) + 1
    return first < 0 || last >= samples.length ? undefined : samples.slice(first, last + 1)
  }
  /** The next offset to read, as far as commits and clients show it by a time. */
  const taken = (t: Micros) =>
    Math.max(samples[indexAt(times, t)]?.committed ?? 0, head(t) + 1)
  return {
    partition,
    samples,
    bounds(begin, end) {
      const some = around(begin, end)
      if (some === undefined) return undefined
      const pairs = some.slice(1).map((later, i) => [some[i] as TruthSample, later] as const)
      return {
        most: Math.max(...pairs.map(([before, after]) => after.end - before.committed)),
        least: Math.min(
          ...pairs.map(([before, after]) =>
            Math.max(0, before.end - Math.max(after.committed, head(after.t) + 1)),
          ),
        ),
      }
    },
    isUntaken(t) {
      const away = lastAway[indexAt(times, t)] ?? -1
      const back = samples[away + 1]
      return away >= 0 && back !== undefined && back.t <= t && taken(t) === taken(back.t)
    },
    wasIdle(begin, end) {
      const within = times.slice(indexAt(times, begin) + 1, indexAt(times, end) + 1)
      return within.some((t) => taken(t) === taken(t - idleMicros))
    },
    ownership(begin, end) {
      const some = around(begin, end)
      if (some === undefined || some.some(({ isSettled }) => !isSettled)) return 'changing'
      if (some.every(({ isOwned }) => isOwned)) return 'held'
      return some.every(({ isOwned }) => !isOwned) ? 'gone' : 'changing'
    },
  }
}

/** Highest offset that any client had by a time; -1 for none. */
type Head = (t: Micros) => number

const noHead: Head = () => -1

function deliveredHeads(history: History): ReadonlyMap<number, Head> {
  const arrivals = new Map<number, { t: Micros; last: number }[]>()
  for (const deliveries of history.stream().deliveries.values()) {
    deliveries.eachArrival((partition, first, count, t) => {
      const last = first + count - 1
      const known = arrivals.get(partition)
      if (known === undefined) arrivals.set(partition, [{ t, last }])
      else known.push({ t, last })
    })
  }
  return new Map([...arrivals].map(([partition, rows]) => [partition, headOf(rows)]))
}

function headOf(rows: { t: Micros; last: number }[]): Head {
  rows.sort((a, b) => a.t - b.t)
  const times: Micros[] = []
  const heads: number[] = []
  for (const { t, last } of rows) {
    if (last <= (heads.at(-1) ?? -1)) continue
    times.push(t)
    heads.push(last)
  }
  return (t) => heads[indexAt(times, t)] ?? -1
}
