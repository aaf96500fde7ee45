import { story, type Story } from '../history/story-testbed.ts'
import { cannotTell, fails, judgeCases, passes } from './checker-testbed.ts'
import { healthRecovers, type HealthRecoversOptions } from './health-recovers.ts'

/** Broken from 5 s to 10 s; asked every half second until `end`; records come again at 11 s. */
function asked(status: (t: number) => string, end = 20, hop = 'kafka', skips = [0, 0]): Story {
  const told = story().opened(0, 1).phase('steady', 0, 1).broken(5, 10, { fault: 'cut', hop })
    .acked(1, 0, 0, 5).delivered(1.1, 1, 0, 0, 5).acked(10.5, 0, 5, 5).delivered(11, 1, 0, 5, 5)
  const [from = 0, to = 0] = skips
  for (let t = 0; t <= end; t += 0.5) {
    if (t <= from || t >= to) told.health(t, { status: status(t) })
  }
  return told
}
/** Told at `from`, forgotten at `to`. */
const told = (from: number, to: number) => (t: number) =>
  t >= from && t < to ? 'reconnecting' : 'healthy'
const readyz = (t: number, status: number) =>
  ({ kind: 'page', t: t * 1e6, path: '/readyz', status, body: null }) as const

const falseAlarms: HealthRecoversOptions = { asks: 'false-alarms' }
judgeCases('health-recovers: false alarms', healthRecovers, falseAlarms, [
  ...passes(
    'no-false-alarm',
    ['in time', asked(told(7, 12))],
    ['waiting for a first record', asked((t) => (t < 3 ? 'waiting' : 'healthy'))],
    ['Redis is not the relay', asked(() => 'healthy', 20, 'redis')],
    ['remembers its start for a while', asked((t) => (t < 3 ? 'reconnecting' : 'healthy'))],
    ['before steady anything goes', asked((t) => (t < 0.8 ? 'degraded' : 'healthy'))],
    ['ready', asked(told(7, 12)).add(readyz(3, 200)).add(readyz(7, 503))],
    ['no such page', asked(told(7, 12)).add(readyz(3, 404))],
    ['on the way out', asked((t) => (t < 19 ? 'healthy' : 'stopping'), 20, 'redis')
      .phase('tear-down', 18.9, 20)],
  ),
  ...fails(
    'false-alarm',
    ['before anything was broken', asked((t) => (t === 3 ? 'degraded' : 'healthy'))],
    ['no answer', asked(told(7, 12)).health(3.2, {}, 0)],
    ['because of Redis', asked(told(7, 12), 20, 'redis')],
    ['not ready', asked(told(7, 12)).add(readyz(2, 200)).add(readyz(3, 503))],
  ),
  ...cannotTell('not-well-before', ['remembers its start', asked((t) =>
    t < 6 ? 'reconnecting' : 'healthy')]),
  ...cannotTell('no-phase', ['never steady', story()]),
  ...cannotTell(
    'too-short',
    ['not asked', story().phase('steady', 0, 1).broken(5, 6, { fault: 'cut', hop: 'kafka' })],
    ['well only just before', asked((t) => (t < 4.5 ? 'reconnecting' : 'healthy'))],
  ),
])

const detection = { asks: 'detection', limitMs: 3_000 } as const
judgeCases<HealthRecoversOptions>('health-recovers: detection', healthRecovers, detection, [
  ...passes(
    'detected',
    ['in time', asked(told(7, 12))],
    ['no answer is no "well"', asked((t) => (t < 7 ? 'healthy' : 'nothing'))],
  ),
  ...fails(
    'outage-not-reported',
    ['never', asked(() => 'healthy')],
    ['only after the heal', asked(told(11, 12))],
    ['too late', asked(told(8.5, 12))],
    ['waiting is no word for it', asked((t) => (t < 7 ? 'healthy' : 'waiting'))],
  ),
  ...cannotTell<HealthRecoversOptions>(
    'too-short',
    [
      'the outage ended before the limit',
      asked(() => 'healthy'),
      { asks: 'detection', limitMs: 6_000 },
    ],
    ['it gave no answer in time', asked(() => 'healthy', 20, 'kafka', [7.5, 10.5])],
  ),
  ...cannotTell('not-well-before', ['it never said anything else', asked(() => 'reconnecting')]),
  ...cannotTell('no-fault', ['only Redis', asked(() => 'healthy', 20, 'redis')]),
])

const recovery = { asks: 'recovery', limitMs: 2_000, windowMs: 3_000 } as const
judgeCases<HealthRecoversOptions>('health-recovers: recovery', healthRecovers, recovery, [
  ...passes(
    'health-recovers',
    ['at once', asked(told(7, 10))],
    ['its window later', asked(told(7, 15))],
    ['with nothing to do', asked((t) => (t < 12 ? 'degraded' : 'waiting'))],
    ['what is said on the way out does not count', asked((t) =>
      t < 19 ? told(7, 10)(t) : 'stopping')
      .phase('tear-down', 18.8, 21)],
    ['ready again', asked(told(7, 10)).add(readyz(7, 503)).add(readyz(17, 200))],
  ),
  ...fails(
    'called-broken',
    ['forever', asked(told(7, 99))],
    ['longer than its window', asked(told(7, 16))],
    ['once more', asked((t) => (t === 17 ? 'degraded' : 'healthy'))],
    ['no answer', asked(told(7, 10)).health(16.2, {}, 0)],
  ),
  ...fails('not-ready', ['not ready', asked(told(7, 10)).add(readyz(3, 200)).add(readyz(17, 503))]),
  ...cannotTell('too-short', ['the run was over', asked(told(7, 10), 15)]),
  ...cannotTell('never-broken', ['it never noticed', asked(() => 'healthy')]),
  ...cannotTell('not-restored', [
    'nothing came any more: broken is the right word',
    story().broken(2, 5, { fault: 'cut', hop: 'kafka' }).health(15, { status: 'reconnecting' }),
  ]),
  ...cannotTell('no-fault', ['nothing was broken', story().health(1, { status: 'healthy' })]),
  ...cannotTell('not-healed', [
    'it stayed broken',
    story().fault(2, 'cut', 'inject', { fault: 'cut' }).health(9, { status: 'healthy' }),
  ]),
])
