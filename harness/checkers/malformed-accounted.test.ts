import { story, type Story } from '../history/story-testbed.ts'
import { malformedAccounted, type MalformedAccountedOptions } from './malformed-accounted.ts'
import { cannotTell, fails, judgeCases, passes } from './checker-testbed.ts'

const three: readonly string[] = ['garbage', 'bad-patch-json', 'big-integers', 'tombstone']
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
  /** What the relay's count of missing payloads says before and after. */
  readonly missing?: readonly [before: number, after: number]
}

function run(told: Told = {}): Story {
  const { letter = 'invalid_protobuf', refusal = 'patch-value' } = told
  const [before, after] = told.missing ?? [0, 1]
  const runs = told.runs ?? [
    [0, 3],
    [4, 10],
    [15, 5],
  ]
  const given = story()
    .opened(0, 1, 'reference')
    .acked(1, 0, 0, 20, malformed)
    .phase('settle', 10, 20)
    .runstate(15, 1, 'run', true)
  for (const [first, count] of runs) given.delivered(1.1 + first / 100, 1, 0, first, count)
  if (letter !== null) given.deadletter(2, 0, 3, letter)
  if (refusal !== null) given.refusal(2, 1, 0, 6, refusal)
  return given.scrape(0.5, missingOf(before)).scrape(3, missingOf(after))
}

const missingOf = (websocket_kafka_payload_missing_total: number) => ({
  websocket_kafka_payload_missing_total,
})

/** The same without any counter. */
const uncounted = () =>
  story()
    .opened(0, 1, 'reference')
    .acked(1, 0, 0, 20, malformed)
    .delivered(1.1, 1, 0, 0, 3)
    .delivered(1.1, 1, 0, 4, 10)
    .delivered(1.2, 1, 0, 15, 5)
    .scrape(3, { other_total: 1 })

/** With a run state of every kind that is judged as well. */
const clean = (told: Told = {}) => run(told).runstate(15, 1, 'malformed-garbage-0', true)

/** Twenty records, the fourth of them without a declared size. */
const unsized = (isForwarded: boolean, letter?: string) => {
  const given = story()
    .opened(0, 1, 'reference')
    .acked(1, 0, 0, 20, { malformed: { 3: 'unsized-zstd' } })
    .phase('settle', 10, 20)
    .delivered(1.1, 1, 0, 0, isForwarded ? 20 : 3)
  if (!isForwarded) given.delivered(1.2, 1, 0, 4, 16)
  return letter === undefined ? given : given.deadletter(2, 0, 3, letter)
}
const ofUnsized = { kinds: ['unsized-zstd'] }
const zstdLetter = 'unknown_decode_error'

const episode = 'malformed-big-integers-0'
const kinds = { kinds: three }
type Options = MalformedAccountedOptions
/** The whole of Kafka was away from the relay for the whole run. */
const cut = { fault: 'cut', hop: 'kafka' }
/** The relay took nothing behind offset 9; 10 is a big-integers record, and another follows. */
const stopped = (more = {}, last = 200) => {
  const malformedLast = { malformed: { [last]: 'big-integers' } }
  return run({
    runs: [
      [0, 3],
      [4, 6],
    ],
    ...more,
  })
    .acked(9, 0, 20, 200, malformedLast)
    .phase('tear-down', 20, 21)
}

