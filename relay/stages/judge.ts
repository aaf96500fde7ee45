/**
 * Judges records without holding up the loop. What it costs to judge one is bounded by the bytes to
 * look through, packed or unpacked. Most are small and judged at once, which is fastest; the few
 * that are large are judged by a thread of its own, one at a time. So of all that unpacks to much
 * only one content is in memory, however many records a fetch brings.
 */
import { Worker } from 'node:worker_threads'
import { bytesToScan } from '../../proto/codec.ts'
import { decode, type Malformed, type Sound } from './decode.ts'

export type Verdict = Sound | Malformed

/** From so many bytes on, the worst of records would take a slice of the loop for itself. */
const largeBytes = 128 * 1_024
/** Megabytes of objects that the thread may hold: those of one record, and what is garbage yet. */
const heapMegabytesMax = 64

interface Job {
  readonly value: Buffer
  readonly settle: (verdict: Verdict) => void
}

export class Judge {
  readonly #payloadBytesMax: number
  /** Made when the first large record comes. */
  #thread: Worker | undefined
  /** Of consumption, for which live delivery waits; and of replays, which come after. */
  readonly #first: Job[] = []
  readonly #later: Job[] = []
  #underWay: Job | undefined

  /** @param payloadBytesMax largest protobuf, also after decompression */
  constructor(payloadBytesMax: number) {
    this.#payloadBytesMax = payloadBytesMax
  }

  /** Of the large record that is looked through now. */
  get unpackedBytes(): number {
    return this.#underWay === undefined ? 0 : this.bytesOf(this.#underWay.value)
  }

  /** Bytes that judging goes through; 0 for what is refused without a look inside. */
  bytesOf(value: Buffer): number {
    const bytes = bytesToScan(value, 'compatible')
    return bytes > this.#payloadBytesMax + 1 ? 0 : bytes
  }

  isLarge(value: Buffer): boolean {
    return this.bytesOf(value) > largeBytes
  }

  /** At once, whatever it takes: for those that are not large. */
  judge(value: Buffer): Verdict {
    return decode(value, this.#payloadBytesMax)
  }

  /** The same verdict, off the loop: for those that are large. */
  judgeAside(value: Buffer, isLive: boolean): Promise<Verdict> {
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
    // A copy of its own: the value is a view of much more, and what is handed over is gone here.
    const bytes = new Uint8Array(job.value)
    this.#thread.postMessage(bytes, [bytes.buffer])
  }

  #open(): Worker {
    const thread = new Worker(new URL('judge-thread.ts', import.meta.url), {
      workerData: { payloadBytesMax: this.#payloadBytesMax },
      resourceLimits: { maxOldGenerationSizeMb: heapMegabytesMax },
    })
    thread.on('message', (verdict: Verdict) => this.#answer(verdict))
    thread.on('error', () => this.#lost(thread))
    thread.on('exit', () => this.#lost(thread))
    thread.unref()
    return thread
  }

  /** Without the thread there is still a verdict; the next large record gets another thread. */
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
