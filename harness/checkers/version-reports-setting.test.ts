import { story } from '../history/story-testbed.ts'
import { cannotTell, fails, judgeCases, passes } from './checker-testbed.ts'
import { versionReportsSetting } from './version-reports-setting.ts'

const version = (body: unknown, status = 200) =>
  story().add({ kind: 'page', t: 1e6, path: '/version', status, body })

const options = { path: 'settings.sendTimeoutMs', equals: 2_000 }
judgeCases('version-reports-setting', versionReportsSetting, options, [
  ...passes('reported', ['as it is', version({ settings: { sendTimeoutMs: 2_000 } })]),
  ...fails('reported-wrong', ['another value', version({ settings: { sendTimeoutMs: 5_000 } })]),
  ...fails('reported-wrong', ['another type', version({ settings: { sendTimeoutMs: '2000' } })]),
  ...fails('not-reported', ['nothing', version({ settings: {} })]),
  ...fails('not-reported', ['no object', version('text')]),
  ...cannotTell('no-version', ['not asked', story()]),
  ...cannotTell('no-version', ['no answer', version(null, 503)]),
])
