/**
 * The end mark of a journal: its last line, which says how many events of each kind stand before
 * it, and proves by a checksum that they are the ones that were written. A journal without one was
 * cut; one whose mark does not fit lost lines, or was altered. Either proves nothing any more.
 *
 * The checksum covers every byte before itself, those of its own line included.
 */
import { crc32 } from 'node:zlib'
import type { Micros } from './event.ts'

/** How the line of a mark begins. */
export const markStart = '["end",'

/** The line of the mark. `crc` is that of all bytes before the line. */
export function markOf(t: Micros, counts: ReadonlyMap<string, number>, crc: number): string {
  const head = `${markStart}${t},${JSON.stringify(Object.fromEntries(counts))},`
  return `${head}${crc32(head, crc)}]\n`
}

/** What the end of a journal says of it. */
export type JournalEnd =
  | 'whole'
  /** No mark: its writer was cut off, or the file was. */
  | 'unmarked'
  /** The mark does not fit what stands before it, or something stands behind it. */
  | 'altered'

/** Follows one journal, line by line, and tells at the end whether it is what was written. */
export class EndWatch {
  #end: JournalEnd = 'unmarked'
  readonly #counts = new Map<string, number>()

  /** @param crcBefore the checksum of all bytes before this line */
  see(line: string, kind: string | undefined, crcBefore: () => number): void {
    if (this.#end !== 'unmarked') this.#end = 'altered'
    else if (!line.startsWith(markStart)) this.#count(kind ?? '')
    else this.#end = this.#isFitting(line, crcBefore()) ? 'whole' : 'altered'
  }

  /** `isCut`: the file ends inside a line. */
  end(isCut: boolean): JournalEnd {
    return isCut && this.#end === 'whole' ? 'altered' : this.#end
  }

  #count(kind: string): void {
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1)
  }

  #isFitting(line: string, crc: number): boolean {
    const from = line.lastIndexOf(',') + 1
    const told = line.slice(from, -1)
    if (told !== String(crc32(line.slice(0, from), crc))) return false
    const counts: unknown = JSON.parse(line.slice(line.indexOf('{'), from - 1))
    return JSON.stringify(counts) === JSON.stringify(Object.fromEntries(this.#counts))
  }
}
