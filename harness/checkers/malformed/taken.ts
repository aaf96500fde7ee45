/**
 * How far the relay read, by what left it: records that any client got, and dead letters. And where
 * it stopped for good, which names a malformed record that stops its consumer.
 */
import type { Micros } from '../../history/event.ts'
import type { History } from '../../history/history.ts'
import { Ranges } from '../../history/ranges.ts'
import type { AckedRecord, PartitionRecords } from '../../history/records.ts'
import { tolerances } from '../../history/tolerances.ts'
import { tearDownPhase } from '../../history/windows.ts'
import { relayReaction } from '../../records/malformed.ts'
import { allowances } from '../reading/allowances.ts'
import { deadLettered } from '../stream/exempt.ts'

const { underWayAtEndMicros } = tolerances
const { stopMicros } = allowances

/** What left the relay of one partition. */
export interface Taken {
  /** Offsets that at least one client got. */
  readonly delivered: Ranges
  readonly deadLettered: Ranges
  /** Highest offset that left it; -1 for none. The relay has processed all below. */
  readonly passed: number
  /** When that one left it. */
  readonly at: Micros
}

/** A malformed record after which nothing more was read. */
export interface Stop {
  readonly kind: string
  readonly record: AckedRecord
  /** When the last record was read, of any partition that stopped. */
  readonly at: Micros
  /** Acknowledged records that wait after it, in all partitions that stopped. */
  readonly waiting: number
  readonly forMicros: Micros
  /** Probability that the next record is a malformed one. */
  readonly chance: number
  /** Whether so few records are malformed that this is not chance. */
  readonly isProven: boolean
}

/** A relay that stops for another reason may do so just before a malformed record. */
export const chanceMax = 0.1

/** The position of a record, as a key. */
export const placeOf = (partition: unknown, offset: unknown): string =>
  `${Number(partition)}/${Number(offset)}`

/** By partition. */
export function takenBy(history: History): ReadonlyMap<number, Taken> {
  const letters = deadLettered(history)
  const letterTimes = new Map(
    history
      .events('deadletter')
      .map(({ t, fields }) => [placeOf(fields['kafka_partition'], fields['kafka_offset']), t]),
  )
  const taken = new Map<number, Taken>()
  for (const partition of history.stream().records.keys()) {
    const delivered = new Ranges()
    const dead = new Ranges()
    let [passed, at] = [-1, 0]
    const pass = (offset: number, t: Micros) => {
      if (offset > passed) [passed, at] = [offset, t]
    }
    for (const one of history.stream().deliveries.values()) {
      for (const { first, last, until } of one.runs(partition)) {
        delivered.add(first, last)
        pass(last, until)
      }
    }
    for (const offset of letters.get(partition) ?? []) {
      dead.add(offset, offset)
      pass(offset, letterTimes.get(placeOf(partition, offset)) ?? 0)
    }
    taken.set(partition, { delivered, deadLettered: dead, passed, at })
  }
  return taken
}

/** When the harness stopped everything: what was not read by then was not read. */
export const watchedUntil = (history: History): Micros =>
  history.phase(tearDownPhase)?.begin ?? history.phase('settle')?.end ?? history.end

/**
 * The malformed records at which a relay without other faults stopped for good. If several
 * partitions stopped together, the first waiting record of each is suspected.
 */
export function stopsOf(history: History, taken: ReadonlyMap<number, Taken>): readonly Stop[] {
  const until = watchedUntil(history)
  const stopped = [...history.stream().records].flatMap(([partition, records]) => {
    const own = taken.get(partition)
    const waiting = own === undefined ? 0 : waitingBehind(records, own, until)
    return own === undefined || waiting === 0 || until - own.at < stopMicros
      ? []
      : [{ records, own, waiting }]
  })
  const at = Math.max(0, ...stopped.map(({ own }) => own.at))
  if (history.faults.some(({ begin, end }) => begin <= until && end >= at)) return []
  const waiting = stopped.reduce((sum, one) => sum + one.waiting, 0)
  const chance = chanceOf(stopped.map(({ records }) => records))
  const stop = ({ kind, record }: Suspect): Stop => {
    const isProven = chance <= chanceMax
    return { kind, record, at, waiting, forMicros: until - at, chance, isProven }
  }
  const next = stopped.flatMap(({ records, own }) => suspectAt(records, firstAfter(records, own)))
  if (next.length > 0) return next.map(stop)
  const last = stopped.flatMap(({ records, own }) => suspectAt(records, own.passed))
  return last.map(stop)
}

/** Probability that the next record of any of these partitions is a malformed one. */
function chanceOf(stopped: readonly PartitionRecords[]): number {
  const none = stopped.reduce((product, records) => {
    const indices = [...records.malformed.keys()].map((offset) => records.indexOf(offset))
    const span = Math.max(...indices) - Math.min(...indices) + 1
    return product * (indices.length === 0 ? 1 : 1 - indices.length / span)
  }, 1)
  return 1 - none
}

interface Suspect {
  readonly kind: string
  readonly record: AckedRecord
}

function suspectAt(records: PartitionRecords, offset: number): Suspect[] {
  const index = records.indexOf(offset)
  const kind = records.malformed.get(offset)
  return index < 0 || kind === undefined ? [] : [{ kind, record: records.record(index) }]
}

const firstAfter = ({ offsets }: PartitionRecords, { passed }: Taken): number =>
  offsets.find((offset) => offset > passed) ?? -1

function waitingBehind(records: PartitionRecords, { passed }: Taken, until: Micros): number {
  let waiting = 0
  for (let i = records.length - 1; i >= 0; i -= 1) {
    if ((records.offsets[i] as number) <= passed) break
    const kind = records.malformed.get(records.offsets[i] as number)
    if (kind !== undefined && relayReaction(kind)?.does === 'counts-as-missing') continue
    if ((records.ackedAt[i] as number) < until - underWayAtEndMicros) waiting += 1
  }
  return waiting
}