judgeCases<Options>(
  'malformed-accounted of the relay',
  malformedAccounted,
  { judges: 'relay', group: 'reference' },
  [
    ...passes<Options>(
      'accounted',
      ['all four', run(), kinds],
      ['one kind only', run({ letter: null }), { kinds: ['bad-patch-json'] }],
      ['all but one kind', run({ letter: null }), { ...kinds, exceptKinds: ['garbage'] }],
      ['the reaction of clients does not matter', run({ refusal: null }), kinds],
      [
        'a dead letter that was lost while Kafka was cut off, and counted',
        run({ letter: null }).broken(0.5, 4, cut).scrape(4, lostLetter),
        kinds,
      ],
      [
        'twice after a fault',
        run().broken(0.5, 4, cut).deadletter(3, 0, 3, 'invalid_protobuf'),
        kinds,
      ],
      [
        'a tombstone that was dead-lettered',
        run({ missing: [0, 0] }).deadletter(2, 0, 14, 'empty'),
        { kinds: ['tombstone'] },
      ],
      ['dead letters in words of its own', run({ letter: 'decode' }), kinds],
      ['a lenient relay forwards what it may', unsized(true), ofUnsized],
      ['a strict one does not', unsized(false, zstdLetter), ofUnsized],
      ['a count that others began', run({ missing: [5, 6] }), { kinds: ['tombstone'] }],
    ),
    ...fails<Options>(
      'unaccounted',
      ['no dead letter', run({ letter: null }), kinds],
      [
        'a dead letter that the relay says it lost, while nothing kept it from Kafka',
        run({ letter: null }).scrape(4, lostLetter),
        kinds,
      ],
      [
        'lost while Redis was cut off',
        run({ letter: null }).broken(0.5, 4, { fault: 'cut', hop: 'redis' }).scrape(4, lostLetter),
        kinds,
      ],
      ['a tombstone that was not counted', run({ missing: [0, 0] }), { kinds: ['tombstone'] }],
      [
        'a tombstone that others counted long ago',
        run({ missing: [5, 5] }),
        { kinds: ['tombstone'] },
      ],
      ['neither forwarded nor dead-lettered', unsized(false), ofUnsized],
      [
        'not forwarded',
        run({
          runs: [
            [0, 3],
            [4, 6],
            [11, 9],
          ],
        }),
        { kinds: ['big-integers'] },
      ],
    ),
    ...fails<Options>('miscounted', [
      'a tombstone counted twice',
      run({ missing: [0, 2] }),
      { kinds: ['tombstone'] },
    ]),
    ...fails<Options>('wrong-reason', [
      'dead-lettered for a wrong reason',
      run({ letter: 'payload_too_large' }),
      kinds,
    ]),
    ...fails<Options>('twice', [
      'dead-lettered twice',
      run().deadletter(3, 0, 3, 'invalid_protobuf'),
      kinds,
    ]),
    ...fails<Options>(
      'leaked',
      ['reached a client', run({ runs: [[0, 20]] }), kinds],
      ['forwarded and dead-lettered', unsized(true, zstdLetter), ofUnsized],
    ),
    ...fails<Options>('wrong-reaction', [
      'dead-lettered although it was to be forwarded',
      run().deadletter(2, 0, 10, 'invalid_protobuf'),
      { kinds: ['big-integers'] },
    ]),
    ...fails<Options>(
      'took-neighbour',
      [
        'its batch went with it',
        run({
          runs: [
            [4, 10],
            [15, 5],
          ],
        })
          .opened(0, 2, 'reference')
          .delivered(1, 2, 0, 4, 10),
      ],
      ['a valid record was dead-lettered', run().deadletter(2, 0, 7, 'invalid_protobuf')],
    ),
    ...fails<Options>(
      'stopped-at',
      ['one kind ended its consumer', stopped(), kinds],
      ['other losses with it do not matter', stopped({ letter: null }), kinds],
    ),
    ...cannotTell<Options>('stopped-near', [
      'one of many, by chance perhaps',
      stopped({}, 20),
      kinds,
    ]),
    ...cannotTell<Options>(
      'not-taken',
      [
        'something else ended its consumer',
        run({
          runs: [
            [0, 3],
            [4, 4],
          ],
        })
          .acked(9, 0, 20, 200)
          .phase('tear-down', 20, 21),
        kinds,
      ],
      ['Kafka was away to the end', stopped().broken(1, 19, cut), kinds],
      [
        'the run was over too soon',
        stopped().phase('tear-down', 4, 5),
        { kinds: ['big-integers'] },
      ],
    ),
    ...cannotTell<Options>('dead-letters-unread', [
      'the harness did not read the dead letters',
      run({ letter: null }).trouble(3, 'dead-letters', 'the broker hung up'),
      kinds,
    ]),
    ...cannotTell<Options>('no-counter', [
      'a target without the counter',
      uncounted(),
      { kinds: ['tombstone'] },
    ]),
    ...cannotTell<Options>(
      'kind-not-exercised',
      ['not every kind', run()],
      ['too few', run(), { kinds: three, each: 2 }],
    ),
    ...cannotTell<Options>('none-sent', ['none', story().acked(1, 0, 0, 5)]),
  ],
)

