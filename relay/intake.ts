/**
 * The intake: everything that concerns Kafka for as long as the relay runs. Offsets are committed
 * on a timer, off the path of records, and only what was offered or dead-lettered.
 */
import { createAdmin, type KafkaAdmin } from './adapters/kafka-admin.ts'
import { createKafka } from './adapters/kafka-client.ts'
import { createConsumer, type KafkaConsumer } from './adapters/kafka-consumer.ts'
import { classify, explain } from './adapters/kafka-errors.ts'
import { createLetterBox, type KafkaLetterBox } from './adapters/kafka-producer.ts'
import { findNamespace } from './cluster.ts'
import { Commits } from './commits.ts'
import { DeadLetterQueue } from './dlq.ts'
import { LagMonitor, type Watermarks } from './lag/monitor.ts'
import { Stall } from './lag/stall.ts'
import type { HealthFacts, PausedPartition } from './parts.ts'
import type { Broadcast } from './stages/broadcast.ts'
import { Consume, type ConsumeNeeds } from './stages/consume.ts'
import { Topic } from './topic.ts'
import type { Wiring } from './wiring.ts'
import { withDeadline } from './world/deadline.ts'

export interface IntakeNeeds {
  readonly broadcast: Broadcast
  readonly room: ConsumeNeeds['room']
  readonly onLost: ConsumeNeeds['onLost']
  /** The logs are others than were read; what comes from now on is of the new ones. */
  readonly onBegunAnew: () => void
}

/**
 * How long an answer may take: log ends before the start, commits before the first of ours, and
 * which topic it is before anything of it is taken.
 */
const askMs = { heads: 15_000, commits: 2_000, topic: 2_000 } as const
/**
 * Partitions are followed for so long after the consumer is gone, and the breaker's time longer,
 * because a consumer that never comes back is what the breaker is for.
 */
const followLostMs = 120_000
/** Time that each step of the way out may take: with a dead broker all of them take it. */
const stopStepMs = 2_500

export class Intake {
  readonly #wiring: Wiring
  readonly #needs: IntakeNeeds
  readonly #stopping = new AbortController()
  readonly #admin: KafkaAdmin
  readonly #box: KafkaLetterBox
  readonly #dlq: DeadLetterQueue
  readonly #consume: Consume
  readonly #consumer: KafkaConsumer
  readonly #topic: Topic
  /** Of this assignment. */
  #commits = new Commits(() => this.#askCommitted())
  /** Log ends before the first record was read: records below are old. */
  #heads: ReadonlyMap<number, bigint> = new Map()
  readonly #logEnds = new Map<number, bigint>()
  readonly lag: LagMonitor
  readonly stall: Stall
  #assigned: readonly number[] = []
  #committing: Promise<void> = Promise.resolve()
  #hasDueCommit = false
  hasJoined = false
  #wasJoined = false
  /** Consumers that are gone. */
  #leftCount = 0
  /** What cursors and the replay buffer belong to; decided once, when the cluster is known. */
  namespace: string | undefined

  constructor(wiring: Wiring, needs: IntakeNeeds) {
    this.#wiring = wiring
    this.#needs = needs
    const { clock } = wiring.world
    const { settings } = wiring
    const topic = settings.kafkaDlqTopic || `${settings.kafkaTopic}-dlq`
    this.#admin = createAdmin(this.#client('admin'), clock)
    this.#box = createLetterBox(this.#client('dlq'), clock, topic, settings.dlqSendTimeoutMs)
    this.#topic = this.#createTopic()
    this.#dlq = this.#createDlq()
    this.#consume = this.#createConsume(needs)
    this.#consumer = this.#createConsumer(needs)
    this.stall = new Stall({
      clock,
      position: (partition) => this.#consume.position(partition),
      isPaused: (partition) => this.#consume.paused.has(partition),
    })
    this.lag = this.#createLag()
    this.#export()
  }

