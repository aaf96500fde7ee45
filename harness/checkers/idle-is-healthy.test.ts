import { story, type Story } from '../history/story-testbed.ts'
import { idleIsHealthy } from './idle-is-healthy.ts'
import { cannotTell, fails, judgeCases, passes } from './checker-testbed.ts'

function silence(body: (t: number) => Record<string, unknown>, status = 200): Story {
  const told = story().phase('silence', 10, 20).acked(9, 0, 0, 10)
  for (let t = 0; t <= 20; t += 1) told.health(t, body(t), status)
  return told
}

judgeCases('idle-is-healthy', idleIsHealthy, { phase: 'silence' }, [
  ...passes(
    'called-well',
    ['waiting', silence(() => ({ status: 'waiting' }))],
    ['healthy', silence(() => ({ status: 'healthy' }))],
    [
      'an alert that stood before is not about silence',
      silence((t) => ({ status: 'waiting', alert: `WARNING: ${t} records dropped` })),
    ],
    [
      'trouble before it does not count',
      silence((t) => ({ status: t < 9 ? 'degraded' : 'waiting' })),
    ],
  ),
  ...fails('called-broken', ['degraded', silence(() => ({ status: 'degraded' }))]),
  ...fails('called-broken', ['reconnecting', silence(() => ({ status: 'reconnecting' }))]),
  ...fails('alert-while-idle', [
    'a new alert',
    silence((t) => ({ status: 'waiting', alert: t < 12 ? 'old 1' : 'old 2 | help 7' })),
  ]),
  ...fails('not-ready', ['503', silence(() => ({ status: 'waiting' }), 503)]),
  ...fails('health-unanswered', ['no answer', silence(() => ({}), 0)]),
  ...fails('process-ended', [
    'it ended',
    silence(() => ({ status: 'waiting' })).process(15, 'exit'),
  ]),
  ...cannotTell('not-idle', [
    'records',
    silence(() => ({ status: 'waiting' })).acked(15, 0, 10, 1),
  ]),
  ...cannotTell('no-health', ['not asked', story().phase('silence', 10, 20)]),
  ...cannotTell('too-short', ['too short', story().phase('silence', 10, 10.5)]),
])
