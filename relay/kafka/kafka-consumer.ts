/**
 * The Kafka consumer: fetched records in, offsets out. It retries forever, and does what kafkajs
 * leaves to its users: positions that survive a rebalance, commits, and a new client after every
 * crash.
 *
 * A position is the next offset that this process will read. While the process lives it takes
 * precedence over what the group has committed: a partition that comes back after a rebalance goes
 * on where its clients are, so that they neither miss records nor get them twice.
 */
import type { Consumer, EachBatchPayload, Kafka } from 'kafkajs'
import { DetachedBatches, type PendingBatch } from './detached-batches.ts'
import type { Fetched } from './batches/fetched.ts'
import type { OpenTransactions } from './batches/transactions.ts'
import { Backoff } from '../world/backoff.ts'
import { sleep, type Clock } from '../world/clock.ts'
import { withDeadline } from '../world/deadline.ts'
import type { Settings } from '../tables/settings.ts'
import { explain, isTopicMissing } from './kafka-errors.ts'
import { useGivenOffsets, eachFetched, patchKafkajs } from './kafkajs-patches.ts'
import type { Logger } from '../adapters/logger.ts'

export interface ConsumerNeeds {
  readonly settings: Settings
  readonly clock: Clock
  readonly logger: Logger
  readonly transactions: OpenTransactions
  /** Creates a client, again after every crash. */
  createClient(): Kafka
  /** Positions that take precedence over the group's, by partition. */
  positions(): ReadonlyMap<number, bigint>
  /**
   * Processes a batch. The next fetch waits for it, unless it is detached. `isStale` turns true
   * when the partition was revoked; `beat` must be called at least every heartbeat interval.
   *
   * @returns whether it was processed, possibly up to a pause: else it counts as not fetched
   */
  onBatch(fetched: Fetched, run: BatchRun): Promise<boolean>
  /** Settles when the next fetch may start. Called once per fetch that returned records. */
  rested(): Promise<void>
  /** A broker answered, with records or without. */
  onFetched(): void
  /**
   * The new assignment. Partitions without a position are not read before `readFrom` has set their
   * start.
   */
  onAssigned(partitions: readonly number[]): void
  /** The consumer is gone, and with it the assignment; another one will be created. */
  onLeft(): void
  /** A rebalance begins: the last moment to commit. */
  onRebalancing(): void
  onError(error: unknown): void
}
export interface BatchRun {
  isStale(): boolean
  beat(): Promise<void>
  /** Stops reading this partition before `offset`, until `resume` or the next assignment. */
  pauseAt(offset: bigint): void
  /** The batch waits: the other partitions are fetched without this one as soon as possible. */
  detach(): void
}

export interface KafkaConsumer {
  /** Begins, and goes on until `stop`. */
  start(): void
  /** @throws when the group did not accept them */
  commit(offsets: ReadonlyMap<number, bigint>): Promise<void>
  /** Resumes partitions that were stopped. */
  resume(partitions: readonly number[]): void
  /** Reads these partitions from these offsets; fetched and unprocessed records are void. */
  readFrom(offsets: ReadonlyMap<number, bigint>): void
  /** Leaves the group; settles when that is done, which may take as long as a join. */
  stop(): Promise<void>
  readonly isRunning: boolean
}

const retry = { firstMs: 250, mostMs: 5_000 } as const
const metadataMsMax = 30_000
/** Shares of the bytes of fetched records: an answer and its chunks, and detached batches. */
const shares = { answer: 3 / 8, detached: 1 / 4 } as const
const fetchBytesMax = 10 * 1_024 * 1_024
/** Batches that are processed concurrently, so that one that waits does not block the others. */
const workers = 8

export const createConsumer = (needs: ConsumerNeeds): KafkaConsumer => new GroupConsumer(needs)

class GroupConsumer implements KafkaConsumer {
  readonly #needs: ConsumerNeeds
  readonly #stopping = new AbortController()
  readonly #batches: DetachedBatches
  #consumer: Consumer | undefined
  #done: Promise<void> = Promise.resolve()
  /** The first join of this consumer. */
  #joining: Promise<void> = Promise.resolve()
  #hasRested = true
  /** Ends the running consumer; another one follows. */
  #fail: (error: unknown) => void = () => undefined
  isRunning = false

