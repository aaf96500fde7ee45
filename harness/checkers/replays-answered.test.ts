import { story, type Story } from '../history/story-testbed.ts'
import { replaysAnswered, type ReplaysAnsweredOptions } from './replays-answered.ts'
import { cannotTell, fails, judgeCases, passes } from './checker-testbed.ts'

const complete = { type: 'replay_complete', mode: 'earliest', capped: false }

/** Hundred old records that client 1 had; one that comes during the replay, asked for at 5 s. */
const asks = (from: string, acked = 1, first = 0): Story =>
  story()
    .acked(acked, 0, first, 100)
    .opened(0, 1)
    .delivered(acked + 0.1, 1, 0, first, 100)
    .acked(5.05, 0, first + 100, 1)
    .opened(5, 2, 'late')
    .sent(5, 2, `resume:${from}`)
    .phase('settle', 20, 30)
    .closed(30, 2, 'client')
const replayed = (from = 'earliest', first = 0, until = 100) =>
  asks(from).delivered(5.05, 2, 0, first, until - first, { path: 'replay' })
const gap = { type: 'gap', partition: 0, firstOffset: '3', lastOffset: '4', count: 2 }
const withGap = () => replayed().control(5.06, 2, gap).control(5.1, 2, complete)
const stale = (requested: number, oldest = 10) => {
  const [told, from] = [String(requested), String(oldest)]
  return { type: 'cursor_stale', partition: 0, requested: told, oldest: from }
}
const isCut = { fault: 'cut' }
const done = { type: 'cursor_reset_complete', bufferCleared: true }
const resetAt = (told: Story, at: number, answer: Record<string, unknown> = done) =>
  told.sent(at, 1, 'reset').control(at + 0.01, 1, answer)
/** A second client whose replay, asked for at 6 s, never ends. */
const another = () =>
  replayed().control(5.1, 2, complete).opened(6, 3, 'late').sent(6, 3, 'resume:earliest')
    .delivered(6.1, 3, 0, 0, 100, { path: 'replay' })
const hungUp = (at: number) => replayed('earliest', 0, 50).closed(at, 2, 'relay')

const sinceOutage = { sinceOutage: true }
/** From 2 s to 20 s another Redis has the address; what came at that time is not replayed. */
const failedOver = (at: number) =>
  story().opened(0, 1).broken(2, 20, { fault: 'failover', hop: 'redis' })
    .acked(at, 0, 0, 50).delivered(at + 0.1, 1, 0, 0, 50)
    .opened(25, 2, 'late').sent(25, 2, 'resume:earliest').acked(25.02, 0, 50, 1)
    .delivered(25.03, 2, 0, 50, 1).control(25.1, 2, complete)
    .phase('settle', 30, 31).closed(31, 2, 'client')

