import { story, type Story } from '../history/story.ts'
import { hostileAnswered } from './hostile-answered.ts'
import { cannotTell, fails, judgeCases, passes } from './testbed.ts'

const refusal = { type: 'error', code: 'RESUME_TOO_MANY_PARTITIONS' }
/** Something to ignore, then a frame that ends the connection, then one that comes too late. */
const told = (more: (told: Story) => Story, end = 6.1, by: 'relay' | 'network' = 'relay') =>
  more(
    story()
      .opened(1, 1, 'hostile')
      .sent(5, 1, 'hostile:no-type')
      .sent(6, 1, 'hostile:resume-partitions')
      .sent(6.05, 1, 'hostile:empty-text'),
  ).closed(end, 1, by)
const refused = (one: Story) => one.control(6.02, 1, refusal)
const broken = (name: string, end: number) =>
  story().opened(1, 1, 'hostile').sent(5, 1, `hostile:${name}`).closed(end, 1)

judgeCases('hostile-answered', hostileAnswered, { limitMs: 2_000, framesMin: 1 }, [
  ...passes(
    'answered',
    ['ignored, then refused and ended', told(refused)],
    ['ended without a word, as it must be', broken('bad-utf8', 5.1)],
    ['reset, and the last words with it', told((one) => one, 6.1, 'network')],
    ['ended much later', broken('no-type', 9)],
    ['its own wish', story().opened(1, 1).sent(5, 1, 'hostile:no-type').closed(6, 1, 'client')],
    ['one that nobody knows any more', told(refused).sent(4, 1, 'hostile:of-old')],
  ),
  ...fails('ended-for-nothing', ['an empty object', broken('no-type', 5.1)]),
  ...fails(
    'not-refused',
    ['no word', told((one) => one)],
    ['another word', told((one) => one.control(6.02, 1, { ...refusal, code: 'RESUME_INVALID' }))],
    ['too late', told((one) => one.control(8.1, 1, refusal))],
  ),
  ...fails(
    'not-ended',
    ['it went on', told(refused, 9)],
    ['text of no kind', broken('bad-utf8', 9)],
  ),
  ...cannotTell('too-little', ['nobody', story().opened(1, 1, 'hostile')]),
])
