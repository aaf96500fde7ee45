import { story, type Story } from '../history/story.ts'
import { malformedAccounted, type MalformedAccountedOptions } from './malformed-accounted.ts'
import { cannotTell, fails, judgeCases, passes } from './testbed.ts'

const three = ['garbage', 'bad-patch-json', 'big-integers', 'tombstone']
const counted = { websocket_kafka_payload_missing_total: 1 }
const lostLetter = { 'websocket_dlq_send_failures_total{reason="timeout"}': 1 }
const malformed = {
  malformed: { 3: 'garbage', 6: 'bad-patch-json', 10: 'big-integers', 14: 'tombstone' },
}

/** What a relay and a client that get it right make of twenty records with four odd ones. */
interface Told {
  /** Offsets that the reference client got, as runs. */
  readonly runs?: readonly (readonly [first: number, count: number])[]
  readonly letter?: string | null
  readonly refusal?: string | null
  readonly missing?: boolean
}

function run(told: Told = {}): Story {
  const { letter = 'invalid_protobuf', refusal = 'patch-value', missing = true } = told
  const runs = told.runs ?? [[0, 3], [4, 10], [15, 5]]
  const given = story()
    .opened(0, 1, 'reference')
    .acked(1, 0, 0, 20, malformed)
    .phase('settle', 10, 20)
    .runstate(15, 1, 'run', true)
  for (const [first, count] of runs) given.delivered(1.1 + first / 100, 1, 0, first, count)
  if (letter !== null) given.deadletter(2, 0, 3, letter)
  if (refusal !== null) given.refusal(2, 1, 0, 6, refusal)
  return given.scrape(3, missing ? counted : { websocket_kafka_payload_missing_total: 0 })
}

const episode = 'malformed-big-integers-0'

judgeCases<MalformedAccountedOptions>(
  'malformed-accounted',
  malformedAccounted,
  { group: 'reference' },
  [
    ...passes<MalformedAccountedOptions>(
      'accounted',
      ['all four', run(), { kinds: three }],
      ['one kind only', run({ letter: null }), { kinds: ['bad-patch-json'] }],
      [
        'a dead letter that the relay counted as lost',
        run({ letter: null }).scrape(4, lostLetter),
        { kinds: three },
      ],
      [
        'a blocked run that is doubted, and what is refused behind it',
        run().runstate(16, 1, 'malformed-bad-patch-json-1', true, ['patch']),
        { kinds: three },
      ],
    ),
    ...fails<MalformedAccountedOptions>('unaccounted', [
      'no dead letter',
      run({ letter: null }),
      { kinds: three },
    ]),
    ...fails<MalformedAccountedOptions>(
      'unaccounted',
      ['a tombstone that nobody counted', run({ missing: false }), { kinds: ['tombstone'] }],
      ['not forwarded', run({ runs: [[0, 3], [4, 6], [11, 9]] }), { kinds: ['big-integers'] }],
    ),
    ...fails<MalformedAccountedOptions>('wrong-reason', [
      'dead-lettered for a wrong reason',
      run({ letter: 'payload_too_large' }),
      { kinds: three },
    ]),
    ...fails<MalformedAccountedOptions>('twice', [
      'dead-lettered twice',
      run().deadletter(3, 0, 3, 'invalid_protobuf'),
      { kinds: three },
    ]),
    ...fails<MalformedAccountedOptions>('leaked', [
      'reached a client',
      run({ runs: [[0, 20]] }),
      { kinds: three },
    ]),
    ...fails<MalformedAccountedOptions>('applied-as-text', [
      'taken for text',
      run({ refusal: null }),
      { kinds: three },
    ]),
    ...fails<MalformedAccountedOptions>(
      'wrong-reaction',
      ['refused for something else', run({ refusal: 'hash' }), { kinds: three }],
      ['refused although valid', run().refusal(2, 1, 0, 10, 'hash'), { kinds: three }],
      [
        'dead-lettered although it was to be forwarded',
        run().deadletter(2, 0, 10, 'invalid_protobuf'),
        { kinds: ['big-integers'] },
      ],
    ),
    ...fails<MalformedAccountedOptions>(
      'state-differs',
      ['another state', run().runstate(16, 1, episode, false), { kinds: ['big-integers'] }],
      ['doubted although right', run().runstate(16, 1, episode, true, ['hash']), {
        kinds: ['big-integers'],
      }],
    ),
    ...fails<MalformedAccountedOptions>('took-neighbour', [
      'its batch went with it',
      run({ runs: [[4, 10], [15, 5]] }).opened(0, 2, 'reference').delivered(1, 2, 0, 4, 10),
    ]),
    ...fails<MalformedAccountedOptions>('took-neighbour', [
      'a valid record was dead-lettered',
      run().deadletter(2, 0, 7, 'invalid_protobuf'),
    ]),
    ...fails<MalformedAccountedOptions>('neighbour-refused', [
      'a valid record was refused',
      run().refusal(2, 1, 0, 7, 'gap'),
    ]),
    ...fails<MalformedAccountedOptions>('state-differs', [
      'a blocked run that is not doubted',
      run().runstate(16, 1, 'malformed-bad-patch-json-1', true),
      { kinds: three },
    ]),
    ...cannotTell<MalformedAccountedOptions>('kind-not-exercised', [
      'not every kind',
      run(),
    ]),
    ...cannotTell<MalformedAccountedOptions>('kind-not-exercised', [
      'too few',
      run(),
      { kinds: three, each: 2 },
    ]),
    ...cannotTell<MalformedAccountedOptions>('none-sent', ['none', story().acked(1, 0, 0, 5)]),
    ...cannotTell<MalformedAccountedOptions>('no-reference', [
      'nobody decoded',
      story().acked(1, 0, 0, 20, malformed),
    ]),
  ],
)
