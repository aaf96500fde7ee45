import { story, type Story } from '../history/story-testbed.ts'
import { newClientsAccepted } from './new-clients-accepted.ts'
import { cannotTell, fails, judgeCases, passes } from './checker-testbed.ts'

/** So many of six are let in before (5..6 s) and after (10..11 s); the others meet the limit. */
function slots(before: number, after: number, more: (told: Story) => Story = aborted()) {
  const told = story().phase('before', 5, 6).phase('after', 10, 11)
  for (const [at, opened] of [[5.5, before], [10.5, after]] as const) {
    for (let n = 0; n < 6; n += 1) {
      if (n < opened) told.opened(at, at * 10 + n, 'probe').closed(at + 0.5, at * 10 + n, 'client')
      else told.refused(at, 'probe', 429)
    }
  }
  return more(told)
}
const aborted =
  (request = 20, answered = 10) =>
  (told: Story) => {
    for (let n = 0; n < request; n += 1) told.sent(8, 1, 'handshake-aborted:request')
    for (let n = 0; n < answered; n += 1) told.sent(8, 1, 'handshake-aborted:answered')
    return told
  }

judgeCases(
  'new-clients-accepted',
  newClientsAccepted,
  { probe: 'probe', before: 'before', after: 'after', abortedMin: 30 },
  [
    ...passes(
      'let-in',
      ['as many as before', slots(5, 5)],
      ['more than before', slots(4, 5)],
      ['nothing was to be broken off', slots(5, 5, (told) => told), { abortedMin: 0 }],
    ),
    ...fails(
      'new-client-refused',
      ['one of thirty leaked', slots(5, 4)],
      ['all leaked', slots(5, 0)],
    ),
    ...fails('new-client-failed', [
      'no answer',
      slots(5, 5, (told) => aborted()(told).refused(10.7, 'probe', 0)),
    ], [
      'an error instead of the limit',
      slots(5, 5, (told) => aborted()(told).refused(10.7, 'probe', 500)),
    ]),
    ...cannotTell(
      'too-little',
      ['hardly any', slots(5, 5, aborted(9, 10))],
      [
        'they reached no relay',
        slots(5, 5, (told) => {
          for (let n = 0; n < 30; n += 1) told.sent(8, 1, 'handshake-aborted:unreached')
          return told
        }),
      ],
    ),
    ...cannotTell('not-reached', ['no handshake was answered', slots(5, 5, aborted(30, 0))]),
    ...cannotTell(
      'no-limit',
      ['all were let in', slots(6, 6)],
      [
        'it refuses by an error, and did so before anything happened',
        aborted()(story().phase('before', 5, 6).phase('after', 10, 11))
          .opened(5.5, 55, 'probe')
          .refused(5.6, 'probe', 500)
          .opened(10.5, 105, 'probe')
          .refused(10.6, 'probe', 500),
      ],
    ),
    ...cannotTell(
      'no-room',
      ['slots were gone before', slots(0, 0)],
      ['no client tried', story().phase('before', 5, 6).phase('after', 10, 11)],
    ),
    ...cannotTell('too-few', [
      'no client tried again',
      story()
        .phase('before', 5, 6)
        .phase('after', 10, 11)
        .opened(5.5, 1, 'probe')
        .refused(5.5, 'probe', 429),
    ]),
    ...cannotTell('no-phase', ['no such phase', story().phase('before', 5, 10)]),
  ],
)