  constructor(needs: ConsumerNeeds) {
    this.#needs = needs
    const { inflightBytesMax, kafkaTopic: topic } = needs.settings
    const fetches = {
      pause: (partition: number) => this.#consumer?.pause([{ topic, partitions: [partition] }]),
      resume: (partitions: readonly number[]) => {
        if (this.isRunning) this.#consumer?.resume([{ topic, partitions: [...partitions] }])
      },
    }
    this.#batches = new DetachedBatches(fetches, inflightBytesMax * shares.detached)
  }

  start(): void {
    this.#done = this.#runForever()
  }

  async commit(offsets: ReadonlyMap<number, bigint>): Promise<void> {
    const { kafkaTopic: topic, kafkaRequestTimeoutMs } = this.#needs.settings
    const consumer = this.#consumer
    if (consumer === undefined || !this.isRunning) throw new Error('not in the group')
    const entries = Array.from(offsets, ([partition, offset]) => ({
      topic,
      partition,
      offset: String(offset),
    }))
    const work = () => consumer.commitOffsets(entries)
    await withDeadline(this.#needs.clock, kafkaRequestTimeoutMs, 'commit of offsets', work)
  }

  resume(partitions: readonly number[]): void {
    this.#batches.resume(partitions, false)
  }

  readFrom(offsets: ReadonlyMap<number, bigint>): void {
    if (!this.isRunning) return
    for (const [partition, offset] of offsets) this.#seek(partition, offset)
    this.#batches.resume([...offsets.keys()], true)
  }

  #seek(partition: number, offset: bigint): void {
    const { kafkaTopic: topic } = this.#needs.settings
    this.#consumer?.seek({ topic, partition, offset: String(offset) })
  }

  stop(): Promise<void> {
    this.#stopping.abort()
    return this.#done
  }

  async #runForever(): Promise<void> {
    const backoff = new Backoff(retry)
    while (!this.#stopping.signal.aborted) {
      const startedMs = this.#needs.clock.nowMs()
      try {
        await this.#runOnce()
      } catch (error) {
        this.#needs.onError(error)
        const { logger, settings } = this.#needs
        const explained = explain(error, settings.kafkaSecurityProtocol)
        const says = isTopicMissing(error)
          ? `the topic "${settings.kafkaTopic}" does not exist`
          : 'the Kafka consumer failed and restarts'
        logger.warn({ err: error, ...explained }, says)
      }
      const hasLasted = this.#needs.clock.nowMs() - startedMs > retry.mostMs
      if (hasLasted) backoff.succeeded()
      await sleep(this.#needs.clock, backoff.failed(), this.#stopping.signal).catch(() => undefined)
    }
  }

