import { story, type Story } from '../history/story-testbed.ts'
import { counterRises, type CounterRisesOptions } from './counter-rises.ts'
import { cannotTell, fails, judgeCases, passes } from './checker-testbed.ts'

const plain = 'websocket_send_timeout_total'
const byPath = (path: string) =>
  `websocket_ws_send_failures_total{path="${path}",reason="send_timeout"}`

/** A phase of 5..10 s, scraped every second; `count` tells the counter. */
function counting(series: string, count: (t: number) => number | null): Story {
  const told = story().phase('stall', 5, 10)
  for (let t = 0; t <= 15; t += 1) told.scrape(t, { [series]: count(t) })
  return told
}

const options = { signal: 'sendTimeoutTotal', atLeast: 5, phase: 'stall' } as const

judgeCases<CounterRisesOptions>('counter-rises', counterRises, options, [
  ...passes(
    'rose',
    ['within the phase', counting(plain, (t) => (t < 7 ? 2 : 7))],
    ['one scrape after it', counting(plain, (t) => (t < 12 ? 0 : 5))],
    ['first told when it rose', counting(plain, (t) => (t < 7 ? null : 5))],
    ['a restart does not hide it', counting(plain, (t) => (t < 7 ? 100 : t < 8 ? 3 : 8))],
    ['only the labels asked for', counting(byPath('control'), (t) => (t < 7 ? 0 : 5)), {
      signal: 'sendFailuresByPath',
      labels: { path: 'control' },
    }],
  ),
  ...fails(
    'counter-flat',
    ['too little', counting(plain, (t) => (t < 7 ? 0 : 4))],
    ['before the phase', counting(plain, (t) => (t < 3 ? 0 : 9))],
    ['too late', counting(plain, (t) => (t < 14 ? 0 : 9))],
  ),
  ...fails(
    'no-counter',
    ['another path only', counting(byPath('resume'), (t) => (t < 7 ? 0 : 5)), {
      signal: 'sendFailuresByPath',
      labels: { path: 'control' },
    }],
    ['no such metric', counting('other_total', (t) => t)],
  ),
  ...cannotTell('not-scraped', ['no scrape', story().phase('stall', 5, 10)]),
  ...cannotTell('not-scraped', [
    'scrapes without an answer',
    story().phase('stall', 5, 10).scrape(7, {}, 0),
  ]),
  ...cannotTell('no-phase', ['no such phase', story()]),
])
