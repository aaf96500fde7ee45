/**
 * The intake: everything about Kafka while the relay runs. Offsets are committed on a timer, off
 * the path of records, and only those that were offered to clients or dead-lettered.
 */
import { createAdmin, type KafkaAdmin } from './kafka/kafka-admin.ts'
import { createKafka } from './kafka/kafka-client.ts'
import { createConsumer, type KafkaConsumer } from './kafka/kafka-consumer.ts'
import { classify, explain, isTopicMissing } from './kafka/kafka-errors.ts'
import { createDlqProducer, type KafkaDlqProducer } from './kafka/kafka-dlq-producer.ts'
import { findNamespace } from './kafka/cluster.ts'
import { Committer } from './kafka/commits.ts'
import { DeadLetterQueue } from './dead-letters/dlq.ts'
import { LagMonitor } from './lag/monitor.ts'
import { Stall } from './lag/stall.ts'
import { Logs } from './kafka/logs.ts'
import type { HealthFacts, PausedPartition } from './health/seam.ts'
import type { Broadcast } from './stages/broadcast.ts'
import { Consume, type ConsumeNeeds } from './stages/consume.ts'
import { type Start, Starts } from './kafka/starts.ts'
import { Topic } from './kafka/topic.ts'
import type { Wiring } from './wiring.ts'
import { withDeadline } from './world/deadline.ts'

export interface IntakeNeeds {
  readonly broadcast: Broadcast
  readonly waitForClients: ConsumeNeeds['waitForClients']
  readonly onLost: ConsumeNeeds['onLost']
  /** The logs are others than were read; what comes from now on is of the new ones. */
  readonly onTopicRecreated: () => void
}

/**
 * How long partitions are followed after the consumer has left, in addition to the limit of the
 * breaker, because a consumer that never comes back is what the breaker is for.
 */
const followLostMs = 120_000
/** Limit of each step of the shutdown: with a dead broker every step takes all of it. */
const stopStepMs = 2_500

export class Intake {
  readonly #wiring: Wiring
  readonly #needs: IntakeNeeds
  readonly #stopping = new AbortController()
  readonly #admin: KafkaAdmin
  readonly #producer: KafkaDlqProducer
  readonly #dlq: DeadLetterQueue
  readonly #consume: Consume
  readonly #consumer: KafkaConsumer
  readonly #topic: Topic
  readonly #starts: Starts
  /** Log ends before the first record was read: records below are old. */
  #heads: ReadonlyMap<number, bigint> = new Map()
  readonly #logs: Logs
  readonly lag: LagMonitor
  readonly stall: Stall
  #assigned: readonly number[] = []
  readonly #committer: Committer
  hasJoined = false
  /** The configured topic, while Kafka says that it does not exist. */
  missingTopic: string | undefined
  #wasJoined = false
  /** Number of consumers that have left. */
  #leftCount = 0
  /** Namespace of cursors and replay buffer; set once, when the cluster is known. */
  namespace: string | undefined

