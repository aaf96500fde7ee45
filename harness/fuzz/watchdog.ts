/** The watchdog over a relay's loop and memory, as those see it who feed the relay. */
import { Worker } from 'node:worker_threads'
import type { WatchOrder, WatchSays, Taken } from './watch-protocol.ts'

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

  /** What was seen since the last look; looking resets it. */
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
