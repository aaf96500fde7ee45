import { story, type Story } from '../history/story-testbed.ts'
import { cannotTell, fails, judgeCases, passes } from './checker-testbed.ts'
import { countsAddUp } from './counts-add-up.ts'

const messages = (status: string) => `websocket_kafka_messages_total{status="${status}"}`
const error = (type: string) => `websocket_decode_errors_total{error_type="${type}"}`
const lag = (severity: string) => `websocket_client_lag_messages_total{severity="${severity}"}`

/** What is different from a target that took 100 records, decoded 90 and counts each rightly. */
interface Told {
  readonly received?: (t: number) => number
  readonly series?: (t: number) => Readonly<Record<string, number>>
}
const right = {
  [messages('success')]: 90,
  [messages('error')]: 5,
  [messages('old_data_error')]: 2,
  websocket_kafka_payload_missing_total: 3,
  [error('invalid_protobuf')]: 4,
  [error('payload_too_large')]: 1,
  websocket_old_data_decode_errors_total: 2,
  [lag('info')]: 7,
  [lag('critical')]: 40,
  websocket_dropped_messages_total: 47,
}

/** Scraped each second and asked for its health in between, from 1 to 9 s. */
function told({ received = () => 100, series = () => ({}) }: Told = {}): Story {
  const all = story()
  for (let t = 1; t < 9; t += 1) {
    all.scrape(t, { ...right, ...series(t) })
    all.health(t + 0.5, { metrics: { kafka_messages_received: received(t + 0.5) } })
  }
  return all
}
const from = (since: number, more: Readonly<Record<string, number>>) => ({
  series: (t: number) => (t >= since ? more : {}),
})

judgeCases('counts-add-up', countsAddUp, { comparisonsMin: 3 }, [
  ...passes(
    'adds-up',
    ['everything', told()],
    ['one scrape is between two counts', told({
      series: (t) => (t === 4 ? { [error('payload_too_large')]: 2 } : {}),
    })],
    ['while records come it may be apart', told({
      received: (t) => 100 * Math.round(t),
      series: (t) => ({ [messages('success')]: 90 + 10 * t }),
    }).scrape(10, { [messages('success')]: 90 }).health(10.5, {
      metrics: { kafka_messages_received: 100 },
    }).scrape(11, {}).health(11.5, { metrics: { kafka_messages_received: 100 } }).scrape(12, {})
      .health(12.5, { metrics: { kafka_messages_received: 100 } }).scrape(13, {})],
  ),
  ...fails('outcomes-missing',
    ['a record without an outcome', told({ received: (t) => (t > 5 ? 101 : 100) })],
    ['an outcome of nothing', told({ received: (t) => (t > 5 ? 99 : 100) })],
  ),
  ...fails('errors-without-type',
    ['an error of no type', told(from(5, { [messages('error')]: 6, [messages('success')]: 89 }))],
  ),
  ...fails('old-errors-differ',
    ['an old error more', told(from(5, { websocket_old_data_decode_errors_total: 3 }))],
  ),
  ...fails('lag-without-drop',
    ['missed by a client, and not dropped', told(from(5, { [lag('info')]: 8 }))],
    ['dropped, and missed by no client', told(from(5, { websocket_dropped_messages_total: 50 }))],
  ),
  ...cannotTell('too-little',
    ['it was never asked', story()],
    ['it took nothing', told({
      received: () => 0,
      series: () => Object.fromEntries(Object.keys(right).map((name) => [name, 0])),
    })],
  ),
])
