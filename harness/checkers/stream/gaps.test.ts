/** Declared gaps: exact, and for a reason of this run; numbers pay where they stand. */
import type { Story } from '../../history/story-testbed.ts'
import { broken, calm, judges, other, type Row } from './stream-testbed.ts'

const gap = (first: number, last: number, count = last - first + 1) => ({
  type: 'gap',
  partition: 0,
  firstOffset: String(first),
  lastOffset: String(last),
  count,
})
const counted = (count: number, partition?: number) => ({
  type: 'gap',
  count,
  ...(partition !== undefined && { partition }),
})

/** Client 2 did not get the records 40 to 59, and a gap declares them. */
const declared = (frame: Record<string, unknown> = gap(40, 59), given = other()): Story =>
  given.delivered(1.1, 2, 0, 0, 40).control(2, 2, frame).delivered(2.1, 2, 0, 60, 40)
/** Client 2 did not read for a while. */
const lagging = (given = other()): Story => given.stalled(1.05, 2, true).stalled(1.6, 2, false)
/** Ten records of partition 1 are declared missing, one of which is malformed. */
const poisoned = (told: number): Story =>
  lagging(other().acked(1.3, 1, 0, 50, { malformed: { 45: 'garbage' } }))
    .delivered(1.1, 2, 0, 0, 100).delivered(1.35, 1, 1, 0, 45).delivered(1.4, 1, 1, 46, 4)
    .delivered(1.35, 2, 1, 0, 40).control(1.5, 2, { ...gap(40, 49, told), partition: 1 })
const needless = ['fail', 'gap-needless', 'gap-needless 20']

const live: readonly Row[] = [
  ['for no reason', declared(), needless],
  ['as much as the claim allows', declared(), 'pass', { declaredLossMax: 20 }],
  ['more than the claim allows', declared(), needless, { declaredLossMax: 19 }],
  ['to a client that did not read', lagging(declared()), 'pass'],
  ['to a client whose link was slow',
    broken(declared(), [0.9, 2], 'bandwidth', 'clients', 'others'), 'pass'],
  ['to a client while others were slow', broken(declared(), [0.9, 2], 'bandwidth'), needless],
  ['Redis was away: live records do not need it',
    broken(declared(), [0.9, 2], 'cut', 'redis'), needless],
  ['long after the client had caught up',
    lagging(other().delivered(1.1, 2, 0, 0, 100).acked(8, 0, 100, 30).delivered(8.1, 1, 0, 100, 30)
      .control(8.2, 2, gap(100, 119)).delivered(8.3, 2, 0, 120, 10)),
    needless],
  ['a range and another number', lagging(declared(gap(40, 59, 2_000))),
    ['fail', 'gap-inexact', 'gap-inexact 1']],
  ['records that come all the same',
    lagging(declared()).delivered(2.2, 2, 0, 50, 5),
    ['fail', 'gap-false', 'gap-false 5', 'nonmonotonic 5']],
  ['more than what did not come', lagging(declared(gap(30, 59))),
    ['fail', 'gap-false', 'gap-false 10']],
  ['records that are not there yet', lagging(declared(gap(40, 59))).control(3, 2, gap(100, 109)),
    ['fail', 'gap-false', 'gap-false 10']],
  ['records that a later resume brings', lagging(declared()).sent(5, 2, 'resume:earliest')
    .delivered(5.1, 2, 0, 0, 100, { path: 'replay' }), 'pass'],
  ['everything of a while lost, and declared to everybody',
    calm().delivered(1.1, 1, 0, 0, 40).control(2, 1, gap(40, 59)).delivered(2.1, 1, 0, 60, 40),
    needless],
  ['a malformed record in it, and counted', poisoned(10), 'pass'],
  ['a malformed record in it, and not counted', poisoned(9), 'pass'],
  ['a malformed record in it, and a wrong number', poisoned(8),
    ['fail', 'gap-inexact', 'gap-inexact 1']],
]

/** Two partitions: client 2 misses twenty of the first and none, or some, of the second. */
const two = (frame: Record<string, unknown>, missing = 0): Story =>
  lagging(declared(frame, other().acked(1, 1, 0, 100).delivered(1.1, 1, 1, 0, 100)))
    .delivered(1.1, 2, 1, 0, 50 - missing)
    .delivered(2.2, 2, 1, 50, 50)

