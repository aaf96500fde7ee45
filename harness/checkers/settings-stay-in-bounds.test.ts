import { story } from '../history/story-testbed.ts'
import { cannotTell, fails, judgeCases, passes } from './checker-testbed.ts'
import {
  settingsStayInBounds,
  type SettingsStayInBoundsOptions,
} from './settings-stay-in-bounds.ts'

const told = (seconds: unknown) =>
  story().phase('set', 5, 10).health(2, { kept: { seconds: 7 } })
    .health(6, { kept: { seconds } }).health(12, { kept: { seconds: 7 } })
const options: SettingsStayInBoundsOptions = {
  path: 'kept.seconds',
  phase: 'set',
  above: 0,
  atMost: 60,
}

judgeCases<SettingsStayInBoundsOptions>('settings-stay-in-bounds', settingsStayInBounds, options, [
  ...passes('reported', ['within', told(1)], ['as much as was asked', told(60)]),
  ...fails('reported-out-of-bounds', ['nothing', told(0)], ['more', told(61)], ['less', told(-1)]),
  ...fails('not-reported', ['no value', told(undefined)], ['a text', told('60')]),
  ...cannotTell('no-health', ['not asked then', story().phase('set', 5, 10).health(2, {})]),
  ...cannotTell('no-phase', ['another phase', told(1), { phase: 'other' }]),
])