judgeCases<ReplaysAnsweredOptions>(
  'replays-answered',
  replaysAnswered,
  { groups: ['late'], limitMs: 2_000, replaysMin: 1, recordsMin: 1, isRetained: true },
  [
    ...passes<ReplaysAnsweredOptions>(
      'answered',
      ['from the oldest', replayed().control(5.1, 2, complete)],
      [
        'from a cursor',
        replayed('cursor', 50).opened(0.5, 2, 'late').delivered(1.1, 2, 0, 0, 50)
          .closed(2, 2, 'network').control(5.1, 2, complete),
      ],
      ['what comes live is not missing', replayed('earliest', 0, 90).control(5.1, 2, complete)
        .delivered(5.11, 2, 0, 90, 11)],
      [
        'a gap that a reset made meanwhile',
        resetAt(replayed().control(5.06, 2, gap), 5.01).control(5.1, 2, complete),
        { recordsMin: 0 },
      ],
      [
        'an outage of Redis took it',
        replayed('earliest', 5).broken(0.5, 2, { ...isCut, hop: 'redis' })
          .control(5.06, 2, gap).control(5.1, 2, complete),
        { recordsMin: 0 },
      ],
      ['a gap where the buffer is small', withGap(), { isRetained: false }],
      // Frames of one chunk have one time: what stands behind the end is not of the replay.
      ['a gap behind the end', replayed().control(5.1, 2, complete).control(5.1, 2, gap)],
      [
        'a gap without a known place',
        replayed().control(5.06, 2, { type: 'gap', count: 4 }).control(5.1, 2, complete),
      ],
      [
        'capped at the limit',
        replayed('earliest', 0, 50).control(5.1, 2, { ...complete, capped: true }),
        { recordsMax: 50 },
      ],
      [
        'our own fault cut another one',
        replayed().control(5.1, 2, complete).opened(6, 3, 'late').sent(6, 3, 'resume:earliest')
          .broken(6.1, 8, { ...isCut, hop: 'clients', group: 'late' }).closed(6.2, 3, 'network'),
      ],
      [
        'our own fault, from within its time to beyond it',
        another().broken(7.9, 12, { ...isCut, hop: 'clients', group: 'late' })
          .closed(12.1, 3, 'client'),
      ],
      [
        'it did not read, and left when its time was over',
        another().stalled(7, 3, true).stalled(9, 3, false).closed(9, 3, 'client'),
      ],
      [
        'only what came after the outage is asked for',
        asks('earliest', 9, 0).acked(0.1, 1, 0, 50).delivered(0.2, 1, 1, 0, 50)
          .broken(0.5, 2, { ...isCut, hop: 'redis' })
          .opened(15, 4, 'late').sent(15, 4, 'resume:earliest').acked(15.02, 1, 50, 1)
          .delivered(15.05, 4, 0, 0, 100, { path: 'replay' }).control(15.1, 4, complete)
          .control(5.1, 2, complete),
        { sinceOutage: true },
      ],
      [
        'only what was sent since a phase',
        replayed().acked(0.1, 1, 0, 50).delivered(0.2, 1, 1, 0, 50).phase('again', 0.5, 8)
          .control(5.1, 2, complete),
        { sincePhase: 'again', phase: 'again' },
      ],
      [
        'records that no client had are not owed if nothing behind them had come either',
        replayed().acked(2, 1, 0, 20).control(5.1, 2, complete),
        { passedToo: true },
      ],
    ),
    ...fails(
      'not-replayed',
      ['what came while the Redis that had taken over could be used', failedOver(8), sinceOutage],
    ),
    ...passes<ReplaysAnsweredOptions>(
      'answered',
      ['a failover took what came before a relay can have followed it', failedOver(6), {
        ...sinceOutage, recordsMin: 0 }],
    ),
    ...fails(
      'not-answered',
      ['never, to the limit', replayed()],
      ['too late', replayed().control(7.1, 2, complete)],
      ['the relay hung up at once', hungUp(5.3)],
      [
        'never, and we ended it when its time was over',
        another().broken(8.1, 9, { ...isCut, hop: 'clients', group: 'late' })
          .closed(8.2, 3, 'network'),
      ],
      ['never, and its client left when its time was over', another().closed(8.1, 3, 'client')],
      ['never, and its client asked again then', another().sent(8.1, 3, 'resume:earliest')
        .control(8.2, 3, complete).closed(9, 3, 'client')],
    ),
    ...fails<ReplaysAnsweredOptions>(
      'not-replayed',
      ['a record short', replayed('earliest', 1).control(5.1, 2, complete)],
      ['nothing at all', asks('earliest').control(5.1, 2, complete)],
      [
        'records that reached no client, although later ones did',
        replayed().acked(0.5, 1, 0, 20).acked(1, 1, 20, 20).delivered(1.1, 1, 1, 20, 20)
          .delivered(5.06, 2, 1, 20, 20, { path: 'replay' }).control(5.1, 2, complete),
        { passedToo: true },
      ],
      [
        'missing, and declared missing',
        replayed('earliest', 5).control(5.06, 2, { ...gap, firstOffset: '0' })
          .control(5.1, 2, complete),
      ],
      [
        'called capped far below the limit',
        replayed('earliest', 0, 40).control(5.1, 2, { ...complete, capped: true }),
        { recordsMax: 50_000 },
      ],
      [
        'a reset before it removes only what was before it, also if its answer differs',
        resetAt(replayed('earliest', 60), 0.5, { ...done, latestOffsetsByPartition: { 0: '59' } })
          .control(5.1, 2, complete),
      ],
      [
        'a refused reset took nothing',
        resetAt(replayed('earliest', 60), 2, { type: 'error', code: 'TOO_MANY_RESETS' })
          .control(5.1, 2, complete),
      ],
      [
        'an outage whose fault had no effect took nothing',
        replayed('earliest', 60).fault(0.5, 'x', 'inject', { ...isCut, hop: 'redis' })
          .fault(0.6, 'x', 'ineffective').fault(2, 'x', 'heal').control(5.1, 2, complete),
      ],
      [
        'two outages excuse nothing that lies between them',
        asks('earliest', 9).acked(1, 1, 0, 10).acked(14, 1, 10, 10).acked(30, 1, 20, 10)
          .delivered(1.1, 1, 1, 0, 10).delivered(14.1, 1, 1, 10, 10).delivered(30.1, 1, 1, 20, 10)
          .broken(0.5, 2, { ...isCut, hop: 'redis' }).broken(29, 31, { ...isCut, hop: 'redis' })
          .control(5.1, 2, complete)
          .opened(40, 4, 'late').sent(40, 4, 'resume:earliest')
          .delivered(40.05, 4, 0, 0, 101, { path: 'replay' })
          .control(40.06, 4, { ...gap, partition: 1, firstOffset: '0', lastOffset: '29' })
          .control(40.1, 4, complete),
      ],
    ),
    ...fails(
      'gap-needless',
      ['all was there', withGap()],
      ['Redis was gone later', withGap().broken(2.5, 4, { ...isCut, hop: 'redis' })],
      ['something else was gone', withGap().broken(0.5, 2, { ...isCut, hop: 'kafka' })],
      ['the target’s own word excuses nothing', replayed().control(5.06, 2, gap)
        .control(5.1, 2, { ...complete, capped: true }), { recordsMax: 100 }],
    ),
    ...fails(
      'stale-needless',
      ['one below the oldest', replayed().control(5.01, 2, stale(9)).control(5.1, 2, complete)],
      ['nothing of it was gone', replayed().control(5.01, 2, stale(5)).control(5.1, 2, complete)],
    ),
    ...cannotTell('no-replay', ['no client asked', story().opened(1, 2, 'late')]),
    ...cannotTell(
      'too-little',
      ['few', replayed().control(5.1, 2, complete), { recordsMin: 101 }],
      [
        'none of it had reached anybody',
        story().acked(1, 0, 0, 100).acked(5.05, 0, 100, 1).opened(5, 2, 'late')
          .sent(5, 2, 'resume:earliest').delivered(5.05, 2, 0, 0, 100, { path: 'replay' })
          .control(5.1, 2, complete),
      ],
    ),
    ...cannotTell('ended-too-soon', ['the run was over', replayed(), { limitMs: 26_000 }]),
    ...cannotTell('not-answered', [
      'where only what they hold is asked for',
      hungUp(5.3),
      { holdsOnly: true },
    ]),
    ...cannotTell('no-outage', [
      'Redis was there throughout',
      replayed().control(5.1, 2, complete),
      { sinceOutage: true },
    ], [
      'no other Redis could take over',
      replayed().control(5.1, 2, complete).fault(2, 'x', 'inject', { fault: 'failover' })
        .fault(2.1, 'x', 'failed', { why: 'Redis is not ours' }),
      { sinceOutage: true },
    ]),
    ...cannotTell('limit-unknown', [
      'capped, at an unknown limit',
      replayed('earliest', 0, 50).control(5.1, 2, { ...complete, capped: true }),
    ]),
    ...cannotTell('no-traffic', [
      'silence',
      story().acked(1, 0, 0, 100).opened(0, 1).delivered(1.1, 1, 0, 0, 100)
        .opened(5, 2, 'late').sent(5, 2, 'resume:earliest')
        .delivered(5.05, 2, 0, 0, 100, { path: 'replay' }).control(5.1, 2, complete),
    ]),
  ],
)
