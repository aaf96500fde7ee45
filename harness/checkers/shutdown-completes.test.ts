/** Relays that are asked to stop: in order, late, deaf, with an error, and without a word. */
import { story, type Story } from '../history/story-testbed.ts'
import { shutdownCompletes, type ShutdownCompletesOptions } from './shutdown-completes.ts'
import { cannotTell, doesNotApply, fails, judgeCases, passes } from './checker-testbed.ts'

const options: ShutdownCompletesOptions = { limitMs: 15_000, groups: ['readers'], timesMin: 1 }

type Edge = 'start' | 'signal' | 'exit'
const process = (
  told: Story,
  at: number,
  edge: Edge,
  code: number | null = null,
  signal: string | null = null,
) => told.add({ kind: 'process', t: at * 1e6, role: 'relay', pid: 7, edge, code, signal })
const closed = (told: Story, at: number, client: number, code: number, by: 'relay' | 'network') =>
  told.add({ kind: 'closed', t: at * 1e6, client, code, reason: '', by })

/** Asked at 5 s, with two clients open. */
const asked = () =>
  process(process(story(), 0, 'start').opened(1, 1).opened(1, 2), 5, 'signal', null, 'SIGTERM')
const told = (code = 1_001) => closed(closed(asked(), 5.2, 1, code, 'relay'), 5.3, 2, code, 'relay')
const ended = (given: Story, code: number | null = 0, signal: string | null = null) =>
  process(given, 5.5, 'exit', code, signal)
const killed = () =>
  process(process(told(), 20, 'signal', null, 'SIGKILL'), 20.1, 'exit', null, 'SIGKILL')

judgeCases('shutdown-completes', shutdownCompletes, options, [
  ...passes<ShutdownCompletesOptions>(
    'shutdown-complete',
    ['in order', ended(told())],
    ['a close frame without a code', ended(told(1_005))],
    ['128 + 15 of a runtime that handles the signal', ended(told(), 143)],
    ['a client that left by itself meanwhile', ended(
      closed(asked(), 5.2, 1, 1_001, 'relay').add({
        kind: 'closed',
        t: 5_100_000,
        client: 2,
        code: 1_000,
        reason: '',
        by: 'client',
      }),
    )],
    ['a client of another group', ended(told().opened(1, 3, 'stalled'))],
    ['it is killed for another reason later',
      process(process(ended(told()), 9, 'signal', null, 'SIGKILL'), 9, 'exit', null, 'SIGKILL')],
  ),
  ...fails<ShutdownCompletesOptions>('still-running', ['it is deaf', killed()]),
  ...fails<ShutdownCompletesOptions>('ended-late', ['late', ended(told()), { limitMs: 400 }]),
  ...fails<ShutdownCompletesOptions>(
    'ended-badly',
    ['it aborts', ended(told(), null, 'SIGABRT')],
    ['it exits with an error', ended(told(), 1)],
  ),
  ...fails<ShutdownCompletesOptions>(
    'unhandled-signal',
    ['the signal ends it', ended(told(), null, 'SIGTERM')],
  ),
  ...fails<ShutdownCompletesOptions>(
    'no-close-frame',
    ['a reset', ended(closed(closed(asked(), 5.2, 1, 1_001, 'relay'), 5.4, 2, 1_006, 'network'))],
    ['a bare end', ended(closed(closed(asked(), 5.2, 1, 1_001, 'relay'), 5.4, 2, 1_006, 'relay'))],
    ['no end at all', ended(closed(asked(), 5.2, 1, 1_001, 'relay'))],
  ),
  ...fails<ShutdownCompletesOptions>('misleading-close-code', [
    'it is said to be broken',
    ended(told(1_011)),
  ]),
  ...cannotTell<ShutdownCompletesOptions>('never-asked', [
    'it is not asked',
    process(story(), 0, 'start'),
  ]),
  ...cannotTell<ShutdownCompletesOptions>('status-unknown', ['a wrapper', ended(told(), null)]),
  ...cannotTell<ShutdownCompletesOptions>(
    'no-open-clients',
    ['no client', ended(process(process(story(), 0, 'start'), 5, 'signal', null, 'SIGTERM'))],
    ['both clients left by themselves meanwhile', ended(asked().add(
      { kind: 'closed', t: 5_100_000, client: 1, code: 1_000, reason: '', by: 'client' },
      { kind: 'closed', t: 5_100_000, client: 2, code: 1_000, reason: '', by: 'client' },
    ))],
    ['too seldom', ended(told()), { timesMin: 2 }],
  ),
  ...doesNotApply<ShutdownCompletesOptions>(
    'not-ours',
    ['a target that runs already is not ours to stop', story().opened(1, 1)],
  ),
])
