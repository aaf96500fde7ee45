/** The watchdog over a relay's loop and memory, as those see it who feed the relay. */
import { Worker } from 'node:worker_threads'

export interface WatchOrder {
  readonly pid: number
  /** host:port of the relay. */
  readonly address: string
  /** CPU of the loop between a question and its answer that is too much. */
  readonly turnMsMax: number
}

/** What was seen since the last look. */
export interface Taken {
  /** The most CPU that the loop burnt between a question and its answer. */
  slowestTurnMs: number
  /** The longest answer on the wall's clock, for people: it counts the machine's noise as well. */
  slowestMs: number
  rssBytesMax: number
  asked: number
  /** Questions during which the watchdog itself stood still for a while: they say less. */
  voided: number
}
export type WatchSays =
  | { readonly is: 'standing'; readonly turnMs: number }
  | { readonly is: 'taken'; readonly taken: Taken }

export class Watchdog {
  readonly #worker: Worker
  #answer = Promise.withResolvers<Taken>()
  #standing = Promise.withResolvers<number>()

  constructor(order: WatchOrder) {
    const file = new URL('./watchdog-worker.ts', import.meta.url)
    this.#worker = new Worker(file, { workerData: order })
    this.#worker.on('message', (says: WatchSays) => {
      if (says.is === 'standing') this.#standing.resolve(says.turnMs)
      else this.#answer.resolve(says.taken)
    })
    this.#worker.on('error', (error) => this.#answer.reject(error))
  }

  /** Settles with the CPU burnt as soon as the loop has burnt too much; never by itself. */
  get standing(): Promise<number> {
    return this.#standing.promise
  }

  /** What was seen since the last look, which begins anew. */
  take(): Promise<Taken> {
    this.#answer = Promise.withResolvers()
    this.#standing = Promise.withResolvers()
    this.#worker.postMessage('take', [])
    return this.#answer.promise
  }

  async close(): Promise<void> {
    await this.#worker.terminate()
  }
}
