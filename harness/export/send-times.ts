/**
 * When each record was handed to Kafka, by partition and offset: what a delivery's latency counts
 * from. 16 bytes a record; this is all of an export's memory that grows with the load.
 */
import { Column, placeOf } from '../history/column.ts'
import type { Acked } from '../history/event.ts'

interface Partition {
  readonly offsets: Column
  readonly sentAt: Column
  isAscending: boolean
}

/** Gathers acknowledgements in any order, then answers by offset. */
export class SendTimes {
  readonly #partitions = new Map<number, Partition>()
  readonly #sorted = new Map<number, Sorted>()

  add([, , partition, baseOffset, sentAt, records]: Acked): void {
    const own = this.#partitions.get(partition) ?? {
      offsets: new Column(),
      sentAt: new Column(),
      isAscending: true,
    }
    this.#partitions.set(partition, own)
    const { offsets } = own
    const base = Number(baseOffset)
    if (offsets.length > 0 && base <= offsets.at(offsets.length - 1)) own.isAscending = false
    for (let i = 0; i < records.length; i += 1) {
      offsets.push(base + i)
      own.sentAt.push(sentAt)
    }
  }

  /** When a record was sent, µs; undefined where Kafka never acknowledged it. */
  of(partition: number, offset: number): number | undefined {
    const { offsets, sentAt } = this.#inOrder(partition)
    const at = placeOf(offsets, offset)
    return at < 0 ? undefined : sentAt[at]
  }

  /** Sorts a partition once, when it is first asked for. */
  #inOrder(partition: number): Sorted {
    const known = this.#sorted.get(partition)
    if (known !== undefined) return known
    const sorted = sortedOf(this.#partitions.get(partition))
    this.#sorted.set(partition, sorted)
    return sorted
  }
}

interface Sorted {
  readonly offsets: Float64Array
  readonly sentAt: Float64Array
}

function sortedOf(partition: Partition | undefined): Sorted {
  if (partition === undefined) return { offsets: new Float64Array(), sentAt: new Float64Array() }
  const [offsets, sentAt] = [partition.offsets.view(), partition.sentAt.view()]
  if (partition.isAscending) return { offsets, sentAt }
  const order = Uint32Array.from(offsets.keys())
  order.sort((a, b) => (offsets[a] as number) - (offsets[b] as number))
  return {
    offsets: Float64Array.from(order, (at) => offsets[at] as number),
    sentAt: Float64Array.from(order, (at) => sentAt[at] as number),
  }
}
