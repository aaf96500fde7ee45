/**
 * `chaos load`: a steady load on servers and a relay that run already, to look at. It judges
 * nothing. Kafka and the relay may come and go; it goes on when they are back.
 */
import { sleep } from '../../relay/world/clock.ts'
import { openAlertInbox } from '../demo/alert-inbox.ts'
import { feed, type FeedCounts } from '../demo/feed.ts'
import { listen, type ListenerCounts } from '../demo/listeners.ts'
import type { CommandWorld } from '../world/command-world.ts'
import { exitCodes, UsageError } from '../world/exit-codes.ts'
import { durationOf } from './duration.ts'

export interface LoadOptions {
  readonly kafka: string
  readonly topic: string
  readonly relay: string
  readonly rate: string
  readonly clients: string
  readonly for?: string
  readonly webhook?: string
}

const tellEveryMs = 10_000
const rateMax = 10_000
const clientsMax = 1_000
const portMax = 65_535
/** Kafka is away at the start: how long until the next try. */
const againMs = 2_000

/** Loads until the time is over, or Ctrl-C. */
export async function load(given: CommandWorld, options: LoadOptions): Promise<number> {
  const { clock } = given
  const recordsPerSecond = countOf('--rate', options.rate, rateMax)
  const clients = countOf('--clients', options.clients, clientsMax)
  const say = (line: string) => given.out.write(`${line}\n`)
  await using ending = new AsyncDisposableStack()
  if (options.webhook !== undefined) {
    const port = countOf('--webhook', options.webhook, portMax)
    ending.defer(await openAlertInbox(port, say))
  }
  const stop = new AbortController()
  const forMs = options.for === undefined ? undefined : durationOf(options.for)
  const timer = forMs === undefined ? undefined : clock.after(forMs, () => stop.abort())
  ending.defer(() => timer?.cancel())
  const signal = AbortSignal.any([given.signal, stop.signal])
  const fed: FeedCounts = { sent: 0, lost: 0, trouble: undefined }
  const heard: ListenerCounts = { open: 0, records: 0, ended: 0, trouble: undefined }
  ending.defer(listen(clock, { relay: options.relay, clients }, heard))
  const telling = clock.every(tellEveryMs, () => say(lineOf(fed, heard, clients)))
  ending.defer(() => telling.cancel())
  const brokers = options.kafka.split(',')
  while (!signal.aborted) {
    try {
      await feed(clock, { brokers, topic: options.topic, recordsPerSecond }, fed, signal)
    } catch (error) {
      fed.trouble = (error as Error).message
      await sleep(clock, againMs, signal).catch(() => undefined)
    }
  }
  say(lineOf(fed, heard, clients))
  return exitCodes.pass.code
}

/** What happened so far, and what is wrong now. */
export function lineOf(fed: FeedCounts, heard: ListenerCounts, clients: number): string {
  const lost = fed.lost === 0 ? '' : ` (${fed.lost} not taken)`
  const wrong = [
    ...(fed.trouble === undefined ? [] : [`Kafka: ${firstLine(fed.trouble)}`]),
    ...(heard.trouble === undefined ? [] : [`clients: ${firstLine(heard.trouble)}`]),
  ]
  return [
    `sent ${fed.sent} records${lost}`,
    `${heard.open} of ${clients} clients got ${heard.records}`,
    `${heard.ended} connections ended`,
    ...wrong,
  ].join(', ')
}

const firstLine = (text: string) => text.split('\n', 1)[0] ?? ''

function countOf(option: string, text: string, most: number): number {
  const count = Number(text)
  if (/^\d+$/.test(text) && count > 0 && count <= most) return count
  throw new UsageError(`${option} takes a whole number from 1 to ${most}, not "${text}"`)
}
