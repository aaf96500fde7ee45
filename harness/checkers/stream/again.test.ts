/** Records that come again: after restarts and moves, and in replays. Dead letters, rules. */
import { expect, test } from 'vitest'
import { story, type Story } from '../../history/story-testbed.ts'
import { stream } from '../stream.ts'
import { broken, calm, judges, other, type Row } from './stream-testbed.ts'

/** Killed at 2 s with 40 records committed; everybody is back at 4 s. */
const killed = (committed = 40): Story =>
  calm()
    .lagtruth(1.5, { 0: [0, 100, committed, true] })
    .delivered(1.1, 1, 0, 0, 100)
    .broken(2, 3, { fault: 'kill-relay' })
    .closed(2.05, 1, 'network')
    .opened(4, 1)
    .closed(20.6, 1, 'client')
const moved = (): Story =>
  calm()
    .lagtruth(0.9, { 0: [0, 0, 0, true], 1: [0, 0, 0, true] })
    .delivered(1.1, 1, 0, 0, 100)
    .broken(2, 4, { fault: 'rebalance' })
    .lagtruth(3, { 0: [0, 100, 40, false], 1: [0, 0, 0, true] })
    .lagtruth(4.2, { 0: [0, 100, 40, true], 1: [0, 0, 0, true] })

const redeliveries: readonly Row[] = [
  ['from the last commit on', killed().delivered(4.5, 1, 0, 40, 60), 'pass'],
  ['from before the last commit', killed().delivered(4.5, 1, 0, 30, 70),
    ['fail', 'duplicate', 'duplicate 10']],
  ['twice', killed().delivered(4.5, 1, 0, 40, 60).delivered(6, 1, 0, 40, 60),
    ['fail', 'duplicate', 'duplicate 60']],
  ['records of the time after it',
    killed().delivered(4.5, 1, 0, 40, 60).acked(8, 0, 100, 10)
      .delivered(8.1, 1, 0, 100, 10).delivered(8.2, 1, 0, 100, 10),
    ['fail', 'duplicate', 'duplicate 10']],
  ['records that were sent when the old process was gone',
    killed().acked(2.5, 0, 100, 10).delivered(4.5, 1, 0, 40, 70).delivered(6, 1, 0, 100, 10),
    ['fail', 'duplicate', 'duplicate 10']],
  ['from the last commit on, in the middle of what came later',
    killed().acked(5, 0, 100, 10).delivered(5.1, 1, 0, 100, 10).delivered(6, 1, 0, 40, 10),
    ['fail', 'duplicate', 'duplicate 10']],
  ['live behind the replay of them',
    killed().sent(4, 1, 'resume:earliest').delivered(4.5, 1, 0, 0, 100, { path: 'replay' })
      .control(4.6, 1, { type: 'replay_complete' }).delivered(4.7, 1, 0, 40, 60),
    'pass'],
  ['a restart before which the last commit is unknown',
    calm().delivered(1.1, 1, 0, 0, 100).broken(2, 3, { fault: 'kill-relay' })
      .delivered(4.5, 1, 0, 0, 100),
    ['unknown', 'commit-unknown']],
  ['a moved partition, from its commit', moved().delivered(4.5, 1, 0, 40, 60), 'pass'],
  ['a moved partition, from before its commit', moved().delivered(4.5, 1, 0, 0, 100),
    ['fail', 'duplicate', 'duplicate 40']],
  ['a moved partition, twice',
    moved().delivered(4.5, 1, 0, 40, 60).delivered(5, 1, 0, 40, 60),
    ['fail', 'duplicate', 'duplicate 60']],
  ['a moved partition, much later', moved().delivered(19.5, 1, 0, 40, 60),
    ['fail', 'duplicate', 'duplicate 60']],
  ['a partition that stayed',
    moved().acked(1, 1, 0, 50).delivered(1.1, 1, 1, 0, 50).delivered(4.5, 1, 1, 0, 50),
    ['fail', 'duplicate', 'duplicate 50']],
]

