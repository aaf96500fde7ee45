/**
 * Toxiproxy's control API, with a deadline for every call. The client library has none, and the
 * API is known to deadlock when a toxic is removed while its sink is stuck: the caller must get an
 * answer or an error in bounded time, and an error must never count against the target.
 *
 * `toxicity` is never used: at 0 a toxic still changes behaviour, and its dice cannot be seeded.
 */
import { Proxy, Toxic, Toxiproxy, ToxiproxyError } from 'toxiproxy-node-client'
import type { Clock } from '../../relay/world/clock.ts'
import { DeadlineError, withDeadline } from '../../relay/world/deadline.ts'
import type { Hop, Address } from './ways.ts'
import { Trouble } from '../world/trouble.ts'
import type { Link } from './stack.ts'

/** A toxic as Toxiproxy takes it; attributes as in its README (rate in KB/s, times in ms). */
export interface ToxicSpec {
  /** Unique on its link. */
  readonly name: string
  readonly type:
    | 'bandwidth'
    | 'latency'
    | 'limit_data'
    | 'reset_peer'
    | 'slicer'
    | 'slow_close'
    | 'timeout'
  /** `downstream`: from the server to the client. */
  readonly stream: 'upstream' | 'downstream'
  readonly attributes: Readonly<Record<string, number>>
}

/** Every call throws Trouble `toxiproxy-wedged` or `toxiproxy-refused`, and settles in time. */
export interface ToxiproxyControl {
  /** http:// address of the API. */
  readonly api: string
  /** Adds a proxy. `listen` may have port 0; the link has the port that was taken. */
  createLink(name: string, hop: Hop, listen: Address, upstream: Address): Promise<Link>
  /** Removes a proxy and cuts its connections. One that is not there is removed already. */
  removeLink(link: Link): Promise<void>
  add(link: Link, toxic: ToxicSpec): Promise<void>
  /** Removes a toxic. One that is not there is removed already. */
  remove(link: Link, toxicName: string): Promise<void>
  /** Cuts all connections of a link and refuses new ones, or lets them in again. */
  setEnabled(link: Link, isEnabled: boolean): Promise<void>
  /** Enables all links and removes all toxics. */
  resetAll(): Promise<void>
  version(): Promise<string>
}

/** A healthy API answers in a millisecond; a deadlocked one never, and is not waited for again. */
const callLimitMs = { healthy: 4_000, wedged: 500 } as const
/**
 * A toxic that is removed hands on what it holds, and waits 5 s for a sink that takes nothing: the
 * connection of a server that was given up while it was stalled. Two such waits are no deadlock.
 */
const removeLimitMs = 12_000
const notFound = 404
const serverError = 500

export function openToxiproxy(clock: Clock, api: string): ToxiproxyControl {
  const client = new Toxiproxy(api)
  const call = guard(clock, api)
  return {
    api,
    createLink: (name, hop, listen, upstream) =>
      call(`create the proxy ${name}`, async () => {
        const made = await client.createProxy({ name, listen, upstream })
        return { name, hop, listen: made.listen, upstream: made.upstream }
      }),
    removeLink: (link) =>
      call(`remove the proxy ${link.name}`, () => unlessGone(proxyOf(client, link).remove())),
    add: (link, toxic) =>
      call(`add the toxic ${toxic.name} to ${link.name}`, async () => {
        await proxyOf(client, link).addToxic({ ...toxic, toxicity: 1 })
      }),
    remove: (link, toxicName) =>
      call(
        `remove the toxic ${toxicName} from ${link.name}`,
        () => unlessGone(toxicOf(client, link, toxicName).remove()),
        removeLimitMs,
      ),
    setEnabled: (link, isEnabled) =>
      call(`${isEnabled ? 'enable' : 'disable'} the proxy ${link.name}`, async () => {
        const { listen, upstream } = link
        await proxyOf(client, link).update({ enabled: isEnabled, listen, upstream })
      }),
    resetAll: () => call('reset all proxies', () => client.reset()),
    version: () => call('say its version', async () => readVersion(await client.getVersion())),
  }
}

/** The library's handle of a link, without asking the server for what we know. */
function proxyOf(client: Toxiproxy, { name, listen, upstream }: Link): Proxy {
  return new Proxy(client, { name, listen, upstream, enabled: true, toxics: [] })
}

function toxicOf(client: Toxiproxy, link: Link, name: string): Toxic<object> {
  const path = `${client.host}/proxies/${link.name}`
  const rest = { type: 'latency', stream: 'downstream', toxicity: 1, attributes: {} } as const
  return new Toxic<object>(client.getApi(), path, { name, ...rest })
}

/** The answer is JSON since 2.5 and was plain text before. */
function readVersion(text: string): string {
  return /\d+\.\d+\.\d+/.exec(text)?.[0] ?? text.trim()
}

async function unlessGone(work: Promise<void>): Promise<void> {
  try {
    await work
  } catch (error) {
    if (statusOf(error) !== notFound) throw error
  }
}

/** Calls under a deadline, which is short as long as the last one was not answered. */
function guard(clock: Clock, api: string) {
  let state: keyof typeof callLimitMs = 'healthy'
  return async <T>(what: string, work: () => Promise<T>, healthyMs?: number): Promise<T> => {
    const limitMs = state === 'healthy' ? (healthyMs ?? callLimitMs.healthy) : callLimitMs.wedged
    try {
      const answer = await withDeadline(clock, limitMs, `Toxiproxy, asked to ${what},`, work)
      state = 'healthy'
      return answer
    } catch (error) {
      const status = statusOf(error)
      state = error instanceof DeadlineError ? 'wedged' : 'healthy'
      if (status !== undefined && status < serverError) throw refused(api, what, status, error)
      throw wedged(api, what, error)
    }
  }
}

function refused(api: string, what: string, status: number, cause: unknown): Trouble {
  return new Trouble(
    'toxiproxy-refused',
    `Toxiproxy at ${api} was asked to ${what} and answered with status ${status}`,
    'check whether another harness uses the same Toxiproxy; give each its own',
    cause,
  )
}

function wedged(api: string, what: string, cause: unknown): Trouble {
  return new Trouble(
    'toxiproxy-wedged',
    `Toxiproxy at ${api} was asked to ${what} and does not answer: ${(cause as Error).message}`,
    'no verdict about the target counts; recreate the proxies, or run again',
    cause,
  )
}

/** The HTTP status, which the library has in its message only. */
function statusOf(error: unknown): number | undefined {
  if (!(error instanceof ToxiproxyError)) return undefined
  const status = /status code (\d{3})/.exec(error.message)?.[1]
  return status === undefined ? undefined : Number(status)
}
