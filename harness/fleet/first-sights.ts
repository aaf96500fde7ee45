/**
 * What the bytes of every record were when this process first saw them. A hundred clients get the
 * same record: its checksum goes into the history once, and every later sight must agree with it.
 */
import type { Journal } from '../history/journal.ts'
import type { Micros } from '../history/event.ts'

/** Offsets that are remembered per partition; one that fell out is announced again. */
const windowMax = 65_536
const windowMin = 1_024
/** Partitions that are remembered; a target that invents more is exposed by its records. */
const partitionsMax = 1_024
/** Records in one event. */
const batchMax = 4_096

/** A direct-mapped table of recent offsets of one partition: slot = offset modulo size. */
class Window {
  size = windowMin
  #offsets = new Float64Array(windowMin).fill(-1)
  #crcs = new Uint32Array(windowMin)
  #lengths = new Uint32Array(windowMin)

  /** 1: same bytes as before · -1: other bytes · 0: not remembered, now it is. */
  compare(offset: number, crc: number, length: number): -1 | 0 | 1 {
    const slot = offset % this.size
    const known = this.#offsets[slot]!
    if (known === offset) {
      return this.#crcs[slot] === crc && this.#lengths[slot] === length ? 1 : -1
    }
    if (known >= 0 && this.size < windowMax) {
      this.#grow()
      return this.compare(offset, crc, length)
    }
    this.#put(slot, offset, crc, length)
    return 0
  }

  #put(slot: number, offset: number, crc: number, length: number): void {
    this.#offsets[slot] = offset
    this.#crcs[slot] = crc
    this.#lengths[slot] = length
  }

  #grow(): void {
    const [offsets, crcs, lengths] = [this.#offsets, this.#crcs, this.#lengths]
    this.size *= 2
    this.#offsets = new Float64Array(this.size).fill(-1)
    this.#crcs = new Uint32Array(this.size)
    this.#lengths = new Uint32Array(this.size)
    for (let i = 0; i < offsets.length; i += 1) {
      if (offsets[i]! >= 0) this.#put(offsets[i]! % this.size, offsets[i]!, crcs[i]!, lengths[i]!)
    }
  }
}

/** Sights of one partition: the window, and those not yet written. */
interface Sights {
  readonly window: Window
  t: Micros
  first: number
  crcs: number[]
  lengths: number[]
}

export class FirstSights {
  readonly #journal: Journal
  readonly #partitions = new Map<number, Sights>()

  constructor(journal: Journal) {
    this.#journal = journal
  }

  /**
   * Compares a record's bytes with their first sight, or makes this the first.
   *
   * @returns why the record cannot be taken; `undefined` when all is well
   */
  compare(
    t: Micros,
    partition: number,
    offset: number,
    crc: number,
    length: number,
  ): string | undefined {
    const sights = this.#partitions.get(partition) ?? this.#open(partition)
    if (sights === undefined) return 'too-many-partitions'
    const known = sights.window.compare(offset, crc, length)
    if (known === 1) return undefined
    if (known === -1) return 'bytes-differ'
    const count = sights.crcs.length
    if (count >= batchMax || (count > 0 && offset !== sights.first + count)) this.flush(partition)
    if (sights.crcs.length === 0) {
      sights.t = t
      sights.first = offset
    }
    sights.crcs.push(crc)
    sights.lengths.push(length)
    return undefined
  }

  /** Writes what is new of a partition; done before any delivery of it is written. */
  flush(partition: number): void {
    const sights = this.#partitions.get(partition)
    if (sights === undefined || sights.crcs.length === 0) return
    const { t, first, crcs, lengths } = sights
    sights.crcs = []
    sights.lengths = []
    this.#journal.write(['seen', t, partition, String(first), crcs, lengths])
  }

  #open(partition: number): Sights | undefined {
    if (this.#partitions.size >= partitionsMax) return undefined
    const sights = { window: new Window(), t: 0, first: 0, crcs: [], lengths: [] }
    this.#partitions.set(partition, sights)
    return sights
  }
}
