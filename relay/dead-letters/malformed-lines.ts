/**
 * A line in the log for a malformed record, so that an operator finds it without reading the
 * dead-letter topic. A flood of them costs a few lines a minute and one that counts the rest. The
 * bytes of the record stand in no line: they may hold what the log must not, and the letter under
 * the same `trace_id` has them.
 */
import type { Logger } from '../adapters/logger.ts'
import type { Poison } from './dead-letter.ts'
import type { Clock } from '../world/clock.ts'

/** In the first minute from which on one is told. */
const linesMax = 10
const everyMs = 60_000
const wordsMax = 200

export class MalformedLines {
  readonly #clock: Clock
  readonly #logger: Logger
  #told = 0
  #untold = 0

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock
    this.#logger = logger
  }

  /** @param traceId asked only if there is a line: to make one costs a hash */
  tell(poison: Poison, traceId: () => string): void {
    if (this.#told === 0) this.#clock.after(everyMs, () => this.#beginAnew(), true)
    if (this.#told >= linesMax) {
      this.#untold += 1
      return
    }
    this.#told += 1
    this.#logger.error(fieldsOf(poison, traceId()), 'a record is malformed')
  }

  #beginAnew(): void {
    const records = this.#untold
    this.#told = 0
    this.#untold = 0
    if (records === 0) return
    this.#logger.error({ records }, 'more records were malformed than have a line of their own')
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
