/**
 * The sequences that a client requests of its threads, and those that were found: their difference
 * is exactly the missing ones, in whatever order the records come. Pure, and bounded: it holds
 * spans of sequences, and a thread in order needs one span between two gaps.
 */
import type { Share } from '../limits/ledger.ts'
import type { Numbered } from '../stages/sequences.ts'

/** Sequences of a thread that were not found; inclusive. */
export interface MissingSequences {
  readonly thread: string
  readonly first: bigint
  readonly last: bigint
}

interface Span {
  first: bigint
  last: bigint
}
interface Wanted {
  readonly after: bigint
  spans: Span[]
}

/** Spans over all threads. */
const spansMaxByDefault = 65_536
/** Spans that memory is taken for at first; memory of one span. */
const spansAtFirst = 256
const spanBytes = 128

export class ThreadAccount {
  readonly #wanted: ReadonlyMap<string, Wanted>
  readonly #spansMax: number
  readonly #notes: Pick<Share, 'take' | 'give'>
  #spans = 0
  /** Spans that memory was taken for. */
  #spansPaid = 0

  /**
   * @param requested the last sequence that the client has of each thread: it wants later ones
   * @param notes the memory that spans are taken from
   */
  constructor(
    requested: ReadonlyMap<string, bigint>,
    notes: Pick<Share, 'take' | 'give'>,
    spansMax = spansMaxByDefault,
  ) {
    this.#notes = notes
    this.#wanted = new Map(
      Array.from(requested, ([thread, after]) => [thread, { after, spans: [] }]),
    )
    this.#spansMax = spansMax
  }

  /** Whether one of these sequences is wanted. */
  wants(threads: readonly Numbered[]): boolean {
    return threads.some(({ thread, sequence }) => {
      const wanted = this.#wanted.get(thread)
      return wanted !== undefined && sequence > wanted.after
    })
  }

  /** Notes found sequences; threads that were not requested are ignored. */
  note(threads: readonly Numbered[]): void {
    for (const { thread, sequence, spans } of threads) {
      const wanted = this.#wanted.get(thread)
      if (wanted === undefined) continue
      for (const { first, last } of spans ?? [{ first: sequence, last: sequence }]) {
        if (last > wanted.after) this.#add(wanted, first, last)
      }
    }
  }

  /** Whether the account is full, because too much is out of order or missing. */
  isFull(): boolean {
    if (this.#spans < this.#spansPaid) return false
    this.#spans = 0
    for (const wanted of this.#wanted.values()) {
      wanted.spans = merged(wanted.spans)
      this.#spans += wanted.spans.length
    }
    return this.#spans >= this.#spansPaid / 2 && !this.#grow()
  }

  /** Gives back the memory of its spans. */
  end(): void {
    this.#notes.give(this.#spansPaid * spanBytes)
    this.#spansPaid = 0
  }

  /** What is missing between the request and the highest found sequence, ascending by thread. */
  *missing(): Generator<MissingSequences> {
    for (const [thread, { after, spans }] of this.#wanted) {
      let next = after + 1n
      for (const { first, last } of merged(spans)) {
        if (first > next) yield { thread, first: next, last: first - 1n }
        next = last + 1n
      }
    }
  }

  /** Takes memory for twice as many, if the limit and the memory allow it. */
  #grow(): boolean {
    const wanted = Math.max(spansAtFirst, 2 * this.#spansPaid, 2 * this.#spans)
    const paid = Math.min(this.#spansMax, wanted)
    if (paid <= this.#spansPaid || !this.#notes.take((paid - this.#spansPaid) * spanBytes))
      return false
    this.#spansPaid = paid
    return true
  }

  #add({ spans }: Wanted, first: bigint, last: bigint): void {
    const latest = spans.at(-1)
    if (latest !== undefined && first >= latest.first && first <= latest.last + 1n) {
      if (last > latest.last) latest.last = last
      return
    }
    spans.push({ first, last })
    this.#spans += 1
  }
}

const byFirst = (a: Span, b: Span) => (a.first < b.first ? -1 : a.first > b.first ? 1 : 0)

/** The same sequences in as few spans as possible, ascending. */
function merged(spans: readonly Span[]): Span[] {
  const result: Span[] = []
  for (const span of spans.toSorted(byFirst)) {
    const last = result.at(-1)
    if (last === undefined || span.first > last.last + 1n) result.push({ ...span })
    else if (span.last > last.last) last.last = span.last
  }
  return result
}
