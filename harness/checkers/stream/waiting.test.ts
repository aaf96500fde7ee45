/** Records that no consumer read: it stands still, or the run was too short. */
import type { Story } from '../../history/story-testbed.ts'
import { broken, calm, judges, type Row } from './stream-testbed.ts'

interface Group {
  readonly state?: string
  readonly isOwned?: boolean
  readonly from?: number
}

/** Ninety of hundred records came, and the broker was asked every second until the end. */
const stopped = ({ state = 'Stable', isOwned = true, from = 1 }: Group = {}): Story => {
  const told = calm().delivered(1.1, 1, 0, 0, 90)
  for (let at = from; at < 20; at += 1) told.lagtruth(at, { 0: [0, 100, 90, isOwned] }, state)
  return told
}
const unclear = ['unknown', 'unseen', 'unseen 10']
const stalled = ['fail', 'stalled', 'stalled 10']

/** Partition 1 was read up to its malformed record, at `committed` the group stands. */
const atPoison = (committed: number): Story => {
  const told = stopped({ from: 20 }).acked(1, 1, 0, 20, { malformed: { 10: 'garbage' } })
    .delivered(1.1, 1, 1, 0, 10)
  const two = { 0: [0, 100, 90, true], 1: [0, 20, committed, true] } as const
  for (let at = 1; at < 20; at += 1) told.lagtruth(at, two)
  return told
}
const halts = { haltsAtPoison: true }

const rows: readonly Row[] = [
  ['held, stable, nothing taken for 17 s', stopped(), stalled],
  ['within the limit of a target that commits rarely', stopped(), unclear, { stalledMs: 30_000 }],
  ['the group was rebalancing because of a fault',
    broken(stopped({ state: 'PreparingRebalance' }), [2, 3], 'cut', 'kafka'), unclear],
  ['the partition was not held because of a fault',
    broken(stopped({ isOwned: false }), [2, 3], 'cut', 'kafka'), unclear],
  ['the fault was long over for a session this short',
    broken(stopped({ isOwned: false }), [2, 3], 'cut', 'kafka'), stalled,
    { sessionTimeoutMs: 1_000, stalledMs: 5_000 }],
  ['the consumer is out of its group, without a cause in the run',
    stopped({ isOwned: false, state: 'Empty' }), stalled],
  ['held too shortly', stopped({ from: 15 }), unclear],
  ['a fault explains it', broken(stopped(), [2, 15], 'cut', 'kafka'), unclear],
  ['a fault of clients explains nothing', broken(stopped(), [2, 15], 'latency'), stalled],
  ['committed although no client got them',
    stopped().lagtruth(19.5, { 0: [0, 100, 100, true] }), ['fail', 'lost', 'lost 10']],
  ['nothing was ever committed',
    calm().delivered(1.1, 1, 0, 0, 90).lagtruth(2, { 0: [0, 100, -1, true] })
      .lagtruth(19, { 0: [0, 100, -1, true] }), stalled],
  ['it is configured to stop at malformed records, and stands at one', atPoison(10), 'pass', halts],
  ['it is configured to, and stands elsewhere', atPoison(9), stalled, halts],
  ['it stands at one, and is not configured to',
    atPoison(10), ['fail', 'stalled', 'stalled 19'], {}],
  ['another partition went on',
    stopped().acked(18, 1, 0, 10).delivered(18.1, 1, 1, 0, 10), stalled],
]

judges('records that no consumer read', rows)
