/**
 * Asks Kafka for the ends of the logs, on its own timer and under its own deadline, so that a slow
 * broker costs a sample and never a record. It ignores answers that are older than the assignment,
 * reads positions before log ends, and reports when a log has become shorter.
 */
import type { Metrics } from '../metrics/metrics.ts'
import type { LagSample, LagSeries } from './seam.ts'
import { type Clock, sleep, type Timer } from '../world/clock.ts'
import { withDeadline } from '../world/deadline.ts'

/** What Kafka says of one partition. */
export interface Watermarks {
  readonly logStart: bigint
  /**
   * The last stable offset: the next offset that will be written, or the start of the first open
   * transaction. Records of an open transaction are neither lag nor a stall.
   */
  readonly logEnd: bigint
  /** The group's committed offset, the next to be read; undefined when there is none. */
  readonly committed: bigint | undefined
}

/** The source of watermarks. */
export interface LagSource {
  /**
   * Partitions that got no answer are left out.
   *
   * @param signal aborts at the poll's deadline; the answer is not awaited any longer
   */
  poll(
    partitions: readonly number[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<number, Watermarks>>
}

/** The progress of the consume stage. */
export interface Progress {
  /** Next offset to read, now or when this relay last had the partition. */
  position(partition: number): bigint | undefined
  /** Milliseconds since a record of it was handled; undefined for never. */
  idleMs(partition: number): number | undefined
}

export interface LagMonitorNeeds {
  readonly clock: Clock
  readonly source: LagSource
  readonly intake: Progress
  readonly series: LagSeries
  readonly metrics: Metrics
  readonly intervalMs: number
  /** Deadline of one poll. */
  readonly timeoutMs: number
  /** Deadline of the first poll of an assignment, which connects and looks up leaders. */
  readonly firstTimeoutMs: number
  /** How long partitions are followed after the consumer was lost. */
  readonly followLostMs: number
  /** A lagging partition that is idle for longer is reported. */
  readonly staleMs: number
  /** Where a group without a committed offset starts. */
  readonly autoOffsetReset: 'earliest' | 'latest'
  /** The newest offset that the replay buffer holds, if any. */
  readonly remembered?: (partition: number) => bigint | undefined
  /** The log ends below offsets that were seen: it was truncated, or the topic recreated. */
  readonly onLogRegressed?: (partition: number, logEnd: bigint) => void
  /** After each poll, with the samples of the partitions that got an answer. */
  readonly onPolled?: (samples: readonly LagSample[]) => void
  readonly onStale?: (partition: number, idleMs: number, lagRecords: number) => void
  readonly onPollFailed?: (error: unknown) => void
}

/** Polls in a row that must fail before the brokers count as silent. */
const failuresUntilSilent = 2

/** What is known of a partition of this assignment. */
interface Followed {
  /** Where reading starts when nothing was read or committed yet. */
  start: bigint | undefined
  /** Log end at the first answer: reaching it ends the catch-up. */
  head: bigint | undefined
  last: Watermarks | undefined
  isRegressed: boolean
}

const unknown: Followed = {
  start: undefined,
  head: undefined,
  last: undefined,
  isRegressed: false,
}

export class LagMonitor {
  readonly #needs: LagMonitorNeeds
  readonly #stopping = new AbortController()
  #followed = new Map<number, Followed>()
  #wake = Promise.withResolvers<void>()
  #generation = 0
  #polledGeneration: number | undefined
  #failuresInARow = 0
  /** Runs while the partitions are lost. */
  #lost: Timer | undefined
  #lastSuccessUnixMs: number | undefined

  constructor(needs: LagMonitorNeeds) {
    this.#needs = needs
    this.#export()
  }

  /**
   * A new assignment. Series of revoked partitions are gone when this returns, and the rest is
   * polled at once.
   */
  assigned(partitions: readonly number[]): void {
    this.#lost?.cancel()
    this.#lost = undefined
    const before = this.#followed
    this.#followed = new Map(partitions.map((one) => [one, before.get(one) ?? { ...unknown }]))
    this.#generation++
    this.#needs.series.assigned(partitions)
    this.#wake.resolve()
  }

  /**
   * The consumer is gone, but its partitions may not have been reassigned: they are followed for a
   * while, because an outage that hides its own lag would look healthy.
   */
  lost(): void {
    if (this.#stopping.signal.aborted) return
    const { clock, followLostMs } = this.#needs
    this.#lost ??= clock.after(followLostMs, () => this.assigned([]), true)
  }

  /** The topic was recreated: all that is known is reset, and all partitions are polled at once. */
  topicRecreated(): void {
    const partitions = [...this.#followed.keys()]
    this.#followed = new Map(partitions.map((one) => [one, { ...unknown }]))
    this.#generation++
    this.#needs.series.assigned([])
    this.#needs.series.assigned(partitions)
    this.#wake.resolve()
  }

  /** Polls until `stop`. Settles within one poll's deadline after it. */
  async run(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      this.#wake = Promise.withResolvers()
      await this.#poll()
      await this.#rest()
    }
  }

  stop(): void {
    this.#lost?.cancel()
    this.#stopping.abort(new Error('the lag monitor was stopped'))
  }

  /** Whether each of the last polls got no answer for any partition. */
  get areBrokersSilent(): boolean {
    return this.#failuresInARow >= failuresUntilSilent
  }

  /**
   * Records that wait in Kafka: a lower bound, from the last answers and the current positions.
   * Undefined while no partition is known.
   */
  waitingRecords(): number | undefined {
    let sum: bigint | undefined
    for (const [partition, followed] of this.#followed) {
      const { last } = followed
      if (last === undefined) continue
      const base = max(this.#positionOf(partition, followed, last), last.logStart)
      sum = (sum ?? 0n) + max(last.logEnd - base, 0n)
    }
    return sum === undefined ? undefined : Number(sum)
  }

  /** Waits for the interval, a new assignment or the stop. */
  async #rest(): Promise<void> {
    const { clock, intervalMs } = this.#needs
    const done = new AbortController()
    const signal = AbortSignal.any([this.#stopping.signal, done.signal])
    const rested = sleep(clock, intervalMs, signal).catch(() => undefined)
    await Promise.race([rested, this.#wake.promise])
    done.abort(new Error('rested'))
  }

  async #poll(): Promise<void> {
    const partitions = [...this.#followed.keys()]
    if (partitions.length === 0) return this.#needs.onPolled?.([])
    const { clock, source, intake, remembered } = this.#needs
    const generation = this.#generation
    const positions = new Map(partitions.map((one) => [one, intake.position(one)]))
    const memory = new Map(partitions.map((one) => [one, remembered?.(one)]))
    const startMs = clock.nowMs()
    const answers = await this.#ask(source, partitions)
    this.#account(partitions.length, answers.size, clock.nowMs() - startMs)
    if (generation !== this.#generation) return
    const samples = Array.from(answers, ([partition, marks]) => {
      const known = { position: positions.get(partition), newest: memory.get(partition) }
      return this.#sample(partition, marks, known)
    })
    this.#needs.series.polled(samples)
    this.#needs.onPolled?.(samples)
    this.#reportStale(samples)
  }

  /** An answer that fails or comes too late counts as empty. */
  async #ask(
    source: LagSource,
    partitions: readonly number[],
  ): Promise<ReadonlyMap<number, Watermarks>> {
    const { clock } = this.#needs
    const isFirst = this.#polledGeneration !== this.#generation
    this.#polledGeneration = this.#generation
    const timeoutMs = isFirst ? this.#needs.firstTimeoutMs : this.#needs.timeoutMs
    const { signal: stopping } = this.#stopping
    const work = (signal: AbortSignal) => source.poll(partitions, signal)
    try {
      return await withDeadline(clock, timeoutMs, 'a poll of the lag monitor', work, stopping)
    } catch (error) {
      if (!stopping.aborted) this.#needs.onPollFailed?.(error)
      return new Map()
    }
  }

  #account(asked: number, answered: number, tookMs: number): void {
    if (this.#stopping.signal.aborted) return
    const { metrics, clock } = this.#needs
    const unanswered = asked - answered
    const status = unanswered === 0 ? 'success' : 'error'
    metrics.lagPollDuration.of({ status }).observe(tookMs / 1_000)
    metrics.lagPollFailures.add(unanswered)
    // A partition without a leader does not make the brokers silent if they answer for others.
    this.#failuresInARow = answered > 0 ? 0 : this.#failuresInARow + 1
    if (unanswered > 0) return
    this.#lastSuccessUnixMs = clock.unixMs()
  }

  #sample(
    partition: number,
    marks: Watermarks,
    known: { position: bigint | undefined; newest: bigint | undefined },
  ): LagSample {
    const followed = this.#followed.get(partition)!
    const { logStart, logEnd } = marks
    const isFromEarliest = this.#needs.autoOffsetReset === 'earliest'
    followed.start ??= isFromEarliest ? logStart : logEnd
    followed.head ??= logEnd
    const position = furthest(known.position, marks.committed) ?? followed.start
    const endBefore = followed.last?.logEnd
    const afterNewest = known.newest === undefined ? undefined : known.newest + 1n
    const seen = furthest(furthest(known.position, afterNewest), endBefore) ?? 0n
    this.#judgeRegression(partition, followed, seen, logEnd)
    followed.last = marks
    return { partition, position, logStart, logEnd, idleMs: this.#needs.intake.idleMs(partition) }
  }

  /** Reports once per regression, not once per poll. */
  #judgeRegression(partition: number, followed: Followed, seen: bigint, logEnd: bigint): void {
    const isRegressed = seen > logEnd
    if (isRegressed && !followed.isRegressed) {
      followed.head = logEnd
      this.#needs.onLogRegressed?.(partition, logEnd)
    }
    followed.isRegressed = isRegressed
  }

  #positionOf(partition: number, followed: Followed, last: Watermarks): bigint {
    const position = this.#needs.intake.position(partition)
    return furthest(position, last.committed) ?? followed.start ?? last.logEnd
  }

  #reportStale(samples: readonly LagSample[]): void {
    const { series, staleMs, onStale } = this.#needs
    if (onStale === undefined) return
    const lags = series.read()
    for (const { partition, idleMs } of samples) {
      const lag = lags.get(partition) ?? 0
      if (idleMs !== undefined && idleMs > staleMs && lag > 0) onStale(partition, idleMs, lag)
    }
  }

  #export(): void {
    const { metrics, series, intake } = this.#needs
    metrics.consumerLag.from(() => series.read())
    metrics.lagOffsetAge.from(() => this.#perPartition((one) => seconds(intake.idleMs(one))))
    metrics.catchupPhase.from(() => this.#perPartition((one) => this.#catchup(one)))
    metrics.assignedPartitions.from(() => this.#followed.size)
    metrics.lagLastSuccessTimestamp.from(() => seconds(this.#lastSuccessUnixMs))
  }

  #catchup(partition: number): number | undefined {
    const followed = this.#followed.get(partition)
    if (followed?.head === undefined || followed.last === undefined) return undefined
    return this.#positionOf(partition, followed, followed.last) >= followed.head ? 0 : 1
  }

  #perPartition(read: (partition: number) => number | undefined): Map<number, number> {
    const values = new Map<number, number>()
    for (const partition of this.#followed.keys()) {
      const value = read(partition)
      if (value !== undefined) values.set(partition, value)
    }
    return values
  }
}

const max = (a: bigint, b: bigint) => (a > b ? a : b)

/**
 * The greater of the known ones. Of position and committed offset: another member may have had the
 * partition in between, and reading goes on at what it committed.
 */
function furthest(a: bigint | undefined, b: bigint | undefined): bigint | undefined {
  if (a === undefined || b === undefined) return a ?? b
  return max(a, b)
}
const seconds = (ms: number | undefined) => (ms === undefined ? undefined : ms / 1_000)
