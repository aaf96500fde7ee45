/**
 * Asks a relay for its pages all the time: it must answer within a second while it runs, and what
 * it counts must add up whenever it is asked.
 */
import { sleep, type Clock } from '../../../relay/world/clock.ts'
import type { Place } from '../reference-testbed.ts'

const everyMs = 250
const answerMsMax = 1_000
/** A tick of ours that comes so late says that the machine stood still, not the relay. */
const ownStallMs = 200

export class Pulse {
  readonly #clock: Clock
  readonly #place: Place
  readonly #wrongs: string[] = []
  #isOver = false
  #isPaused = false
  #asking: Promise<void> = Promise.resolve()
  #done: Promise<void> = Promise.resolve()
  polls = 0

  constructor(clock: Clock, place: Place) {
    this.#clock = clock
    this.#place = place
  }

  start(): void {
    this.#done = this.#run()
  }
  /** No question is under way when this settles, and none follows until `go`. */
  async pause(): Promise<void> {
    this.#isPaused = true
    await this.#asking
  }
  go(): void {
    this.#isPaused = false
  }
  /** @returns everything that was wrong */
  async stop(): Promise<readonly string[]> {
    this.#isOver = true
    await this.#done
    return this.#wrongs
  }

  async #run(): Promise<void> {
    while (!this.#isOver) {
      const restMs = await this.#rest()
      if (this.#isPaused || this.#isOver) continue
      this.#asking = this.#ask(restMs > everyMs + ownStallMs)
      await this.#asking
    }
  }

  async #rest(): Promise<number> {
    const startedMs = this.#clock.nowMs()
    await sleep(this.#clock, everyMs)
    return this.#clock.nowMs() - startedMs
  }

  async #ask(isLate: boolean): Promise<void> {
    const startedMs = this.#clock.nowMs()
    try {
      await this.#place.page('/health')
      const tookMs = this.#clock.nowMs() - startedMs
      if (tookMs > answerMsMax && !isLate) {
        this.#wrongs.push(`/health took ${Math.round(tookMs)} ms`)
      }
      await this.#addUp()
      this.polls += 1
    } catch (error) {
      this.#wrongs.push(`/health did not answer: ${String(error)}`)
    }
  }

  /** Two counts of the same thing, of one scrape. */
  async #addUp(): Promise<void> {
    const read = await this.#place.scrape()
    const lagged = read('websocket_client_lag_messages_total')
    const dropped = read('websocket_dropped_messages_total')
    if (lagged !== dropped) this.#wrongs.push(`${lagged} records lagged, but ${dropped} dropped`)
    const errors = read('websocket_kafka_messages_total', 'status="error"')
    const byType = read('websocket_decode_errors_total')
    if (errors !== byType) this.#wrongs.push(`${errors} errors, but ${byType} by type`)
  }
}
