import { story, type Story } from '../history/story-testbed.ts'
import { hostileFrames, type HostileTopic } from '../wire/hostile-frames.ts'
import { hostileAnswered } from './hostile-answered.ts'
import { cannotTell, fails, judgeCases, passes } from './checker-testbed.ts'

const namesOf = (about: HostileTopic) =>
  hostileFrames.filter((row) => row.about === about).map(({ name }) => name)

/** Client 1 says frames in turn, one a second from 5 s on, and each is answered. */
function inTurn(names = namesOf('multi-byte'), told = story()): Story {
  told.opened(1, 1, 'hostile')
  for (const [at, name] of names.entries()) {
    answered(told.sent(5 + at, 1, `hostile:${name}`), 5 + at)
  }
  return told
}
const answered = (told: Story, at: number, client = 1) =>
  told
    .control(at + 0.1, client, { type: 'replay_complete' })
    .control(at + 0.2, client, { type: 'pong', count: 1 })
/** Client 2 says one alone at 20 s. */
const alone = (told: Story, name: string, client = 2, at = 20) =>
  told.opened(at - 1, client, 'hostile').sent(at, client, `hostile-alone:${name}`)
const cut = 'resume-offset-multi-byte'
/** Everything was answered but this frame, said at 15 s, at which the connection ended. */
const suspected = () => inTurn().sent(15, 1, `hostile:${cut}`).closed(15.5, 1)

judgeCases('hostile-answered', hostileAnswered, { limitMs: 2_000, about: 'multi-byte' }, [
  ...passes(
    'answered',
    ['all were answered', inTurn()],
    ['ended much later', inTurn().closed(30, 1)],
    ['its own wish', inTurn().closed(9, 1, 'client')],
    ['others were not answered', inTurn().sent(15, 1, 'hostile:json-null').closed(15.5, 1)],
    ['one that is no longer known', inTurn().sent(15, 1, 'hostile:of-old')],
    ['a relay that died long after', inTurn().process(40, 'exit')],
    [
      'a relay that died of what was said next',
      inTurn().sent(15, 1, 'hostile:json-null').process(15.2, 'exit'),
    ],
  ),
  ...fails(
    'ended-for-nothing',
    ['it did it again alone', alone(suspected(), cut).closed(20.5, 2)],
    ['and so did a reset', alone(suspected(), cut).closed(20.5, 2, 'network')],
    [
      'another one than the last had done it',
      alone(answered(alone(suspected(), cut), 20), 'invalid-json-multi-byte', 3).closed(20.5, 3),
    ],
  ),
  ...fails('not-answered', ['it hangs alone', alone(suspected(), cut).closed(23, 2, 'client')]),
  ...fails('resume-unanswered', [
    'pings are answered, it is not',
    alone(suspected(), cut).control(20.1, 2, { type: 'pong', count: 1 }).phase('end', 24, 25),
  ]),
  ...fails('relay-died', ['right after one of them', inTurn().process(8.5, 'exit')]),
  ...cannotTell(
    'not-confirmed',
    ['alone it did nothing', answered(alone(suspected(), cut), 20)],
    ['not tried alone', suspected()],
  ),
  ...cannotTell('relay-died-before', [
    'another one had killed it',
    story().opened(1, 1, 'hostile').sent(4, 1, 'hostile:json-null').process(4.1, 'exit'),
  ]),
  ...cannotTell(
    'not-said',
    ['no frame was sent', story().opened(1, 1, 'hostile')],
    ['they were not let in any more', inTurn(namesOf('nonsense')).refused(30, 'hostile', 429)],
    ['one was not said', inTurn(namesOf('multi-byte').slice(1))],
  ),
  ...cannotTell('too-short', [
    'not waited for',
    inTurn(namesOf('multi-byte').slice(1))
      .sent(20, 1, 'hostile:invalid-json-multi-byte')
      .closed(20.1, 1, 'client'),
  ]),
])

const refusals = { partitions: 'RESUME_TOO_MANY_PARTITIONS', threads: 'RESUME_TOO_MANY_THREADS' }
/** Both frames are said alone, by clients of their own; the second by `second`. */
const limits = (second: (told: Story) => Story) => {
  const told = alone(story(), 'resume-partitions')
  told.control(20.1, 2, { type: 'error', code: refusals.partitions }).closed(20.2, 2)
  return second(alone(told, 'resume-threads', 3))
}
const refused = (told: Story, at = 20.1, client = 3) =>
  told.control(at, client, { type: 'error', code: refusals.threads })
/** The answer to the second is lost with a reset, so many times. */
const lost = (times: number) =>
  limits((told) => {
    told.closed(20.2, 3, 'network')
    for (let more = 1; more < times; more += 1) {
      alone(told, 'resume-threads', 3 + more).closed(20.2, 3 + more, 'network')
    }
    return told
  })

judgeCases('hostile-answered, of limits', hostileAnswered, { limitMs: 2_000, about: 'limits' }, [
  ...passes(
    'answered',
    ['refused and ended', limits((told) => refused(told).closed(20.3, 3))],
    [
      'the third time the answer came',
      refused(alone(lost(2), 'resume-threads', 9), 20.1, 9).closed(20.3, 9),
    ],
  ),
  ...fails(
    'not-refused',
    ['no word', limits((told) => told.closed(20.3, 3))],
    ['too late', limits((told) => refused(told, 23).closed(24, 3))],
    ['reset each time', lost(3)],
  ),
  ...fails('not-ended', ['it went on', limits((told) => refused(told).closed(29, 3))]),
  ...cannotTell('too-short', ['the answer may be lost', lost(2)]),
])
