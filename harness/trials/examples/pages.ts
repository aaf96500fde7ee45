/** The pages of the example relay: health, metrics, version. */
import type { Way } from './ways.ts'

/** What the pages report; the relay keeps it. */
export interface State {
  readonly clients: number
  readonly taken: number
  /** Dead letters that Kafka did not take. */
  readonly failed: number
  /** Milliseconds since the last answer of Kafka to a fetch. */
  readonly silentMs: number
  /** Partitions held now, and the lag of each partition that was ever held. */
  readonly held: readonly number[]
  readonly lags: ReadonlyMap<number, number>
}

/** Kafka that is silent for so long is lost. */
const lostMs = 3_000

/** The text of a page, with its status. */
export function page(
  path: string,
  { clients, taken, failed, silentMs, held, lags }: State,
  does: (way: Way) => boolean,
  settings: object,
): readonly [status: number, body: string] {
  const isLost = silentMs > lostMs && !does('always-healthy')
  const status = isLost ? 'reconnecting' : 'healthy'
  if (path === '/health') {
    const metrics = { connected_clients: clients, kafka_messages_received: taken }
    return [200, JSON.stringify({ status, metrics, alert: null })]
  }
  if (path === '/version') {
    const told = does('reports-no-settings') ? {} : { settings }
    return [200, JSON.stringify({ name: 'example', ...told })]
  }
  if (path !== '/metrics') return [404, 'not here']
  const shown = [...lags].filter(([partition]) => held.includes(partition) || does('keeps-lag'))
  return [
    200,
    [
      `websocket_connected_clients ${clients}`,
      `websocket_kafka_messages_total ${taken}`,
      `websocket_dlq_send_failures_total ${failed}`,
      ...shown.map(([partition, lag]) => {
        const value = does('freezes-lag') ? 60 : lag
        return `websocket_kafka_consumer_lag{partition="${partition}"} ${value}`
      }),
      '',
    ].join('\n'),
  ]
}
