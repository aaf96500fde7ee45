/**
 * The only importer of the Redis client. A link is one connection that reconnects forever. Every
 * round trip has a deadline, after which the connection is dropped, because its bytes would
 * otherwise wait in the socket while Redis hangs. While the link is down every command fails at
 * once; nothing is queued and nothing is sent twice, so the order is the caller's.
 *
 * If the server turns out to be the wrong one, the connection is dropped too, after the round trips
 * in progress. Where a node of a cluster names another one, that is connected to next.
 */
import { Redis } from 'ioredis'
import { isFixedByReconnecting, refusalOf } from '../tables/redis-refusals.ts'
import { Backoff } from '../world/backoff.ts'
import { type Clock, sleep } from '../world/clock.ts'
import { DeadlineError, withDeadline } from '../world/deadline.ts'
import { RedisAddresses } from './redis-addresses.ts'

export type RedisCommand = readonly [name: string, ...args: (string | Buffer | number)[]]
/** A command's answer: bulk strings are buffers; an error of Redis is a value here. */
export type RedisReply = Buffer | number | null | Error | readonly RedisReply[]

/** A round trip without an answer. */
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
  onConnect(run: RoundTrip): Promise<void>
  onUp?(): void
  /** Redis refused the login; called with its answer. */
  onRefused?(answer: string): void
  /** The connection was lost or failed. Never contains the URL, which may hold secrets. */
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
  /** The server is the wrong one: no more commands are sent to it. */
  #isLeaving = false
  readonly #addresses: RedisAddresses

  constructor(needs: RedisLinkNeeds) {
    this.#needs = needs
    this.#addresses = new RedisAddresses(needs.url)
  }

  /** Connected, and `onConnect` has succeeded. */
  get isUp(): boolean {
    return this.#isUp && !this.#isLeaving
  }

  /** Keeps the link up until `close`; settles then. */
  async keep(): Promise<void> {
    const { clock } = this.#needs
    const { signal } = this.#closing
    while (!signal.aborted) {
      await this.#connectOnce()
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

  /** Drops the connection and makes a new one. */
  renew(): void {
    this.#drop(this.#client)
  }

  /** Drops the connection and does not reconnect. */
  close(): void {
    this.#closing.abort(new Error('the Redis link was closed'))
    this.#drop(this.#client)
  }

  /** One connection, from its start to its end. */
  async #connectOnce(): Promise<void> {
    let why = 'the connection ended'
    try {
      const client = this.#open()
      const ended = new Promise<void>((resolve) => client.once('end', () => resolve()))
      await this.#connect(client)
      client.on('error', (error: Error) => (why = error.message))
      await this.#needs.onConnect((commands) => this.#send(client, commands))
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

  /** A connection that ends at once counts as failed, so that the next attempt waits. */
  async #serve(ended: Promise<void>): Promise<void> {
    const { clock } = this.#needs
    this.#isUp = true
    this.#addresses.succeeded()
    const sinceMs = clock.nowMs()
    this.#needs.onUp?.()
    await ended
    if (clock.nowMs() - sinceMs >= retry.mostMs) this.#backoff.succeeded()
  }

  #open(): Redis {
    const { timeoutMs } = this.#needs
    this.#underWay = 0
    this.#isLeaving = false
    this.#client = new Redis(this.#addresses.next(), {
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
   * The library reports a refused password only as an event, and continues in database 0 where the
   * configured one does not exist.
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
    this.#addresses.refused(message)
    this.#isLeaving = true
  }

  /**
   * Also frees bytes that wait in the socket: a graceful end would wait until the peer reads them.
   * Only once: all round trips in progress come here, and each call starts a timer in the library.
   */
  #drop(client: Redis | undefined): void {
    if (client?.stream?.destroyed === true) return
    client?.disconnect()
    client?.stream?.destroy()
  }
}

/** An error that is the server's answer, not one of the connection. */
const isAnswer = ({ name }: Error) => name === 'ReplyError'

/** Answers of the server; a missing one means that the connection broke. */
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