/** Client 2 lost its link with 40 records and asks for what follows. */
const resumed = (): Story =>
  broken(other(), [1.9, 2.5], 'cut', 'clients', 'others').delivered(1.1, 2, 0, 0, 40)
    .closed(2, 2, 'network').opened(3, 2, 'others').sent(3, 2, 'resume:cursor')

const requests: readonly Row[] = [
  ['exactly what follows the cursor',
    resumed().delivered(3.1, 2, 0, 40, 60, { path: 'replay' }), 'pass'],
  ['everything again', resumed().delivered(3.1, 2, 0, 0, 100, { path: 'replay' }),
    ['fail', 'replay-beyond-request', 'replay-beyond-request 40']],
  ['an overlap that is documented',
    resumed().delivered(3.1, 2, 0, 30, 70, { path: 'replay' }), 'pass',
    { replayOverlapMax: 10 }],
  ['more than that', resumed().delivered(3.1, 2, 0, 29, 71, { path: 'replay' }),
    ['fail', 'replay-beyond-request', 'replay-beyond-request 1'], { replayOverlapMax: 10 }],
  ['everything, as it was asked for',
    other().delivered(1.1, 2, 0, 0, 100).sent(3, 2, 'resume:earliest')
      .delivered(3.1, 2, 0, 0, 100, { path: 'replay' }), 'pass'],
  ['again, because the cursor was refused after a reset',
    resumed().opened(2, 3).sent(2.6, 3, 'reset').closed(20.7, 3, 'client')
      .control(3.05, 2, { type: 'cursor_stale', partition: 0, requested: '39', oldest: '20' })
      .delivered(3.1, 2, 0, 20, 80, { path: 'replay' }), 'pass'],
  ['again, because the cursor was refused for no reason',
    resumed().control(3.05, 2, {
      type: 'cursor_stale', partition: 0, requested: '39', oldest: '20',
    }).delivered(3.1, 2, 0, 20, 80, { path: 'replay' }),
    ['fail', 'replay-beyond-request', 'replay-beyond-request 20']],
]

const poison = { malformed: { 50: 'garbage' } }
const letters: readonly Row[] = [
  ['a malformed record', calm().acked(1, 1, 0, 100, poison).delivered(1.1, 1, 0, 0, 100)
    .delivered(1.1, 1, 1, 0, 50).delivered(1.2, 1, 1, 51, 49).deadletter(2, 1, 50, 'x'), 'pass'],
  ['a valid record that did not come',
    calm().delivered(1.1, 1, 0, 0, 50).delivered(1.2, 1, 0, 51, 49).deadletter(2, 0, 50, 'x'),
    ['fail', 'valid-dead-lettered', 'valid-dead-lettered 1', 'lost 1']],
  ['a valid record that came', calm().delivered(1.1, 1, 0, 0, 100).deadletter(2, 0, 50, 'x'),
    ['fail', 'valid-dead-lettered', 'valid-dead-lettered 1']],
]

/** A replay with a hole, and one that runs into what is live. */
const hollow = (): Story =>
  other().sent(0.6, 2, 'resume:earliest').delivered(1.1, 2, 0, 0, 20, { path: 'replay' })
    .delivered(1.1, 2, 0, 30, 60, { path: 'replay' }).delivered(1.2, 2, 0, 90, 10)
const doubled = (): Story =>
  other().sent(0.6, 2, 'resume:earliest').delivered(1.1, 2, 0, 0, 60, { path: 'replay' })
    .delivered(1.2, 2, 0, 55, 45)

/** Client 2 comes after a reset, and a hole of the time before it is not declared. */
const forgotten = (): Story =>
  calm().delivered(1.1, 1, 0, 0, 100).sent(2, 1, 'reset').opened(3, 2, 'others')
    .sent(3, 2, 'resume:earliest').delivered(3.1, 2, 0, 0, 20, { path: 'replay' })
    .delivered(3.1, 2, 0, 30, 70, { path: 'replay' }).closed(20.6, 2, 'client')

