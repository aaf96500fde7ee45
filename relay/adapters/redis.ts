/**
 * The only importer of the Redis client. A link is one connection that is made again for ever:
 * every round trip has a deadline, and one that passes it costs the connection, because its bytes
 * would otherwise wait in the socket for as long as Redis hangs. While it is down everything fails
 * at once; nothing is queued and nothing is sent twice, so order is what the caller made it.
 */
import { Redis } from 'ioredis'
import { Backoff } from '../world/backoff.ts'
import { type Clock, sleep } from '../world/clock.ts'
import { DeadlineError, withDeadline } from '../world/deadline.ts'

export type RedisCommand = readonly [name: string, ...args: (string | Buffer | number)[]]
/** A command's answer: bulk strings are buffers; an error of Redis is a value here. */
export type RedisReply = Buffer | number | null | Error | readonly RedisReply[]

/** A round trip that brought no answers. */
export class RedisLinkError extends Error {
  override readonly name = 'RedisLinkError'
  readonly code: 'timeout' | 'connection'

  constructor(code: 'timeout' | 'connection', what: string, cause?: unknown) {
    super(what, { cause })
    this.code = code
  }
}

/** Sends commands as one pipeline; answers in their order. */
export type RoundTrip = (commands: readonly RedisCommand[]) => Promise<readonly RedisReply[]>

export interface RedisLinkNeeds {
  readonly url: string
  readonly clock: Clock
  /** Deadline of connecting and of each round trip. */
  readonly timeoutMs: number
  /** Runs on every new connection before it counts as up; throwing gives the connection up. */
  greet(run: RoundTrip): Promise<void>
  onUp?(): void
  /** The connection was lost or could not be made. Never tells the URL, which may hold secrets. */
  onDown?(why: string): void
}

const retry = { firstMs: 100, mostMs: 2_000 }

export class RedisLink {
  readonly #needs: RedisLinkNeeds
  readonly #closing = new AbortController()
  readonly #backoff = new Backoff(retry)
  #client: Redis | undefined
  #isUp = false

  constructor(needs: RedisLinkNeeds) {
    this.#needs = needs
  }

  /** Connected, and greeted. */
  get isUp(): boolean {
    return this.#isUp
  }

  /** Keeps the link up until `close`; settles then. */
  async keep(): Promise<void> {
    const { clock } = this.#needs
    const { signal } = this.#closing
    while (!signal.aborted) {
      await this.#live()
      await sleep(clock, this.#backoff.failed(), signal).catch(() => undefined)
    }
  }

  /**
   * One round trip.
   *
   * @throws RedisLinkError at once when the link is down, else within the deadline
   */
  run: RoundTrip = async (commands) => {
    if (!this.#isUp || this.#client === undefined) {
      throw new RedisLinkError('connection', 'Redis is not connected')
    }
    return this.#send(this.#client, commands)
  }

  /** Drops the connection; a new one is made and greeted. */
  renew(): void {
    this.#drop(this.#client)
  }

  /** Drops the connection for good. */
  close(): void {
    this.#closing.abort(new Error('the Redis link was closed'))
    this.#drop(this.#client)
  }

  /** One connection, from its making to its end. */
  async #live(): Promise<void> {
    let why = 'the connection ended'
    try {
      const client = this.#open()
      const ended = new Promise<void>((resolve) => client.once('end', () => resolve()))
      client.on('error', (error: Error) => (why = error.message))
      await this.#connect(client)
      await this.#needs.greet((commands) => this.#send(client, commands))
      if (client.status !== 'ready') throw new RedisLinkError('connection', why)
      this.#backoff.succeeded()
      this.#isUp = true
      this.#needs.onUp?.()
      await ended
    } catch (error) {
      why = error instanceof Error ? error.message : String(error)
    }
    this.#isUp = false
    this.#drop(this.#client)
    this.#client = undefined
    if (!this.#closing.signal.aborted) this.#needs.onDown?.(why)
  }

  #open(): Redis {
    const { url, timeoutMs } = this.#needs
    this.#client = new Redis(url, {
      lazyConnect: true,
      protocol: 2,
      disableClientInfo: true,
      connectTimeout: timeoutMs,
      enableReadyCheck: false,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      retryStrategy: null,
    })
    return this.#client
  }

  async #connect(client: Redis): Promise<void> {
    const { clock, timeoutMs } = this.#needs
    const { signal } = this.#closing
    await withDeadline(clock, timeoutMs, 'connecting to Redis', () => client.connect(), signal)
  }

  async #send(client: Redis, commands: readonly RedisCommand[]): Promise<readonly RedisReply[]> {
    const { clock, timeoutMs } = this.#needs
    const pipeline = client.pipeline()
    for (const [name, ...args] of commands) pipeline.callBuffer(name, args)
    const what = 'a round trip to Redis'
    try {
      const answers = await withDeadline(clock, timeoutMs, what, () => pipeline.exec())
      return repliesOf(answers, commands.length)
    } catch (error) {
      this.#drop(client)
      if (error instanceof RedisLinkError) throw error
      const code = error instanceof DeadlineError ? 'timeout' : 'connection'
      throw new RedisLinkError(code, `${what} failed`, error)
    }
  }

  /**
   * Also frees what waits in the socket: a polite end would wait for the peer to take it. Once: all
   * round trips under way come here together, and each time the library sets a timer that lives on.
   */
  #drop(client: Redis | undefined): void {
    if (client?.stream?.destroyed === true) return
    client?.disconnect()
    client?.stream?.destroy()
  }
}

/** Answers of the server; a missing one means that the connection broke on the way. */
function repliesOf(
  answers: readonly [error: Error | null, reply: unknown][] | null,
  count: number,
): readonly RedisReply[] {
  if (answers === null || answers.length < count) {
    throw new RedisLinkError('connection', 'Redis gave no answer')
  }
  return answers.map(([error, reply]) => {
    if (error === null) return reply as RedisReply
    if (error.name === 'ReplyError') return error
    throw new RedisLinkError('connection', 'the connection to Redis broke', error)
  })
}
