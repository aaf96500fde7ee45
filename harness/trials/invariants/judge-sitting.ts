/**
 * Holds one connection against what was produced. Whatever a relay does to a client, it may not
 * send a record twice, a step back, other bytes or a malformed one, and may leave none out without
 * a word; and what it says about loss must be true.
 */
import type { Seen, Sitting } from './sitting.ts'
import type { Truth } from './truth.ts'

type Event<K extends Seen['is']> = Extract<Seen, { is: K }>

export interface JudgeLimits {
  /** How long a resume may stay without an answer. */
  readonly answerMs: number
  /** Who asks later than so long after it began to connect may be live before. */
  readonly askMs: number
}

/** Everything that was wrong with a connection, a sentence each; `isLast` if it saw the end. */
export function judgeSitting(
  sitting: Sitting,
  truth: Truth,
  limits: JudgeLimits,
  isLast: boolean,
): string[] {
  const judge = new SittingJudge(truth, limits)
  for (const one of sitting.seen) judge.take(one)
  if (isLast) judge.end()
  return judge.wrongs.map((wrong) => `${sitting.viewer}: ${wrong}`)
}

class SittingJudge {
  readonly #truth: Truth
  readonly #limits: JudgeLimits
  readonly wrongs: string[] = []
  /** The first offset of a partition that the client may still get; absent while it is unknown. */
  #next = new Map<number, bigint>()
  /** Partitions whose replay was capped: what follows may jump, once. */
  #jumping = new Set<number>()
  /** What a stale cursor's answer named as the oldest offset. */
  readonly #oldest = new Map<number, bigint>()
  #askedMs: number | undefined
  /** Who asked late gets live records and a replay in one, until the answer. */
  #isMixed = false

  constructor(truth: Truth, limits: JudgeLimits) {
    this.#truth = truth
    this.#limits = limits
  }

  take(seen: Seen): void {
    if (seen.is === 'asked') this.#asked(seen)
    else if (seen.is === 'record') this.#record(seen)
    else if (seen.is === 'gap') this.#gap(seen)
    else if (seen.is === 'stale') this.#stale(seen)
    else if (seen.is === 'unpaired') this.wrongs.push(seen.found)
    else this.#answered(seen)
  }

  /** Nothing more will come, and the connection lives: it must have everything. */
  end(): void {
    for (const [partition, end] of this.#truth.ends()) {
      const next = this.#next.get(partition)
      if (next !== undefined) this.#passOver(partition, next, end, 'never came')
    }
    if (this.#askedMs !== undefined) this.wrongs.push('a resume was never answered')
  }

  #asked({ from, cursors, afterMs, atMs }: Event<'asked'>): void {
    this.#askedMs = atMs
    this.#isMixed = afterMs > this.#limits.askMs
    if (from !== 'cursor') return
    this.#next = new Map([...cursors].map(([partition, offset]) => [partition, offset + 1n]))
  }

  /** Everything below is lost, or of another log; a gap may say once more what was lost. */
  #stale({ partition, oldest }: Event<'stale'>): void {
    if (!this.#isMixed) this.#next.set(partition, oldest)
    this.#oldest.set(partition, oldest)
  }

  #answered(seen: Event<'complete' | 'error' | 'closed'>): void {
    const tookMs = seen.atMs - (this.#askedMs ?? seen.atMs)
    this.#askedMs = undefined
    this.#isMixed = false
    if (tookMs > this.#limits.answerMs) this.wrongs.push(`a resume took ${Math.round(tookMs)} ms`)
    if (seen.is !== 'complete') return
    if (seen.isCapped) this.#jumping = new Set(this.#truth.ends().keys())
    if (seen.mode !== 'latest') return
    for (const [partition, offset] of seen.last) this.#next.set(partition, offset + 1n)
  }

  #record({ partition, offset, crc }: Event<'record'>): void {
    const where = `${partition}/${offset}`
    const produced = this.#truth.at(partition, offset)
    if (produced === undefined) this.wrongs.push(`${where} was never produced`)
    else if (produced.crc === undefined) this.wrongs.push(`${where} is not for clients`)
    else if (produced.crc !== crc) this.wrongs.push(`${where} has other bytes than in Kafka`)
    if (this.#isMixed) return this.#mix(partition, offset)
    const next = this.#next.get(partition) ?? offset
    if (offset < next) this.wrongs.push(`${where} came after ${partition}/${next - 1n}`)
    else if (!this.#jumping.delete(partition)) {
      this.#passOver(partition, next, offset, `was left out before ${offset}`)
    }
    this.#next.set(partition, offset + 1n)
  }

  #gap({ partition, first, last, count }: Event<'gap'>): void {
    if (this.#isMixed) return this.#mix(partition, last)
    const says = `a gap of ${count} from ${partition}/${first} to ${last}`
    const isOfStale = last < (this.#oldest.get(partition) ?? 0n)
    const next = isOfStale ? first : (this.#next.get(partition) ?? first)
    if (first < next) this.wrongs.push(`${says} declares ${next - 1n}, which was there`)
    this.#passOver(partition, next, first, `was left out before ${says}`)
    const good = this.#truth.good(partition, first, last)
    // What became of malformed ones may have been forgotten together with the rest.
    if (count < good || count > Number(last - first) + 1) {
      this.wrongs.push(`${says} has ${good} records for clients`)
    }
    if (!isOfStale) this.#next.set(partition, last + 1n)
  }

  /** What the answer is followed by comes after all that came before it. */
  #mix(partition: number, offset: bigint): void {
    if (offset >= (this.#next.get(partition) ?? 0n)) this.#next.set(partition, offset + 1n)
  }

  /** The offsets `from` to `to`, exclusive, were not sent: none of them may have been owed. */
  #passOver(partition: number, from: bigint, to: bigint, how: string): void {
    for (let offset = from; offset < to; offset += 1n) {
      if (this.#truth.at(partition, offset)?.crc === undefined) continue
      this.wrongs.push(`${partition}/${offset} ${how}`)
      return
    }
  }
}
