import { story } from '../history/story-testbed.ts'
import { cannotTell, fails, judgeCases, passes } from './checker-testbed.ts'
import { toldInVersion } from './told-in-version.ts'

const version = (body: unknown, status = 200) =>
  story().add(['page', 1e6, '/version', status, body])

judgeCases('told-in-version', toldInVersion, { path: 'settings.sendTimeoutMs', equals: 2_000 }, [
  ...passes('told', ['as it is', version({ settings: { sendTimeoutMs: 2_000 } })]),
  ...fails('told-wrong', ['another value', version({ settings: { sendTimeoutMs: 5_000 } })]),
  ...fails('told-wrong', ['another type', version({ settings: { sendTimeoutMs: '2000' } })]),
  ...fails('not-told', ['nothing', version({ settings: {} })]),
  ...fails('not-told', ['no object', version('text')]),
  ...cannotTell('no-version', ['not asked', story()]),
  ...cannotTell('no-version', ['no answer', version(null, 503)]),
])
