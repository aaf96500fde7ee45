import { story, type Story } from '../history/story-testbed.ts'
import { clientsCounted } from './clients-counted.ts'
import { cannotTell, doesNotApply, fails, judgeCases, passes } from './checker-testbed.ts'

/** Two clients from 2 s on, a third from 5 to 8 s, a stall from 10 to 14 s. */
function counted(
  metrics: (t: number) => number | null,
  health: (t: number) => number | undefined = (t) => metrics(t) ?? undefined,
): Story {
  const told = story().opened(2, 1).opened(2, 2).opened(5, 3).closed(8, 3, 'client')
  told.broken(10, 14, { fault: 'stall', hop: 'clients', group: 'readers' })
  for (let t = 0; t < 20; t += 0.5) {
    told.scrape(t, { websocket_connected_clients: metrics(t) })
    told.health(t, { metrics: { connected_clients: health(t) } })
  }
  return told
}
const truth = (t: number) => (t < 2 ? 0 : t < 5 ? 2 : t < 8 ? 3 : 2)

judgeCases('clients-counted', clientsCounted, {}, [
  ...passes(
    'counted',
    ['both tell the truth', counted(truth)],
    ['only one page tells it', counted(truth, () => undefined)],
    ['a little late', counted((t) => truth(t - 0.2))],
    ['while some vanish it knows less, or more', counted((t) => (t > 10 && t < 15 ? 0 : truth(t)))],
    ['wrong elsewhere only', counted((t) => truth(t) + (t < 15 ? 1 : 0)).phase('quiet', 15.5, 20),
      { phase: 'quiet' }],
    ['one sample is odd', counted((t) => (t === 18 ? 3 : truth(t)))],
  ),
  ...fails(
    'miscounted',
    ['one client where there is none', counted((t) => truth(t) + 1)],
    ['only /health is wrong', counted(truth, (t) => truth(t) + 1)],
    ['always wrong, and never by the same', counted((t) => truth(t) + 1 + ((2 * t) % 7))],
    ['a client that left is still counted', counted((t) => (t < 8 ? truth(t) : 3))],
  ),
  ...cannotTell('no-phase', ['it never was quiet', counted(truth), { phase: 'quiet' }]),
  ...cannotTell('unsteady', [
    'wrong each third time',
    counted((t) => truth(t) + ((2 * t) % 3 === 0 ? 1 : 0)),
  ]),
  ...cannotTell('not-asked', ['no page was ever answered', story().opened(2, 1)]),
  ...doesNotApply('not-counted', ['it tells no count', counted(() => null)]),
  ...cannotTell('too-little', ['never asked in peace', counted(truth), { samplesMin: 100 }]),
])