  /** Next offset to be taken, by partition. */
  positions(): ReadonlyMap<number, bigint> {
    return this.#consume.positions()
  }

  /** Partitions of ours that stopped before a malformed record. */
  paused(): PausedPartition[] {
    return Array.from(this.#consume.paused.values())
  }

  deadLetters(): HealthFacts['deadLetters'] {
    return { open: this.#dlq.openCount, troubleMs: this.#dlq.troubleMs }
  }

  /**
   * For each partition that is ours the next offset to be taken; undefined as long as group and log
   * ends have not answered. What was read before the group was lost goes on where it stands.
   */
  nextOffsets(): ReadonlyMap<number, bigint> | undefined {
    if (this.hasJoined) return this.lag.nextOffsets()
    return this.#wasJoined ? this.positions() : undefined
  }

  /** Where the log of a partition ended when it was last asked for. */
  logEnd(partition: number): bigint | undefined {
    return this.#logEnds.get(partition)
  }

  /** Finds the cluster, joins the group and follows the lag until `stop`. Never throws. */
  async run(): Promise<void> {
    const { clock } = this.#wiring.world
    clock.every(this.#wiring.settings.commitIntervalMs, () => this.#commitInTurn())
    await this.#findNamespace().catch(() => undefined)
    await this.#findHeads()
    if (this.#stopping.signal.aborted) return
    this.#consumer.start()
    await this.lag.run()
  }

  /** Takes no record from now on. What was taken is in the log. */
  stopTaking(): void {
    this.#stopping.abort(new Error('the relay stops'))
    this.#consume.stop()
    this.lag.stop()
  }

  /** Sends what dead letters are left, commits, leaves the group; bounded, never throws. */
  async stop(): Promise<void> {
    this.stopTaking()
    const { clock, logger } = this.#wiring.world
    const steps: readonly (readonly [string, () => Promise<void>])[] = [
      ['flushing dead letters', () => this.#dlq.flushed()],
      ['committing offsets', () => this.#commit()],
      ['leaving the group', () => this.#consumer.stop()],
    ]
    for (const [what, work] of steps) {
      await withDeadline(clock, stopStepMs, what, work).catch((error: unknown) => {
        logger.warn({ err: error }, `${what} failed`)
      })
    }
    this.#dlq.close()
    await Promise.all([this.#box.close(stopStepMs / 2), this.#admin.close(stopStepMs / 2)])
  }

  async #findNamespace(): Promise<void> {
    const onFailed = (error: unknown) => this.#failed(error)
    const { signal } = this.#stopping
    this.namespace = await findNamespace(this.#wiring, this.#admin, onFailed, signal)
    await this.#wiring.replayed.open(this.namespace, await this.#topic.find())
  }

  /** The topic was not there when the replay buffer was opened, or nobody could say. */
  #foundTopic(topicId: string): void {
    const { replayed } = this.#wiring
    if (replayed.topicId === undefined) replayed.logRegressed(topicId)
    else if (replayed.topicId !== topicId) this.#begunAnew(topicId, false)
  }

  /** Forgets what is known of the logs that were read, and tells everybody. */
  #begunAnew(topicId: string | undefined, isOther: boolean): void {
    const { metrics, replayed, world } = this.#wiring
    world.logger.warn({ topicId, isOther }, 'the topic was truncated or created anew')
    metrics.logRegressions.add()
    this.#heads = new Map()
    this.#logEnds.clear()
    this.#commits = new Commits(() => this.#askCommitted())
    // Logs that are long enough would be read on where the other ones stood.
    const fromStart = isOther ? this.#assigned : []
    this.#consume.begunAnew(fromStart)
    this.lag.begunAnew()
    replayed.logRegressed(topicId)
    this.#needs.onBegunAnew()
    this.#consumer.readAnew(fromStart)
  }

  /** Once. Without an answer no record is old: better one failure too many than one too few. */
  async #findHeads(): Promise<void> {
    if (this.#stopping.signal.aborted) return
    try {
      this.#heads = await this.#admin.logEnds(this.#wiring.settings.kafkaTopic, askMs.heads)
    } catch (error) {
      this.#wiring.world.logger.warn({ err: error }, 'where the logs end is not known: all is new')
    }
  }

  /** On the timer: skipped while the last one has not been answered, so that none pile up. */
  #commitInTurn(): void {
    if (this.#hasDueCommit) return
    this.#hasDueCommit = true
    void this.#commit().finally(() => (this.#hasDueCommit = false))
  }

  /** Commits what has changed, one commit at a time. */
  #commit(): Promise<void> {
    this.#committing = this.#committing.then(() => this.#commitNow())
    return this.#committing
  }

  /** A failure is counted; the next commit covers it. */
  async #commitNow(): Promise<void> {
    if (this.#assigned.length === 0) return
    try {
      const commits = this.#commits
      const offsets = await commits.ahead(this.#toCommit())
      if (offsets.size === 0 || commits !== this.#commits) return
      await this.#consumer.commit(offsets)
      commits.taken(offsets)
      this.#wiring.metrics.commits.add()
    } catch (error) {
      this.#wiring.metrics.commitFailures.add()
      this.#wiring.world.logger.warn({ err: error }, 'offsets could not be committed')
    }
  }

  /** Commits beyond the end of a log were made in another one, and mean nothing. */
  async #askCommitted(): Promise<ReadonlyMap<number, bigint>> {
    const { clock } = this.#wiring.world
    const ask = (signal: AbortSignal) => this.#watermarks(this.#assigned, signal)
    const marks = await withDeadline(clock, askMs.commits, 'asking for the commits', ask)
    return new Map(
      Array.from(marks).flatMap(([partition, { committed, logEnd }]) =>
        committed === undefined || committed > logEnd ? [] : [[partition, committed] as const],
      ),
    )
  }

  /** Offset of every partition of ours below which everything is settled. */
  #toCommit(): Map<number, bigint> {
    const offsets = new Map<number, bigint>()
    for (const partition of this.#assigned) {
      const next = this.#consume.position(partition)
      if (next === undefined) continue
      const safe = this.#dlq.commitable(partition, next)
      const offset = this.#wiring.parts.offsets.toCommit(safe)
      offsets.set(partition, offset)
    }
    return offsets
  }

  #client(name: string) {
    const { settings, world } = this.#wiring
    const clientId = `websocket-server-${name}`
    return createKafka(settings, clientId, world.logger, (error) => this.#failed(error))
  }

  #failed(error: unknown): void {
    if (this.#stopping.signal.aborted) return
    this.#wiring.signals.infraError(classify(error))
  }

  #createTopic(): Topic {
    const { kafkaTopic } = this.#wiring.settings
    return new Topic({
      ask: () => this.#admin.topicId(kafkaTopic, askMs.topic).catch(() => undefined),
      onFound: (id) => this.#foundTopic(id),
      onReplaced: (id, isOther) => this.#begunAnew(id, isOther),
    })
  }

  #createDlq(): DeadLetterQueue {
    const { metrics, settings, world } = this.#wiring
    return new DeadLetterQueue({
      ...world,
      metrics,
      settings,
      topic: settings.kafkaTopic,
      box: this.#box,
      onRoom: () => this.#consumer.resume(this.#consume.released()),
    })
  }

  #createConsume(needs: IntakeNeeds): Consume {
    const { parts, world } = this.#wiring
    return new Consume({
      ...needs,
      ...this.#wiring,
      clock: world.clock,
      store: parts.replayStore,
      poison: parts.poison,
      dlq: this.#dlq,
      headAtStart: (partition) => this.#heads.get(partition),
      onRewound: () => this.#topic.replaced(),
    })
  }

  #createConsumer(needs: IntakeNeeds): KafkaConsumer {
    return createConsumer({
      ...this.#wiring.world,
      settings: this.#wiring.settings,
      transactions: this.#wiring.parts.transactions,
      createClient: () => this.#client('consumer'),
      positions: () => this.#consume.positions(),
      onBatch: (fetched, run) => this.#consume.take(fetched, run),
      rested: () => needs.broadcast.rested(),
      onFetched: () => this.#wiring.metrics.fetches.add(),
      onAssigned: (partitions) => this.#assign(partitions),
      onLeft: () => this.#left(),
      onRebalancing: () => void this.#commit(),
      onError: (error) => this.#failed(error),
    })
  }

  #assign(partitions: readonly number[]): void {
    this.#beginAssignment(partitions)
    this.hasJoined = this.#consumer.isRunning
    if (this.hasJoined && !this.#wasJoined) {
      const { startRetries } = this.#wiring.metrics
      startRetries.of({ operation: 'kafka_subscribe' }).observe(this.#leftCount)
    }
    this.#wasJoined ||= this.hasJoined
    if (this.hasJoined) this.#wiring.metrics.rebalances.add()
    this.lag.assigned(partitions)
  }

  /** Without a consumer nothing is committed, but how far behind the clients are still counts. */
  #left(): void {
    this.#leftCount += 1
    this.#beginAssignment([])
    this.hasJoined = false
    this.lag.lost()
  }

  /** What was known of the last one says nothing about this one. */
  #beginAssignment(partitions: readonly number[]): void {
    this.#assigned = partitions
    this.#consume.reassigned()
    this.#commits = new Commits(() => this.#askCommitted())
    this.#logEnds.clear()
  }

