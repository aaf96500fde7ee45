import { story } from '../history/story-testbed.ts'
import { foreignPagesRefused } from './foreign-pages-refused.ts'
import { cannotTell, fails, judgeCases, passes } from './checker-testbed.ts'

const readers = () => story().opened(0, 1, 'readers').phase('traffic', 0, 2)
const refused = (...statuses: readonly number[]) => {
  const told = readers()
  for (const status of statuses) told.refused(2.1, 'pages', status)
  return told.phase('settle', 3, 4)
}

judgeCases('foreign-pages-refused', foreignPagesRefused, { honest: 'readers', pages: 'pages' }, [
  ...passes('foreign-pages-refused', ['421 and 403', refused(421, 403)], ['400', refused(400)]),
  ...fails('page-let-in', [
    'one of two',
    refused(403).opened(2.2, 5, 'pages'),
  ], [
    'one that resets',
    refused().opened(2.2, 5, 'pages').control(2.4, 5, { type: 'cursor_reset_complete' }),
  ]),
  ...cannotTell('not-refused-for-that', ['no page tried', refused()], ['no room', refused(429)]),
  ...cannotTell(
    'refused-otherwise',
    ['once without an answer', refused(403, 0)],
    ['once by an error', refused(403, 500)],
  ),
  ...cannotTell('no-client-accepted', [
    'a relay that is closed to all',
    story().refused(1, 'readers', 401).refused(2, 'pages', 401).phase('settle', 3, 4),
  ]),
])
