/**
 * A log line for a malformed record, so that an operator finds it without reading the dead-letter
 * topic. A flood of them costs ten lines a minute and one that counts the rest. A line never holds
 * bytes of the record: they may be secret, and the dead letter with the same `trace_id` has them.
 */
import type { Logger } from '../adapters/logger.ts'
import type { Poison } from './dead-letter.ts'
import type { Clock } from '../world/clock.ts'

/** Lines in a minute, which begins with the first of them. */
const linesMax = 10
const everyMs = 60_000
const wordsMax = 200

export class MalformedLines {
  readonly #clock: Clock
  readonly #logger: Logger
  #logged = 0
  #suppressed = 0

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock
    this.#logger = logger
  }

  /** @param traceId called only if there is a line: it costs a hash */
  log(poison: Poison, traceId: () => string): void {
    if (this.#logged === 0) this.#clock.after(everyMs, () => this.#nextMinute(), true)
    if (this.#logged >= linesMax) {
      this.#suppressed += 1
      return
    }
    this.#logged += 1
    this.#logger.error(fieldsOf(poison, traceId()), 'a record is malformed')
  }

  #nextMinute(): void {
    const records = this.#suppressed
    this.#logged = 0
    this.#suppressed = 0
    if (records === 0) return
    this.#logger.error({ records }, 'more malformed records, which were not logged one by one')
  }
}

/** DashFlow's fields, apart from the bytes. */
const fieldsOf = (poison: Poison, traceId: string) => ({
  trace_id: traceId,
  error: poison.says.slice(0, wordsMax),
  error_type: poison.errorType,
  message_size: poison.value.length,
  message_count: poison.messageCount,
  kafka_partition: poison.partition,
  kafka_offset: String(poison.offset),
  ...(poison.lastOffset !== undefined && { kafka_last_offset: String(poison.lastOffset) }),
  component: 'websocket-server',
})