  /** Runs one consumer until it crashes (then it throws) or we stop. */
  async #runOnce(): Promise<void> {
    const consumer = this.#createConsumer()
    const ended = Promise.withResolvers<void>()
    this.#fail = ended.reject
    consumer.on(consumer.events.CRASH, ({ payload }) => ended.reject(payload.error))
    const stop = () => ended.resolve()
    this.#stopping.signal.addEventListener('abort', stop, { once: true })
    try {
      await Promise.race([this.#begin(consumer), ended.promise])
      this.#consumer = consumer
      await ended.promise
    } finally {
      this.isRunning = false
      this.#consumer = undefined
      this.#batches.assigned([])
      this.#needs.onLeft()
      this.#stopping.signal.removeEventListener('abort', stop)
      ended.promise.catch(() => undefined)
      // The library does not leave a group that it is still joining; other members would wait.
      await this.#joining.catch(() => undefined)
      await consumer.disconnect().catch(() => undefined)
    }
  }

  #createConsumer(): Consumer {
    const { settings } = this.#needs
    // A payload that fits must not be refused because of the size of its batch.
    const unpackedBytesMax = Math.max(settings.inflightBytesMax, 2 * settings.payloadBytesMax)
    const heldBytes = () => this.#batches.bytes
    patchKafkajs({ unpackedBytesMax, heldBytes, transactions: this.#needs.transactions })
    useGivenOffsets()
    const answerBytes = Math.floor(settings.inflightBytesMax * shares.answer)
    const maxBytes = Math.min(fetchBytesMax, answerBytes)
    const consumer = this.#needs.createClient().consumer({
      groupId: settings.kafkaGroupId,
      sessionTimeout: settings.kafkaSessionTimeoutMs,
      rebalanceTimeout: settings.kafkaRebalanceTimeoutMs,
      heartbeatInterval: settings.kafkaHeartbeatMs,
      maxWaitTimeInMs: settings.kafkaFetchWaitMsMax,
      // The response and its chunks are both in memory for a moment: it counts twice.
      maxBytes,
      maxBytesPerPartition: Math.min(maxBytes, 1_024 * 1_024),
      allowAutoTopicCreation: false,
      // Partitions that are added to the topic are noticed after this time.
      metadataMaxAge: metadataMsMax,
      retry: { restartOnFailure: async () => false },
    })
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      this.#joined(consumer, payload.memberAssignment[settings.kafkaTopic] ?? [])
    })
    consumer.on(consumer.events.FETCH, () => (this.#hasRested = false))
    consumer.on(consumer.events.REQUEST, ({ payload }) => {
      if (payload.apiName === 'Fetch') this.#needs.onFetched()
    })
    consumer.on(consumer.events.REBALANCING, () => {
      // From here on another member may have them: nothing is offered after the last commit.
      this.#batches.void()
      this.#needs.onRebalancing()
    })
    consumer.on(consumer.events.REQUEST_TIMEOUT, ({ payload }) => {
      this.#needs.onError(Object.assign(new Error(`${payload.apiName} timed out`), {
        name: 'KafkaJSRequestTimeoutError',
      }))
    })
    return consumer
  }

  async #begin(consumer: Consumer): Promise<void> {
    const { kafkaTopic: topic } = this.#needs.settings
    await consumer.connect()
    await consumer.subscribe({ topic, fromBeginning: true })
    if (this.#stopping.signal.aborted) return
    this.#joining = consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: workers,
      eachBatch: eachFetched((fetched, payload) => this.#take(fetched, payload)),
    })
    await this.#joining
    this.isRunning = true
  }

  #joined(consumer: Consumer, partitions: readonly number[]): void {
    const { settings, logger } = this.#needs
    const { kafkaTopic: topic } = settings
    this.#consumer = consumer
    this.isRunning = true
    // Paused partitions are tried again: the library would keep them paused over assignments.
    consumer.resume([{ topic }])
    this.#batches.assigned(partitions)
    const known = this.#needs.positions()
    for (const partition of partitions) {
      const offset = known.get(partition)
      if (offset === undefined) this.#batches.stop(partition)
      else this.#seek(partition, offset)
    }
    logger.info({ partitions }, 'partitions assigned')
    this.#needs.onAssigned(partitions)
  }

  async #take(fetched: Fetched, payload: EachBatchPayload): Promise<void> {
    const one = this.#batches.begin(fetched)
    const taken = this.#pass(one, payload)
    await Promise.race([taken, one.detached])
    if (one.isDetached) void taken.catch((error: unknown) => this.#fail(error))
    else if (await taken) await this.#rest()
  }

  /** @returns whether it was processed, and reading goes on after it */
  async #pass(one: PendingBatch, payload: EachBatchPayload): Promise<boolean> {
    const { fetched, partition } = one
    let { nextOffset } = fetched
    try {
      const isTaken = await this.#needs.onBatch(fetched, {
        isStale: () => one.isVoid || !payload.isRunning(),
        beat: () => beatOf(one, payload),
        pauseAt: (offset) => {
          nextOffset = offset
          this.#batches.stop(partition)
        },
        detach: () => this.#batches.slow(one),
      })
      if (!isTaken || one.isVoid) return false
      if (one.isDetached) this.#seek(partition, nextOffset)
      else payload.resolveOffset(String(nextOffset - 1n))
      return true
    } finally {
      this.#batches.end(one)
    }
  }

  /** One batch of a fetch waits for the flush on behalf of all: the next fetch waits for all. */
  async #rest(): Promise<void> {
    if (this.#hasRested) return
    this.#hasRested = true
    await this.#needs.rested()
  }
}

/** For a detached batch, the other fetches send the heartbeats. */
async function beatOf(one: PendingBatch, payload: EachBatchPayload): Promise<void> {
  try {
    if (!one.isDetached) await payload.heartbeat()
  } catch (error) {
    if (!one.isDetached) throw error
  }
}
