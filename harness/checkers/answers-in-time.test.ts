import { story } from '../history/story-testbed.ts'
import { answersInTime } from './answers-in-time.ts'
import { cannotTell, fails, judgeCases, passes } from './checker-testbed.ts'

/** Polls from 1 to 9 s, twice a second, each of them answered after 2 ms. */
function asked(slowAt = 0, tookMs = 2, status = 200) {
  const told = story().phase('calm', 1, 4).phase('expensive', 5, 9)
  for (let t = 1; t < 9; t += 0.5) {
    const isSlow = t === slowAt
    const body = isSlow && status === 0 ? null : {}
    told.add(['health', t * 1e6, (isSlow ? tookMs : 2) * 1_000, isSlow ? status : 200, body])
  }
  return told
}

judgeCases(
  'answers-in-time',
  answersInTime,
  { phase: 'expensive', before: 'calm', limitMs: 1_000, pollsMin: 8 },
  [
    ...passes('answered-in-time', ['all', asked()], ['a slow one', asked(6, 900)]),
    ...passes('answered-in-time',
      ['not while the relay is stopped by the run', asked(6, 1_500, 0)
        .broken(5.9, 7, { fault: 'pause-relay' }), { pollsMin: 5 }],
    ),
    ...fails('answered-late',
      ['stopped before it was asked', asked(6, 1_100).broken(5, 5.9, { fault: 'pause-relay' })],
    ),
    ...fails('answered-late', ['too slow', asked(6, 1_100)], ['not at all', asked(6, 500, 0)]),
    ...cannotTell(
      'late-before',
      ['slow before', asked(2, 1_100)],
      ['not at all before', asked(2, 500, 0)],
    ),
    ...cannotTell('too-little', [
      'hardly asked',
      story().phase('calm', 1, 4).phase('expensive', 5, 9).health(6, {}),
    ]),
    ...cannotTell('no-phase', ['no such phase', story()]),
  ],
)

judgeCases('answers-in-time in the whole run', answersInTime, { limitMs: 1_000, pollsMin: 8 }, [
  ...passes(
    'answered-in-time',
    ['all', asked().phase('settle', 9, 10)],
    ['late when all is over', asked(8.5, 1_100).phase('settle', 7, 8)],
    ['the relay is stopped by the run', asked(6, 1_500, 0)
      .broken(5.9, 7, { fault: 'pause-relay' })],
  ),
  ...fails('answered-late', ['late anywhere', asked(2, 1_100)]),
])