  #createLag(): LagMonitor {
    const { metrics, parts, settings, world } = this.#wiring
    const { clock, logger } = world
    return new LagMonitor({
      clock,
      metrics,
      series: parts.lagSeries,
      source: {
        poll: (partitions, signal) => {
          // Beside it: what it costs must not count against the deadline of the poll.
          void this.#topic.follow()
          return this.#watermarks(partitions, signal)
        },
      },
      intake: {
        position: (partition) => this.#consume.position(partition),
        idleMs: (partition) => this.#consume.idleMs(partition),
      },
      intervalMs: settings.lagIntervalMs,
      timeoutMs: settings.lagPollTimeoutMs,
      followLostMs: followLostMs + settings.breakerMs,
      staleMs: settings.lagStaleMs,
      autoOffsetReset: settings.kafkaAutoOffsetReset,
      remembered: (partition) => this.#wiring.replayed.newest(partition),
      onLogRegressed: () => void this.#topic.replaced(),
      onPolled: (samples) => this.stall.polled(samples),
      onStale: (partition, idleMs, lagRecords) => {
        logger.warn({ partition, idleMs, lagRecords }, 'a partition lags and is not being read')
      },
      onPollFailed: (error) => {
        const explained = explain(error, settings.kafkaSecurityProtocol)
        logger.warn({ err: error, ...explained }, 'the lag could not be polled')
      },
    })
  }

  async #watermarks(
    partitions: readonly number[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<number, Watermarks>> {
    const { kafkaGroupId, kafkaTopic } = this.#wiring.settings
    const marks = await this.#admin.watermarks(kafkaTopic, kafkaGroupId, partitions, signal)
    for (const [partition, { logEnd }] of marks) {
      this.#logEnds.set(partition, logEnd)
    }
    return marks
  }

  #export(): void {
    const { ledger, metrics } = this.#wiring
    ledger.share('dead_letters').from(() => this.#dlq.openBytes)
    metrics.breakerStalled.from(() => (this.stall.ms() ?? 0) / 1_000)
    metrics.inflightBytes.from(() => this.#consume.inflightBytes)
    metrics.pausedPartitions.from(() => this.#consume.paused.size)
    metrics.dlqWaiting.from(() => this.#dlq.openCount)
    metrics.dlqWaitingBytes.from(() => this.#dlq.openBytes)
  }
}
