/**
 * Judges records without blocking the event loop. The cost of one is bounded by the bytes to scan,
 * compressed or not. Most are small and judged at once, which is fastest; the few large ones are
 * judged by a worker thread, one at a time. So only one unpacked large record is in memory, however
 * many a fetch returns.
 */
import { Worker } from 'node:worker_threads'
import { bytesToScan } from '../../proto/codec.ts'
import { decode, type Malformed, type Valid } from './decode.ts'

export type Verdict = Valid | Malformed

/** Above this the most expensive record would take a whole slice of the event loop. */
const largeBytes = 128 * 1_024
/** Heap limit of the worker in MiB: the objects of one record, and garbage. */
const heapMegabytesMax = 64

interface Job {
  readonly value: Buffer
  readonly settle: (verdict: Verdict) => void
}

export class Judge {
  readonly #payloadBytesMax: number
  /** Created with the first large record. */
  #thread: Worker | undefined
  /** Jobs of consumption, for which live delivery waits; jobs of replays come later. */
  readonly #first: Job[] = []
  readonly #later: Job[] = []
  #underWay: Job | undefined

  /** @param payloadBytesMax largest protobuf, also after decompression */
  constructor(payloadBytesMax: number) {
    this.#payloadBytesMax = payloadBytesMax
  }

  /** Bytes of the large record that is being judged. */
  get unpackedBytes(): number {
    return this.#underWay === undefined ? 0 : this.bytesOf(this.#underWay.value)
  }

  /** Bytes that judging scans; 0 for a record that is refused by its size alone. */
  bytesOf(value: Buffer): number {
    const bytes = bytesToScan(value, 'compatible')
    return bytes > this.#payloadBytesMax + 1 ? 0 : bytes
  }

  isLarge(value: Buffer): boolean {
    return this.bytesOf(value) > largeBytes
  }

  /** Judges at once, however long it takes: for records that are not large. */
  judge(value: Buffer): Verdict {
    return decode(value, this.#payloadBytesMax)
  }

  /** The same verdict, from the worker: for large records. */
  judgeInWorker(value: Buffer, isLive: boolean): Promise<Verdict> {
    return new Promise((settle) => {
      const jobs = isLive ? this.#first : this.#later
      jobs.push({ value, settle })
      this.#next()
    })
  }

  #next(): void {
    if (this.#underWay !== undefined) return
    const job = this.#first.shift() ?? this.#later.shift()
    if (job === undefined) return
    this.#underWay = job
    this.#thread ??= this.#open()
    // A copy: the value is a view of a larger buffer, and a transferred buffer is detached here.
    const bytes = new Uint8Array(job.value)
    this.#thread.postMessage(bytes, [bytes.buffer])
  }

  #open(): Worker {
    const thread = new Worker(new URL('judge-worker.ts', import.meta.url), {
      workerData: { payloadBytesMax: this.#payloadBytesMax },
      resourceLimits: { maxOldGenerationSizeMb: heapMegabytesMax },
    })
    thread.on('message', (verdict: Verdict) => this.#answer(verdict))
    thread.on('error', () => this.#lost(thread))
    thread.on('exit', () => this.#lost(thread))
    thread.unref()
    return thread
  }

  /** If the worker dies, its record is judged here; the next large record gets a new worker. */
  #lost(thread: Worker): void {
    if (this.#thread !== thread) return
    this.#thread = undefined
    if (this.#underWay !== undefined) this.#answer(this.judge(this.#underWay.value))
  }

  #answer(verdict: Verdict): void {
    const job = this.#underWay
    this.#underWay = undefined
    job?.settle(verdict)
    this.#next()
  }
}
