import { story, type Story } from '../history/story-testbed.ts'
import { cannotTell, doesNotApply, fails, judgeCases, passes } from './checker-testbed.ts'
import { alertClears } from './alert-clears.ts'

interface Told {
  readonly drops?: (t: number) => number
  readonly isWarning?: (t: number) => boolean
  readonly status?: (t: number) => string
  readonly until?: number
}

/** Trouble from 5 to 10 s, hundred drops a second; a window of 6 s; polled every half second. */
function health({ drops, isWarning, status, until = 30 }: Told = {}): Story {
  const dropped = drops ?? ((t) => Math.round(100 * Math.min(5, Math.max(0, t - 5))))
  const warns = isWarning ?? ((t) => t > 5 && t < 16)
  const told = story().phase('trouble', 5, 10)
  for (let t = 0; t <= until; t += 0.5) {
    const alert = warns(t) ? { alert: `WARNING: ${dropped(t)} messages dropped` } : {}
    const metrics = { dropped_messages: dropped(t) }
    told.health(t, { status: status?.(t) ?? 'healthy', metrics, ...alert })
  }
  return told
}

judgeCases(
  'alert-clears',
  alertClears,
  { trouble: 'droppedTotal', phase: 'trouble', windowMs: 6_000, alert: 'dropped' },
  [
    ...passes(
      'recent',
      ['comes and goes', health()],
      ['waiting is well too', health({ status: (t) => (t > 20 ? 'waiting' : 'healthy') })],
      ['comes late and goes early', health({ isWarning: (t) => t > 5.5 && t < 15.5 })],
    ),
    ...fails('warning-stays', ['never ends', health({ isWarning: (t) => t > 5 })]),
    ...fails('warning-missing', ['none at all', health({ isWarning: () => false })]),
    ...fails('warning-missing', ['none at the end', health({ isWarning: (t) => t > 5 && t < 8 })]),
    ...fails('warning-without-trouble', [
      'too early',
      health({ isWarning: (t) => t > 2 && t < 16 }),
    ]),
    ...fails('lifetime-forgotten', [
      'the counter is emptied',
      health({ drops: (t) => (t > 18 ? 0 : Math.round(100 * Math.min(5, Math.max(0, t - 5)))) }),
    ]),
    ...fails('still-degraded', [
      'degraded forever',
      health({ status: (t) => (t > 5 ? 'degraded' : 'healthy') }),
    ]),
    ...cannotTell('no-trouble', ['no drops', health({ drops: () => 0, isWarning: () => false })]),
    ...cannotTell('no-trouble', [
      'too few drops',
      health({ drops: (t) => (t < 6 ? 0 : 5), isWarning: () => false }),
    ]),
    ...cannotTell('no-trouble', [
      'many drops, but slowly',
      health({ drops: (t) => Math.floor(t), isWarning: () => false }),
    ]),
    ...cannotTell('too-short', ['ended within the window', health({ until: 15 })]),
    ...doesNotApply('no-such-counter', [
      'a target that does not count it',
      story().phase('trouble', 5, 10).health(6, { status: 'healthy' }).health(20, {}),
    ]),
    ...cannotTell('no-health', ['not asked', story().phase('trouble', 5, 10)]),
  ],
)

/** The Redis counters stand elsewhere in /health, and one failure is enough. */
function redisHealth(isWarning: (t: number) => boolean): Story {
  const told = story().phase('trouble', 5, 10)
  for (let t = 0; t <= 30; t += 0.5) {
    const failures = t < 8 ? 0 : 1
    const alert = 'WARNING: 20 messages dropped | WARNING: Replay buffer had 1 Redis write failures'
    told.health(t, {
      status: 'healthy',
      replay_buffer: { redis_write_failures: failures },
      alert: isWarning(t) ? alert : 'WARNING: 20 messages dropped',
    })
  }
  return told
}

judgeCases(
  'alert-clears of another counter',
  alertClears,
  {
    trouble: 'redisWriteFailures',
    phase: 'trouble',
    windowMs: 6_000,
    above: 0,
    alert: 'Redis write failures',
  },
  [
    ...passes('recent', ['other warnings do not matter', redisHealth((t) => t >= 8 && t < 16)]),
    ...fails('warning-stays', ['a total since the start', redisHealth((t) => t >= 8)]),
    ...fails('warning-missing', ['never', redisHealth(() => false)]),
    ...fails('warning-without-trouble', ['too early', redisHealth((t) => t < 16)]),
  ],
)