/** Thirty records, forty while Redis is cut, and thirty long after. */
const withOutage = (): Story =>
  broken(story().opened(0.5, 1).phase('settle', 15, 20).closed(20.5, 1, 'client'), [2.9, 3.5],
    'cut', 'redis')
    .acked(1, 0, 0, 30).acked(3, 0, 30, 40).acked(9, 0, 70, 30)
    .delivered(1.1, 1, 0, 0, 30).delivered(3.1, 1, 0, 30, 40).delivered(9.1, 1, 0, 70, 30)
    .closed(20.6, 2, 'client')
/** A replay of the first thirty, and from `next` on. */
const acrossOutage = (next: number): Story =>
  withOutage().opened(10, 2, 'late').sent(10, 2, 'resume:earliest')
    .delivered(10.1, 2, 0, 0, 30, { path: 'replay' })
    .delivered(10.2, 2, 0, next, 100 - next, { path: 'replay' })
/** A replay that was over before the outage. */
const before = (): Story =>
  withOutage().opened(2, 2, 'late').sent(2, 2, 'resume:earliest')
    .delivered(2.1, 2, 0, 0, 30, { path: 'replay' }).control(2.2, 2, { type: 'replay_complete' })
    .delivered(3.1, 2, 0, 30, 40).delivered(9.1, 2, 0, 70, 30)
const byOutage = { rules: ['gap-hidden'], takenBy: 'outage' } as const

const rules: readonly Row[] = [
  ['what an outage of Redis took, without a gap', acrossOutage(70),
    ['fail', 'gap-hidden', 'gap-hidden 40'], byOutage],
  ['more than it can have taken', acrossOutage(80),
    ['unknown', 'hidden', 'gap-hidden 50'], byOutage],
  ['nothing that it took', acrossOutage(30), 'pass', byOutage],
  ['no replay across it', before(), ['unknown', 'no-replays'], byOutage],
  ['its own', hollow(), ['fail', 'gap-hidden', 'gap-hidden 10'], { rules: ['gap-hidden'] }],
  ['another one’s', hollow(), ['pass', 'whole', 'gap-hidden 10'], { rules: ['seam-duplicate'] }],
  ['its own beside another', doubled(), ['fail', 'seam-duplicate', 'seam-duplicate 5'],
    { rules: ['seam-duplicate', 'seam-skip'] }],
  ['one that hides everything', hollow().acked(2, 0, 100, 5),
    ['unknown', 'hidden', 'lost 10', 'gap-hidden 10'], { rules: ['seam-duplicate'] }],
  ['its own kind, but forgotten by a reset of ours', forgotten(),
    ['pass', 'whole', 'gap-hidden 10'], { rules: ['gap-hidden'] }],
  ['the same, in the whole stream', forgotten(), ['fail', 'gap-hidden', 'gap-hidden 10']],
  ['no replay at all', other().delivered(1.1, 2, 0, 0, 100), ['unknown', 'no-replays'],
    { rules: ['seam-skip'] }],
]

judges('records come again after a restart or a move', redeliveries)
judges('a replay holds what was asked for', requests)
judges('a dead letter names', letters)
judges('a finding with rules of its own meets', rules)

test('says why a finding is unknown, and what to do', () => {
  const judged = stream.judge(hollow().acked(2, 0, 100, 5).history(), { rules: ['seam-skip'] })
  expect(judged.why).toContain('The stream has lost records (10)')
  expect(judged.fix).toMatch(/stream/)
})

test('says what is wrong, how often, where, and with which numbers', () => {
  const judged = stream.judge(
    other().delivered(1.1, 2, 0, 0, 40).control(2, 2, { type: 'gap', count: 4_877 })
      .delivered(2.1, 2, 0, 60, 40).stalled(1.2, 2, true).stalled(1.4, 2, false).history(),
    {},
  )
  expect(judged.why).toBe(
    'Records were declared missing that had been delivered or never existed: 4857 records ' +
      '(client 2 of others, 4877 declared, 20 missing).',
  )
})
