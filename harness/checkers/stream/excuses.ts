/**
 * When records may come again. Kafka guarantees a consumer group at-least-once: after a restart,
 * and for reassigned partitions, a relay continues from its last commit, and records after that
 * commit may come again. Loss is never excused.
 */
import type { LagTruth, Micros } from '../../history/event.ts'
import type { History } from '../../history/history.ts'
import type { PartitionRecords } from '../../history/records.ts'
import { tolerances } from '../../history/tolerances.ts'
import type { FaultWindow } from '../../history/windows.ts'
import { allowances } from '../reading/allowances.ts'
import type { Causes } from './causes.ts'

const { groupSampleMicros } = tolerances
const { redeliveryMicros } = allowances

/** One restart or one move of a partition, and what may come again because of it. */
export interface Rewind {
  readonly begin: Micros
  /** Redeliveries show until then. */
  readonly until: Micros
  /** The last commit at the broker; undefined if it was not asked. */
  readonly from: number | undefined
  /** The last offset that can have been delivered before. */
  readonly upTo: number
  /** A restarted process reads a partition once, forward: it goes back only at its start. */
  readonly isRestart: boolean
}

/** Rewinds by partition, by time. */
export function rewindsOf(
  history: History,
  { restarts }: Pick<Causes, 'restarts'>,
): ReadonlyMap<number, readonly Rewind[]> {
  const rewinds = new Map<number, readonly Rewind[]>()
  const samples = history.events('lagtruth')
  for (const [partition, records] of history.stream().records) {
    const own = truthsOf(samples, partition)
    const moved = movesOf(own, records).filter(
      ({ begin }) => !restarts.some((fault) => overlaps(fault, begin)),
    )
    const restarted = restarts.map((fault) => restartOf(fault, own, records))
    rewinds.set(partition, [...moved, ...restarted].sort((a, b) => a.begin - b.begin))
  }
  return rewinds
}

/** A member that is gone holds nothing: that is the restart, not another reassignment. */
const overlaps = ({ begin, end }: FaultWindow, t: Micros): boolean =>
  t >= begin - groupSampleMicros && t <= end + groupSampleMicros

interface Truth {
  readonly t: Micros
  readonly committed: number
  readonly isOwned: boolean
}

function truthsOf(samples: readonly LagTruth[], partition: number): Truth[] {
  return samples.flatMap(([, t, , , partitions]): Truth[] => {
    const told = partitions[String(partition)]
    return told === undefined ? [] : [{ t, committed: Number(told[2]), isOwned: told[3] }]
  })
}

/** Whenever the target had held the partition and then did not; a rival commits nothing. */
function movesOf(truths: readonly Truth[], records: PartitionRecords): Rewind[] {
  const moves: Rewind[] = []
  let held: Truth | undefined
  let from: number | undefined
  for (const truth of truths) {
    if (!truth.isOwned) {
      if (held !== undefined) from = truth.committed
      continue
    }
    if (held !== undefined && from !== undefined) moves.push(move(held, from, truth.t, records))
    from = undefined
    held = truth
  }
  if (held !== undefined && from !== undefined) moves.push(move(held, from, Infinity, records))
  return moves
}

const move = (held: Truth, from: number, back: Micros, records: PartitionRecords): Rewind => ({
  begin: held.t,
  until: back + redeliveryMicros,
  from,
  upTo: sentBy(records, back + redeliveryMicros),
  isRestart: false,
})

/**
 * The commit at the broker when the process was gone or, if it was not asked then, before that.
 * Only the new process can have delivered what was sent later.
 */
function restartOf(
  { begin, activeSince, end }: FaultWindow,
  truths: readonly Truth[],
  records: PartitionRecords,
): Rewind {
  const from = truths.findLast(({ t }) => t <= (activeSince ?? begin))?.committed
  const upTo = sentBy(records, activeSince ?? end)
  return { begin, until: Infinity, from, upTo, isRestart: true }
}

/** The highest offset sent to Kafka by `t`; -1 for none. */
function sentBy({ sentAt, offsets, length }: PartitionRecords, t: Micros): number {
  for (let i = length - 1; i >= 0; i -= 1) {
    if ((sentAt[i] as number) <= t) return offsets[i] as number
  }
  return -1
}

/** Whether a client asked to continue from its cursor within a time. */
export function asksFromCursor(
  history: History,
): (client: number, from: Micros, until: Micros) => boolean {
  const asked = history.events('sent').filter(([, , , what]) => what === 'resume:cursor')
  const byClient = Map.groupBy(asked, ([, , client]) => client)
  return (client, from, until) =>
    (byClient.get(client) ?? []).some(([, t]) => t >= from && t <= until)
}
