/**
 * The end mark of a journal: its last line, which says how many events of each kind stand before
 * it, and proves by a checksum that they are the ones that were written. A journal without one was
 * cut; one whose mark does not fit lost lines, or was altered. Either proves nothing any more.
 *
 * The checksum covers every byte before itself, those of its own line included.
 */
import { crc32 } from 'node:zlib'
import type { Micros } from './event.ts'
import { currentFormat, type Format } from './version.ts'

/** The line of the mark. `crc` is that of all bytes before the line. */
export function markOf(t: Micros, counts: ReadonlyMap<string, number>, crc: number): string {
  const told = JSON.stringify(Object.fromEntries(counts))
  const head = `${currentFormat.markStart}"t":${t},"counts":${told},"crc32":`
  return `${head}${crc32(head, crc)}}\n`
}

/** What the end of a journal says of it. */
export type JournalEnd =
  | 'whole'
  /** No mark: its writer was cut off, or the file was. */
  | 'unmarked'
  /** The mark does not fit what stands before it, or something stands behind it. */
  | 'altered'

/** Follows one journal, line by line, and returns at the end whether it is what was written. */
export class EndWatch {
  #end: JournalEnd = 'unmarked'
  readonly #counts = new Map<string, number>()
  readonly #format: Format

  constructor(format: Format) {
    this.#format = format
  }

  /** Sees a line that is no mark: an event of that kind, or none at all. */
  seeEvent(kind: string | undefined): void {
    if (this.#end !== 'unmarked') this.#end = 'altered'
    else this.#counts.set(kind ?? '', (this.#counts.get(kind ?? '') ?? 0) + 1)
  }

  /**
   * Sees a mark.
   *
   * @param mark the line as JSON holds it; undefined where it is no JSON
   * @param crc the checksum of all bytes before this line
   */
  seeMark(line: string, mark: unknown, crc: number): void {
    const isFirst = this.#end === 'unmarked'
    this.#end = isFirst && this.#isFitting(line, mark, crc) ? 'whole' : 'altered'
  }

  /** `isCut`: the file ends inside a line. */
  end(isCut: boolean): JournalEnd {
    return isCut && this.#end === 'whole' ? 'altered' : this.#end
  }

  /** The checksum is the last number of the line, and covers what stands before it. */
  #isFitting(line: string, mark: unknown, crc: number): boolean {
    const from = line.search(/\d+.$/)
    const told = line.slice(from, -1)
    if (mark === undefined || told !== String(crc32(line.slice(0, from), crc))) return false
    const counts = JSON.stringify(this.#format.countsOf(mark))
    return counts === JSON.stringify(Object.fromEntries(this.#counts))
  }
}