  constructor(wiring: Wiring, needs: IntakeNeeds) {
    this.#wiring = wiring
    this.#needs = needs
    const { clock } = wiring.world
    const { settings } = wiring
    const topic = settings.kafkaDlqTopic || `${settings.kafkaTopic}-dlq`
    this.#admin = createAdmin(this.#client('admin'), clock)
    this.#logs = new Logs({ clock, admin: this.#admin, settings })
    this.#producer = createDlqProducer(this.#client('dlq'), clock, topic, settings.dlqSendTimeoutMs)
    this.#topic = this.#createTopic()
    this.#dlq = this.#createDlq()
    this.#consume = this.#createConsume(needs)
    this.#consumer = this.#createConsumer(needs)
    this.#starts = this.#createStarts()
    this.#committer = new Committer({
      metrics: wiring.metrics,
      logger: wiring.world.logger,
      policy: wiring.parts.offsets,
      offsets: () => this.#settled(),
      ask: () => this.#logs.committed(this.#assigned),
      commit: (offsets) => this.#consumer.commit(offsets),
    })
    this.stall = new Stall({
      clock,
      position: (partition) => this.#consume.position(partition),
      isPaused: (partition) => this.#consume.paused.has(partition),
    })
    this.lag = this.#createLag()
    this.#export()
  }

  /** Next offset to read, by partition. */
  positions(): ReadonlyMap<number, bigint> {
    return this.#consume.positions()
  }

  /** Assigned partitions that are paused before a malformed record. */
  paused(): PausedPartition[] {
    return Array.from(this.#consume.paused.values())
  }

  deadLetters(): HealthFacts['deadLetters'] {
    const { lostCount: lost, openCount: open, failingMs } = this.#dlq
    return { open, failingMs, lost }
  }

  /**
   * The next offset to read of each assigned partition; undefined until Kafka has answered. A
   * partition whose start is unknown is left out; nothing was ever read of it. After the group was
   * lost, partitions that were read keep their positions.
   */
  nextOffsets(): ReadonlyMap<number, bigint> | undefined {
    if (!this.hasJoined) return this.#wasJoined ? this.positions() : undefined
    if (!this.#starts.isAsked || !this.#wiring.parts.lagQuestions.mayReplay) return undefined
    const ours = new Set(this.#assigned)
    return new Map(Array.from(this.positions()).filter(([partition]) => ours.has(partition)))
  }

  /** Assigned partitions that are not read, because Kafka does not say where they begin. */
  withoutStart(): number[] {
    return this.#withoutStart(this.#assigned)
  }

  /** Joined, and Kafka has said once where to begin: records produced from now on are read. */
  get hasBegun(): boolean {
    return this.hasJoined && this.#starts.hasBegun
  }

  /** What is known of the ends of the logs. */
  get ends(): Pick<Logs, 'end' | 'hasAskedEnds'> {
    return this.#logs
  }

  /** Finds the cluster, joins the group and follows the lag until `stop`. Never throws. */
  async run(): Promise<void> {
    const { clock } = this.#wiring.world
    clock.every(this.#wiring.settings.commitIntervalMs, () => this.#committer.due())
    await this.#findNamespace().catch(() => undefined)
    await this.#findHeads()
    if (this.#stopping.signal.aborted) return
    this.#consumer.start()
    await this.lag.run()
  }

  /** Reads no record from now on. Records already read are in the log. */
  stopTaking(): void {
    this.#stopping.abort(new Error('the relay stops'))
    this.#consume.stop()
    this.lag.stop()
  }

  /** Sends the remaining dead letters, commits, leaves the group; bounded, never throws. */
  async stop(): Promise<void> {
    this.stopTaking()
    const { clock, logger } = this.#wiring.world
    const steps: readonly (readonly [string, () => Promise<void>])[] = [
      ['flushing dead letters', () => this.#dlq.flushed()],
      ['committing offsets', () => this.#committer.now()],
      ['leaving the group', () => this.#consumer.stop()],
    ]
    for (const [what, work] of steps) {
      await withDeadline(clock, stopStepMs, what, work).catch((error: unknown) => {
        logger.warn({ err: error }, `${what} failed`)
      })
    }
    this.#dlq.close()
    await Promise.all([this.#producer.close(stopStepMs / 2), this.#admin.close(stopStepMs / 2)])
  }

  async #findNamespace(): Promise<void> {
    const onFailed = (error: unknown) => this.#failed(error)
    const { signal } = this.#stopping
    this.namespace = await findNamespace(this.#wiring, this.#admin, onFailed, signal)
    await this.#wiring.replayed.open(this.namespace, await this.#topic.find())
  }

  /** The topic did not exist, or was unknown, when the replay buffer was opened. */
  #foundTopic(topicId: string): void {
    const { replayed } = this.#wiring
    if (replayed.topicId === undefined) replayed.logRegressed(topicId)
    else if (replayed.topicId !== topicId) this.#topicRecreated(topicId, false)
  }

  /** Resets all that is known of the old logs, and closes the clients. */
  #topicRecreated(topicId: string | undefined, isOther: boolean): void {
    const { metrics, replayed, world } = this.#wiring
    world.logger.warn({ topicId, isOther }, 'the topic was truncated or recreated')
    metrics.logRegressions.add()
    this.#heads = new Map()
    this.#logs.forget()
    this.#committer.begin()
    // Another topic is read from its start: a long enough log would be read from the old offsets.
    const fromStart = isOther ? this.#assigned : []
    this.#consume.topicRecreated(fromStart)
    this.lag.topicRecreated()
    replayed.logRegressed(topicId)
    this.#needs.onTopicRecreated()
    this.#consumer.readFrom(new Map(fromStart.map((partition) => [partition, 0n])))
    this.#starts.assigned(this.#assigned)
  }

  /** Runs once. Without an answer no record counts as old: rather a failure too many. */
  async #findHeads(): Promise<void> {
    if (this.#stopping.signal.aborted) return
    const { logger } = this.#wiring.world
    this.#heads = await this.#logs.heads().catch((error: unknown) => {
      logger.warn({ err: error }, 'log ends are unknown at the start: all records count as new')
      return new Map()
    })
  }

  /** Of every assigned partition the offset below which every record is settled. */
  #settled(): Map<number, bigint> {
    const offsets = new Map<number, bigint>()
    for (const partition of this.#assigned) {
      const next = this.#consume.position(partition)
      if (next === undefined) continue
      offsets.set(partition, this.#dlq.commitable(partition, next))
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
    if (isTopicMissing(error)) this.missingTopic = this.#wiring.settings.kafkaTopic
    this.#wiring.signals.infraError(classify(error))
  }

  #createTopic(): Topic {
    const { kafkaTopic } = this.#wiring.settings
    return new Topic({
      ask: (limitMs) => this.#admin.topicId(kafkaTopic, limitMs).catch(() => undefined),
      onFound: (id) => this.#foundTopic(id),
      onReplaced: (id, isOther) => this.#topicRecreated(id, isOther),
    })
  }

  #createDlq(): DeadLetterQueue {
    const { metrics, settings, world } = this.#wiring
    return new DeadLetterQueue({
      ...world,
      metrics,
      settings,
      topic: settings.kafkaTopic,
      producer: this.#producer,
      onCapacity: () => this.#consumer.resume(this.#consume.released()),
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
      onRebalancing: () => void this.#committer.now(),
      onError: (error) => this.#failed(error),
    })
  }

  #assign(partitions: readonly number[]): void {
    this.#beginAssignment(partitions)
    this.hasJoined = this.#consumer.isRunning
    if (this.hasJoined) this.missingTopic = undefined
    if (this.hasJoined && !this.#wasJoined) {
      const { startRetries } = this.#wiring.metrics
      startRetries.of({ operation: 'kafka_subscribe' }).observe(this.#leftCount)
    }
    this.#wasJoined ||= this.hasJoined
    if (this.hasJoined) this.#wiring.metrics.rebalances.add()
    this.lag.assigned(partitions)
    this.#starts.assigned(partitions)
  }

  #withoutStart(among: readonly number[]): number[] {
    return among.filter((partition) => this.#consume.position(partition) === undefined)
  }

  /** Start offsets are committed at once: a crash before the first record must not lose them. */
  #place(starts: readonly Start[]): void {
    for (const start of starts) this.#consume.begin(start)
    const offsets = new Map(starts.map(({ partition, offset }) => [partition, offset]))
    this.#consumer.readFrom(offsets)
    this.#committer.begun(offsets)
  }

  #createStarts(): Starts {
    const { settings, world } = this.#wiring
    return new Starts({
      ...world,
      reset: settings.kafkaAutoOffsetReset,
      ask: (wanted) => this.#logs.marks(wanted),
      withoutStart: (among) => this.#withoutStart(among),
      found: (offsets) => this.#committer.found(offsets),
      place: (starts) => this.#place(starts),
      onFailed: (error) => {
        const explained = explain(error, settings.kafkaSecurityProtocol)
        world.logger.warn({ err: error, ...explained }, 'the start offsets are not known yet')
      },
    })
  }

  /** The consumer has left: nothing is committed, but lag is still measured. */
  #left(): void {
    this.#leftCount += 1
    this.#beginAssignment([])
    this.hasJoined = false
    this.lag.lost()
  }

  /** Knowledge of the last assignment does not apply to this one. */
  #beginAssignment(partitions: readonly number[]): void {
    this.#assigned = partitions
    this.#starts.stop()
    this.#consume.reassigned()
    this.#committer.begin()
    this.#logs.forget()
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
          // Not awaited: its time must not count against the deadline of the poll.
          void this.#topic.follow()
          return parts.lagQuestions.poll(() => this.#logs.watermarks(partitions, signal))
        },
      },
      intake: {
        position: (partition) => this.#consume.position(partition),
        idleMs: (partition) => this.#consume.idleMs(partition),
      },
      intervalMs: settings.lagIntervalMs,
      timeoutMs: settings.lagPollTimeoutMs,
      firstTimeoutMs: Math.max(settings.lagPollTimeoutMs, settings.kafkaRequestTimeoutMs),
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
