/**
 * Reads from Kafka the bounds of the topic's logs, and the group's commits. The last answer is
 * kept: cursors beyond a log's end are not trusted.
 */
import type { KafkaAdmin } from './kafka-admin.ts'
import type { Watermarks } from '../lag/monitor.ts'
import type { TopicMarks } from './starts.ts'
import type { Settings } from '../tables/settings.ts'
import type { Clock } from '../world/clock.ts'
import { withDeadline } from '../world/deadline.ts'

/**
 * Deadlines of the requests: log ends before the start, start offsets, the group's commits before
 * the first commit of ours, and log ends for which a client waits. Each takes several round trips,
 * and a new connection more.
 */
const askMs = { heads: 15_000, starts: 15_000, commits: 10_000, ends: 5_000 } as const

export interface LogsNeeds {
  readonly clock: Clock
  readonly admin: KafkaAdmin
  readonly settings: Pick<Settings, 'kafkaGroupId' | 'kafkaTopic'>
}

export class Logs {
  readonly #needs: LogsNeeds
  #ends = new Map<number, bigint>()
  /** When the newest question for the ends was asked that is over. */
  #askedMs = -Infinity
  #isAsking = false

  constructor(needs: LogsNeeds) {
    this.#needs = needs
  }

  /** The end of a partition's log in the last answer. */
  end(partition: number): bigint | undefined {
    return this.#ends.get(partition)
  }

  /** The kept answers are of a previous topic or assignment. */
  forget(): void {
    this.#ends = new Map()
  }

  /**
   * Whether Kafka was asked for the ends at that time or later, and has answered or failed. If not,
   * it is asked now, with one question for all who wait.
   */
  hasAskedEnds(sinceMs: number): boolean {
    if (this.#askedMs >= sinceMs) return true
    if (!this.#isAsking) void this.#askEnds()
    return false
  }

  /** Never throws: without an answer what is known stays. */
  async #askEnds(): Promise<void> {
    const { admin, clock, settings } = this.#needs
    const ends = this.#ends
    const startMs = clock.nowMs()
    this.#isAsking = true
    try {
      const found = await admin.logEnds(settings.kafkaTopic, askMs.ends)
      // Those of a previous topic, if it was replaced meanwhile, are kept by nobody.
      for (const [partition, end] of found) ends.set(partition, end)
    } catch {
      // Kafka cannot be reached: the consumer reports that.
    } finally {
      this.#isAsking = false
      this.#askedMs = startMs
    }
  }

  /** The ends of all logs. */
  heads(): Promise<ReadonlyMap<number, bigint>> {
    return this.#needs.admin.logEnds(this.#needs.settings.kafkaTopic, askMs.heads)
  }

  /** Commits and logs of the whole topic, which must include these partitions. */
  marks(wanted: readonly number[]): Promise<TopicMarks> {
    const ask = (signal: AbortSignal) => this.#ask(wanted, signal)
    return withDeadline(this.#needs.clock, askMs.starts, 'reading the start offsets', ask)
  }

  /** Of some partitions; those whose log is unknown are left out. */
  async watermarks(
    partitions: readonly number[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<number, Watermarks>> {
    const { commits, logs } = await this.#ask(partitions, signal)
    const known = new Map<number, Watermarks>()
    for (const partition of partitions) {
      const log = logs.get(partition)
      if (log !== undefined) known.set(partition, { ...log, committed: commits.get(partition) })
    }
    return known
  }

  /** Commits beyond the end of a log were made in a previous topic, and are ignored. */
  async committed(partitions: readonly number[]): Promise<ReadonlyMap<number, bigint>> {
    const ask = (signal: AbortSignal) => this.#ask(partitions, signal)
    const what = 'reading the commits'
    const { commits, logs } = await withDeadline(this.#needs.clock, askMs.commits, what, ask)
    const known = partitions.flatMap((partition) => {
      const offset = commits.get(partition)
      const end = logs.get(partition)?.logEnd
      const isOurs = offset !== undefined && (end === undefined || offset <= end)
      return isOurs ? [[partition, offset] as const] : []
    })
    return new Map(known)
  }

  async #ask(wanted: readonly number[], signal: AbortSignal): Promise<TopicMarks> {
    const { admin, settings } = this.#needs
    const { kafkaGroupId, kafkaTopic } = settings
    const marks = await admin.marks(kafkaTopic, kafkaGroupId, wanted, signal)
    if (signal.aborted) return marks
    for (const [partition, { logEnd }] of marks.logs) this.#ends.set(partition, logEnd)
    return marks
  }
}
