/**
 * The only importer of the Redis client. A link is one connection that is made again for ever:
 * every round trip has a deadline, and one that passes it costs the connection, because its bytes
 * would otherwise wait in the socket for as long as Redis hangs. While it is down everything fails
 * at once; nothing is queued and nothing is sent twice, so order is what the caller made it.
 *
 * A server that turns out to be the wrong one costs the connection as well, once what is under way
 * has its answers. Where a node of a cluster names another one, that is connected to next.
 */
import { Redis } from 'ioredis'
import { isFixedByReconnecting, refusalOf } from '../tables/redis-refusals.ts'
import { Backoff } from '../world/backoff.ts'
import { type Clock, sleep } from '../world/clock.ts'
import { DeadlineError, withDeadline } from '../world/deadline.ts'
import { Places } from './redis-places.ts'

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
  /** Redis was reached and let us not in: told its answer. */
  onRefused?(answer: string): void
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
  #underWay = 0
  /** The server is the wrong one: nothing more is asked of it. */
  #isLeaving = false
  readonly #places: Places

  constructor(needs: RedisLinkNeeds) {
    this.#needs = needs
    this.#places = new Places(needs.url)
  }

  /** Connected, and greeted. */
  get isUp(): boolean {
    return this.#isUp && !this.#isLeaving
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
    if (!this.isUp || this.#client === undefined) {
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
      await this.#connect(client)
      client.on('error', (error: Error) => (why = error.message))
      await this.#needs.greet((commands) => this.#send(client, commands))
      if (client.status !== 'ready') throw new RedisLinkError('connection', why)
      await this.#serve(ended)
    } catch (error) {
      why = error instanceof Error ? error.message : String(error)
    }
    this.#isUp = false
    this.#drop(this.#client)
    this.#client = undefined
    if (!this.#closing.signal.aborted) this.#needs.onDown?.(why)
  }

  /** One that ends at once is no success: the next attempt waits as if it had failed. */
  async #serve(ended: Promise<void>): Promise<void> {
    const { clock } = this.#needs
    this.#isUp = true
    this.#places.succeeded()
    const sinceMs = clock.nowMs()
    this.#needs.onUp?.()
    await ended
    if (clock.nowMs() - sinceMs >= retry.mostMs) this.#backoff.succeeded()
  }

  #open(): Redis {
    const { timeoutMs } = this.#needs
    this.#underWay = 0
    this.#isLeaving = false
    this.#client = new Redis(this.#places.next(), {
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

  /**
   * The library tells only in passing why a password was refused, and goes on in database 0 where
   * the one that was asked for is not there.
   */
  async #connect(client: Redis): Promise<void> {
    const { clock, timeoutMs } = this.#needs
    const { signal } = this.#closing
    let refused: Error | undefined
    const onError = (error: Error) => (refused ??= error)
    client.on('error', onError)
    try {
      await withDeadline(clock, timeoutMs, 'connecting to Redis', () => client.connect(), signal)
    } catch (error) {
      refused ??= error as Error
    }
    if (refused === undefined) return
    if (isAnswer(refused)) this.#needs.onRefused?.(refused.message)
    throw refused
  }

  async #send(client: Redis, commands: readonly RedisCommand[]): Promise<readonly RedisReply[]> {
    const { clock, timeoutMs } = this.#needs
    const pipeline = client.pipeline()
    for (const [name, ...args] of commands) pipeline.callBuffer(name, args)
    const what = 'a round trip to Redis'
    this.#underWay += 1
    try {
      const answers = await withDeadline(clock, timeoutMs, what, () => pipeline.exec())
      const replies = repliesOf(answers, commands.length)
      for (const reply of replies) if (reply instanceof Error) this.#refused(client, reply)
      return replies
    } catch (error) {
      this.#drop(client)
      if (error instanceof RedisLinkError) throw error
      const code = error instanceof DeadlineError ? 'timeout' : 'connection'
      throw new RedisLinkError(code, `${what} failed`, error)
    } finally {
      if (client === this.#client && --this.#underWay === 0 && this.#isLeaving) this.#drop(client)
    }
  }

  #refused(client: Redis, { message }: Error): void {
    if (client !== this.#client || !isFixedByReconnecting(refusalOf(message))) return
    this.#places.refused(message)
    this.#isLeaving = true
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

/** An error that is the server's answer, as distinct from one of the way to it. */
const isAnswer = ({ name }: Error) => name === 'ReplyError'

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
    if (isAnswer(error)) return error
    throw new RedisLinkError('connection', 'the connection to Redis broke', error)
  })
}
