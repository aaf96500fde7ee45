/**
 * The intake: everything that concerns Kafka for as long as the relay runs. Offsets are committed
 * on a timer, off the path of records, and only what was offered or dead-lettered.
 */
import { createAdmin, type KafkaAdmin } from './kafka/kafka-admin.ts'
import { createKafka } from './kafka/kafka-client.ts'
import { createConsumer, type KafkaConsumer } from './kafka/kafka-consumer.ts'
import { classify, explain, isTopicMissing } from './kafka/kafka-errors.ts'
import { createLetterBox, type KafkaLetterBox } from './kafka/kafka-producer.ts'
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
  readonly room: ConsumeNeeds['room']
  readonly onLost: ConsumeNeeds['onLost']
  /** The logs are others than were read; what comes from now on is of the new ones. */
  readonly onBegunAnew: () => void
}

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
  readonly #starts: Starts
  /** Log ends before the first record was read: records below are old. */
  #heads: ReadonlyMap<number, bigint> = new Map()
  readonly #logs: Logs
  readonly lag: LagMonitor
  readonly stall: Stall
  #assigned: readonly number[] = []
  readonly #committer: Committer
  hasJoined = false
  /** The topic, while Kafka says that there is none of its name. */
  missingTopic: string | undefined
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
    this.#logs = new Logs({ clock, admin: this.#admin, settings })
    this.#box = createLetterBox(this.#client('dlq'), clock, topic, settings.dlqSendTimeoutMs)
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

  /** Next offset to be taken, by partition. */
  positions(): ReadonlyMap<number, bigint> {
    return this.#consume.positions()
  }

  /** Partitions of ours that stopped before a malformed record. */
  paused(): PausedPartition[] {
    return Array.from(this.#consume.paused.values())
  }

  deadLetters(): HealthFacts['deadLetters'] {
    const { lostCount: lost, openCount: open, troubleMs } = this.#dlq
    return { open, troubleMs, lost }
  }

  /**
   * For each partition that is ours the next offset to be taken; undefined as long as Kafka has not
   * answered. Left out is what nobody can tell of, of which nothing was ever read either. What was
   * read before the group was lost goes on where it stands.
   */
  nextOffsets(): ReadonlyMap<number, bigint> | undefined {
    if (!this.hasJoined) return this.#wasJoined ? this.positions() : undefined
    if (!this.#starts.isAsked || !this.#wiring.parts.lagQuestions.mayReplay) return undefined
    const ours = new Set(this.#assigned)
    return new Map(Array.from(this.positions()).filter(([partition]) => ours.has(partition)))
  }

  /** Partitions of ours that are not read, because Kafka does not say where they begin. */
  unplaced(): number[] {
    return this.#unplaced(this.#assigned)
  }

  /** Joined, and told once by Kafka where to begin: what is produced from now on is read. */
  get hasBegun(): boolean {
    return this.hasJoined && this.#starts.hasBegun
  }

  /** Where the log of a partition ended when it was last asked for. */
  logEnd(partition: number): bigint | undefined {
    return this.#logs.end(partition)
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
      ['committing offsets', () => this.#committer.now()],
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
    this.#logs.forget()
    this.#committer.begin()
    // Logs that are long enough would be read on where the other ones stood.
    const fromStart = isOther ? this.#assigned : []
    this.#consume.begunAnew(fromStart)
    this.lag.begunAnew()
    replayed.logRegressed(topicId)
    this.#needs.onBegunAnew()
    this.#consumer.readFrom(new Map(fromStart.map((partition) => [partition, 0n])))
    this.#starts.assigned(this.#assigned)
  }

  /** Once. Without an answer no record is old: better one failure too many than one too few. */
  async #findHeads(): Promise<void> {
    if (this.#stopping.signal.aborted) return
    const { logger } = this.#wiring.world
    this.#heads = await this.#logs.heads().catch((error: unknown) => {
      logger.warn({ err: error }, 'where the logs end is not known: all is new')
      return new Map()
    })
  }

  /** Offset of every partition of ours below which everything is settled. */
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

  #unplaced(among: readonly number[]): number[] {
    return among.filter((partition) => this.#consume.position(partition) === undefined)
  }

  /** The group learns at once where it stands: a crash before the first record must not hide it. */
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
      unplaced: (among) => this.#unplaced(among),
      found: (offsets) => this.#committer.found(offsets),
      place: (starts) => this.#place(starts),
      onFailed: (error) => {
        const explained = explain(error, settings.kafkaSecurityProtocol)
        world.logger.warn({ err: error, ...explained }, 'where reading begins is not known yet')
      },
    })
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
          // Beside it: what it costs must not count against the deadline of the poll.
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
