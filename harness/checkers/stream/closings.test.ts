/** Who ends a connection, why, and what is owed then. */
import { story, type Story } from '../../history/story-testbed.ts'
import { broken, calm, judges, other, type Row } from './stream-testbed.ts'

/** 1006 without a close frame, as clients see a FIN. */
const fin = (given: Story, at: number, client: number): Story =>
  given.add({
    kind: 'closed',
    t: at * 1e6,
    client,
    code: 1_006,
    reason: 'end of stream',
    by: 'relay',
  })

/** Client 2 got a third of the records before its connection ended at 3 s. */
const ended = (given = other()): Story => fin(given.delivered(1.1, 2, 0, 0, 30), 3, 2)
const thrownOut = ['fail', 'closed-without-cause', 'closed-without-cause 1', 'lost 70']
/** Both clients were there; what came at 1 s came to both, what came at 4 s to no client. */
const hungUp = (): Story =>
  fin(fin(calm(), 3, 1).delivered(1.1, 1, 0, 0, 100).opened(0.5, 2, 'others'), 3.1, 2)
    .delivered(1.1, 2, 0, 0, 100).acked(4, 0, 100, 10)

const answeredReplay = (): Story =>
  other().sent(0.9, 2, 'resume:earliest').control(0.95, 2, { type: 'replay_complete' })

const tails: readonly Row[] = [
  [
    'a FIN in answer to our goodbye owes the tail all the same',
    fin(calm().delivered(1.1, 1, 0, 0, 100).opened(0.5, 2), 20.4, 2).delivered(1.1, 2, 0, 0, 30),
    ['fail', 'lost', 'lost 70'],
  ],
  [
    'and nothing where everything had come',
    fin(calm().delivered(1.1, 1, 0, 0, 100).opened(0.5, 2), 20.4, 2).delivered(1.1, 2, 0, 0, 100),
    'pass',
  ],
  [
    'a client still fed at the end is no proof that its tail comes',
    other().delivered(19.8, 2, 0, 0, 30),
    ['unknown', 'unseen', 'unseen 70'],
  ],
  [
    'what only clients of another group got is reported as that',
    story().opened(0.5, 1).acked(1, 0, 0, 100).delivered(1.1, 1, 0, 0, 100).closed(2, 1, 'client')
      .opened(2.5, 2, 'others').acked(3, 0, 100, 40).delivered(3.1, 2, 0, 100, 40)
      .phase('settle', 10, 20).closed(20.6, 2, 'client'),
    'pass',
    { groups: ['readers'] },
  ],
  [
    'a client that we stalled to the end is owed no tail',
    other().delivered(1.1, 2, 0, 0, 30).stalled(1.2, 2, true),
    'pass',
  ],
]

const causes: readonly Row[] = [
  ['no cause at all', ended(), thrownOut],
  [
    'a fault that is known only to have happened',
    ended().fault(2.9, 'x', 'active').fault(4, 'x', 'heal'),
    thrownOut,
  ],
  ['all clients at the same time', hungUp(), [
    'fail', 'closed-without-cause', 'closed-without-cause 2', 'lost 20',
  ]],
  ['a cut of its own link', broken(ended(), [2.9, 3.5], 'cut', 'clients', 'others'), 'pass'],
  ['a cut of the link of others', broken(ended(), [2.9, 3.5], 'cut'), thrownOut],
  ['a cut that was over long before', broken(ended(), [0.6, 0.8], 'cut', 'clients', 'others'),
    thrownOut],
  ['Kafka was away: no reason to close clients', broken(ended(), [2, 4], 'cut', 'kafka'),
    thrownOut],
  ['Redis was away: no reason to close clients', broken(ended(), [2, 4], 'cut', 'redis'),
    thrownOut],
  ['the relay was killed', ended().broken(2.9, 4, { fault: 'kill-relay' }), 'pass'],
  ['it did not read for two seconds',
    ended().stalled(1.2, 2, true).stalled(3.5, 2, false), 'pass'],
  ['it did not read for a moment',
    ended().stalled(2.8, 2, true).stalled(2.9, 2, false), thrownOut],
  ['it reads slowly', ended(), 'pass', { slowGroups: ['others'] }],
  ['it had said what no honest client says', ended().sent(2.9, 2, 'hostile:bad'), 'pass'],
  ['it had asked for a replay: no reason to close it', ended().sent(2.9, 2, 'resume:earliest'),
    thrownOut],
  ['its replay took as long as one may', ended().sent(0.9, 2, 'resume:earliest'), 'pass',
    { replayTimeoutMs: 2_000 }],
  ['its replay had more time', ended().sent(1.2, 2, 'resume:earliest'), thrownOut,
    { replayTimeoutMs: 2_000 }],
  ['its replay was answered', ended(answeredReplay()), thrownOut, { replayTimeoutMs: 2_000 }],
  ['its group is not judged', ended(), 'pass', { groups: ['readers'] }],
  ['no client of its group was there', ended(), ['unknown', 'no-deliveries'], { groups: ['late'] }],
]

const returns: readonly Row[] = [
  [
    'what it missed while it was away stays owed when it comes back',
    ended().opened(4, 2, 'others').acked(5, 0, 100, 10)
      .delivered(5.1, 1, 0, 100, 10).delivered(5.1, 2, 0, 100, 10),
    ['fail', 'closed-without-cause', 'closed-without-cause 1', 'skip 70'],
  ],
  [
    'and is no loss where a replay brought it',
    ended().opened(4, 2, 'others').sent(4, 2, 'resume:cursor')
      .delivered(4.1, 2, 0, 30, 70, { path: 'replay' }),
    ['fail', 'closed-without-cause', 'closed-without-cause 1'],
  ],
]

judges('a client that is open at the end is owed everything', tails)
judges('a connection is ended with a cause of this run', causes)
judges('a client that comes back', returns)