const numbers: readonly Row[] = [
  ['what is missing around it', lagging(declared(counted(20))), 'pass'],
  ['less than what is missing', lagging(declared(counted(5))),
    ['fail', 'gap-hidden', 'gap-hidden 15']],
  ['more than what is missing', lagging(declared(counted(4_877))),
    ['fail', 'gap-false', 'gap-false 4857']],
  ['for no reason', declared(counted(20)), needless],
  ['of both partitions together', two(counted(30), 10), 'pass'],
  ['of the partition that it names', two(counted(20, 0)), 'pass'],
  ['of another partition than it names', two(counted(20, 1)),
    ['fail', 'gap-hidden', 'gap-hidden 20', 'gap-false 20']],
  ['at another time', lagging(declared(counted(20))).control(5, 2, counted(20)),
    ['fail', 'gap-false', 'gap-false 20']],
  ['twice at the same place', lagging(declared(counted(20))).control(2.05, 2, counted(20)),
    ['fail', 'gap-false', 'gap-false 20']],
  ['two numbers of one chunk, and records of one partition between them',
    lagging(other().acked(1, 1, 0, 100).delivered(1.1, 1, 1, 0, 100))
      .delivered(1.1, 2, 0, 0, 10).delivered(1.1, 2, 1, 0, 10)
      .control(2, 2, counted(20)).delivered(2, 2, 1, 20, 30)
      .control(2, 2, counted(25)).delivered(2, 2, 0, 30, 70).delivered(2, 2, 1, 65, 35),
    'pass'],
  ['a hole elsewhere is not paid by it',
    lagging(declared(counted(30), other().acked(3, 0, 100, 20).delivered(3.1, 1, 0, 100, 20)
      .delivered(3.1, 2, 0, 110, 10))),
    ['fail', 'gap-hidden', 'gap-hidden 10', 'gap-false 10']],
]

/** Client 2 asks for everything, and a gap declares that the records up to 59 are gone. */
const replayed = (frame: Record<string, unknown> = gap(0, 59), given = other()): Story =>
  given.sent(4, 2, 'resume:earliest').control(4.1, 2, frame)
    .delivered(4.2, 2, 0, 60, 40, { path: 'replay' })
    .control(4.3, 2, { type: 'replay_complete', capped: false })
const kept = { retainedRecords: 50_000 }

const replays: readonly Row[] = [
  ['it is unknown how much is kept', replayed(), ['unknown', 'gap-reason-unknown']],
  ['all of it is kept', replayed(), ['fail', 'gap-needless', 'gap-needless 60'], kept],
  ['only forty are kept', replayed(), 'pass', { retainedRecords: 40 }],
  ['Redis had been away', broken(replayed(), [0.9, 2], 'cut', 'redis'), 'pass', kept],
  ['a client had reset it', replayed().opened(2, 3).sent(3, 3, 'reset').closed(20.7, 3, 'client'),
    'pass', kept],
  ['it was reset later', replayed().opened(2, 3).sent(5, 3, 'reset').closed(20.7, 3, 'client'),
    ['fail', 'gap-needless', 'gap-needless 60'], kept],
  ['the relay had been killed right after', replayed().lagtruth(1.2, { 0: [0, 100, 100, true] })
    .broken(1.5, 2, { fault: 'kill-relay' }), 'pass', kept],
  ['and much later', replayed().lagtruth(1.2, { 0: [0, 100, 100, true] })
    .broken(8, 9, { fault: 'kill-relay' }), ['fail', 'gap-needless', 'gap-needless 60'], kept],
  ['a live gap behind the answer is no replay’s',
    broken(other().sent(0.6, 2, 'resume:latest')
      .control(0.7, 2, { type: 'replay_complete', capped: false })
      .delivered(1.1, 2, 0, 0, 40).control(2, 2, gap(40, 59)).delivered(2.1, 2, 0, 60, 40),
    [0.9, 2], 'cut', 'redis'),
    needless, kept],
]

/** The replay ends after forty records and says so. */
const capped = (): Story =>
  other().sent(4, 2, 'resume:earliest').delivered(4.1, 2, 0, 0, 40, { path: 'replay' })
    .control(4.2, 2, { type: 'replay_complete', capped: true })
    .acked(6, 0, 100, 10).delivered(6.1, 1, 0, 100, 10).delivered(6.1, 2, 0, 100, 10)

const caps: readonly Row[] = [
  ['at its limit', capped(), 'pass', { replayRecordsMax: 40 }],
  ['below its limit', capped(), ['fail', 'gap-hidden', 'gap-hidden 60'],
    { replayRecordsMax: 50_000 }],
  ['at an unknown limit', capped(), ['unknown', 'cap-unknown']],
  ['and the next resume leaves the rest out',
    capped().sent(7, 2, 'resume:cursor').control(7.2, 2, { type: 'replay_complete' }),
    ['fail', 'seam-skip', 'seam-skip 60'], { replayRecordsMax: 40 }],
]

judges('a live gap is declared', live)
judges('a number is declared', numbers)
judges('a gap is declared in a replay', replays)
judges('a replay says that it was capped', caps)