judgeCases<Options>(
  'malformed-accounted of the client',
  malformedAccounted,
  { judges: 'client', group: 'reference' },
  [
    ...passes<Options>(
      'accounted',
      ['all four', clean(), kinds],
      ['the outcome at the relay does not matter', clean({ letter: 'payload_too_large' }), kinds],
      [
        'a blocked run that is doubted, and what is refused behind it',
        clean().runstate(16, 1, 'malformed-bad-patch-json-1', true, ['patch']),
        kinds,
      ],
    ),
    ...fails<Options>('applied-as-text', ['taken for text', clean({ refusal: null }), kinds]),
    ...fails<Options>(
      'wrong-reaction',
      ['refused for something else', clean({ refusal: 'hash' }), kinds],
      ['refused although valid', clean().refusal(2, 1, 0, 10, 'hash'), kinds],
    ),
    ...fails<Options>(
      'state-differs',
      ['another state', clean().runstate(16, 1, episode, false), { kinds: ['big-integers'] }],
      [
        'doubted although right',
        clean().runstate(16, 1, episode, true, ['hash']),
        {
          kinds: ['big-integers'],
        },
      ],
      [
        'a blocked run that is not doubted',
        clean().runstate(16, 1, 'malformed-bad-patch-json-1', true),
        kinds,
      ],
    ),
    ...fails<Options>('neighbour-refused', [
      'a valid record of the load was refused',
      clean().refusal(2, 1, 0, 7, 'gap'),
      { kinds: three, isOfLoad: true },
    ]),
    ...fails<Options>('state-differs', [
      'a state of the load differs',
      clean().runstate(16, 1, 'run', false),
      { kinds: three, isOfLoad: true },
    ]),
    ...passes<Options>('accounted', [
      'what is wrong without any malformed record is not about them',
      clean().refusal(2, 1, 0, 7, 'gap').runstate(16, 1, 'run', false),
      kinds,
    ]),
    ...cannotTell<Options>(
      'not-delivered',
      [
        'the relay lost it: that says nothing of a client',
        clean({
          runs: [
            [0, 3],
            [4, 6],
            [11, 3],
            [15, 5],
          ],
        }),
        { kinds: ['big-integers'] },
      ],
      [
        'the relay lost a record of its thread',
        clean({
          runs: [
            [0, 1],
            [2, 1],
            [4, 10],
            [15, 5],
          ],
          refusal: 'gap',
        }),
        { kinds: ['bad-patch-json'] },
      ],
      [
        'the client doubted the thread before',
        clean({ refusal: 'needs-base' }).refusal(1.5, 1, 0, 2, 'hash'),
        { kinds: ['bad-patch-json'] },
      ],
      [
        'the client refused valid records before there was a malformed one',
        clean({ refusal: 'needs-base' }).refusal(0.9, 1, 0, 0, 'hash'),
        { kinds: ['bad-patch-json'] },
      ],
      [
        'the relay sent on what it must keep',
        clean({ runs: [[0, 20]], refusal: 'gap' }),
        { kinds: ['bad-patch-json'] },
      ],
    ),
    ...cannotTell<Options>('no-run-states', [
      'states were not compared',
      clean(),
      { kinds: ['big-integers'] },
    ]),
    ...cannotTell<Options>('kind-not-exercised', ['too few', clean(), { kinds: three, each: 2 }]),
    ...cannotTell<Options>('none-sent', ['none', story().acked(1, 0, 0, 5)]),
    ...cannotTell<Options>('no-reference', [
      'no client decoded',
      story().acked(1, 0, 0, 20, malformed),
    ]),
  ],
)
