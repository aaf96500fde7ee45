import { story, type Story } from '../history/story.ts'
import { cannotTell, fails, judgeCases, passes } from './testbed.ts'
import { wellAgain } from './well-again.ts'

/** Broken from 2 s to 5 s; asked every second until 12 s. */
function asked(status: (t: number) => string, end = 12): Story {
  const told = story().broken(2, 5, { fault: 'cut', hop: 'kafka' })
  for (let t = 0; t <= end; t += 1) told.health(t, { status: status(t) })
  return told
}
const well = (from: number) => (t: number) => (t < from ? 'reconnecting' : 'healthy')

judgeCases('well-again', wellAgain, { limitMs: 3_000 }, [
  ...passes(
    'well-again',
    ['in time', asked(well(7))],
    ['with nothing to do', asked((t) => (t < 7 ? 'degraded' : 'waiting'))],
    ['what is said on the way out does not count', asked((t) => (t < 12 ? 'healthy' : 'stopping'))
      .phase('strike', 11.5, 13)],
  ),
  ...fails(
    'called-broken',
    ['for ever', asked(well(99))],
    ['a second too long', asked(well(10))],
    ['once more', asked((t) => (t === 10 ? 'degraded' : 'healthy'))],
    ['no answer', asked(well(7)).health(9.5, {}, 0)],
  ),
  ...cannotTell('too-short', ['the run was over', asked(well(7), 9)]),
  ...cannotTell('no-fault', ['nothing was broken', story().health(1, { status: 'healthy' })]),
  ...cannotTell('not-healed', [
    'it stayed broken',
    story().fault(2, 'cut', 'inject', { fault: 'cut' }).health(9, { status: 'healthy' }),
  ]),
])
