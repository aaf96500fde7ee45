/**
 * What Kafka has acknowledged, by partition and offset, in columns: the truth that every client's
 * deliveries are held against.
 */
import type { Acked, MalformedName, ProducedRecord, RecordNumber } from './event.ts'
import { Column, placeOf } from './column.ts'

/** One acknowledged record. Times in microseconds since the start of the run. */
export interface AckedRecord {
  readonly partition: number
  readonly offset: number
  readonly number: RecordNumber
  readonly thread: string
  readonly sequence: number
  readonly crc: number
  /** -1 for a tombstone. */
  readonly bytes: number
  readonly sentAt: number
  readonly ackedAt: number
  readonly malformed: MalformedName | undefined
}

/** The acknowledged records of one partition, ascending by offset; index 0 is the lowest. */
export interface PartitionRecords {
  readonly partition: number
  readonly length: number
  readonly offsets: Float64Array
  readonly sentAt: Float64Array
  readonly ackedAt: Float64Array
  readonly crcs: Float64Array
  readonly bytes: Float64Array
  readonly firstOffset: number
  readonly lastOffset: number
  /** Index of an offset; -1 if it was never acknowledged. */
  indexOf(offset: number): number
  record(index: number): AckedRecord
  /** Malformed records by offset, ascending. */
  readonly malformed: ReadonlyMap<number, MalformedName>
}

/** Gathers `acked` events in any order; `build` sorts once. */
export class RecordsBuilder {
  readonly #partitions = new Map<number, Columns>()
  readonly #threads = new Map<string, number>()
  readonly #threadNames: string[] = []

  add([, ackedAt, partition, baseOffset, sentAt, records]: Acked): void {
    const columns = this.#partitions.get(partition) ?? newColumns()
    this.#partitions.set(partition, columns)
    let offset = Number(baseOffset)
    for (const record of records) {
      this.#push(columns, record, offset, sentAt, ackedAt)
      offset += 1
    }
  }

  build(): ReadonlyMap<number, PartitionRecords> {
    const built = new Map<number, PartitionRecords>()
    for (const partition of [...this.#partitions.keys()].sort((a, b) => a - b)) {
      const columns = this.#partitions.get(partition) as Columns
      built.set(partition, partitionRecords(partition, sorted(columns), this.#threadNames))
    }
    return built
  }

  #push(
    columns: Columns,
    record: ProducedRecord,
    offset: number,
    sentAt: number,
    ackedAt: number,
  ): void {
    const [number, thread, sequence, crc, bytes, malformed] = record
    columns.offset.push(offset)
    columns.number.push(number)
    columns.thread.push(this.#threadId(thread))
    columns.sequence.push(sequence)
    columns.crc.push(crc >>> 0)
    columns.bytes.push(bytes)
    columns.sentAt.push(sentAt)
    columns.ackedAt.push(ackedAt)
    if (malformed !== undefined) columns.malformed.set(offset, malformed)
  }

  #threadId(thread: string): number {
    const known = this.#threads.get(thread)
    if (known !== undefined) return known
    const id = this.#threadNames.push(thread) - 1
    this.#threads.set(thread, id)
    return id
  }
}

const columnNames = [
  'offset',
  'number',
  'thread',
  'sequence',
  'crc',
  'bytes',
  'sentAt',
  'ackedAt',
] as const
type ColumnName = (typeof columnNames)[number]
type Columns = Record<ColumnName, Column> & { readonly malformed: Map<number, MalformedName> }
type Sorted = Record<ColumnName, Float64Array> & { readonly malformed: Map<number, MalformedName> }

function newColumns(): Columns {
  const columns = Object.fromEntries(columnNames.map((name) => [name, new Column()]))
  return { ...(columns as Record<ColumnName, Column>), malformed: new Map() }
}

/** Batches are acknowledged out of order now and then; most partitions need no sorting. */
function sorted(columns: Columns): Sorted {
  const offsets = columns.offset.view()
  const malformed = new Map([...columns.malformed].sort(([a], [b]) => a - b))
  const views = Object.fromEntries(columnNames.map((name) => [name, columns[name].view()]))
  if (isAscending(offsets)) return { ...(views as Record<ColumnName, Float64Array>), malformed }
  const order = Uint32Array.from(offsets.keys()).sort(
    (a, b) => (offsets[a] as number) - (offsets[b] as number),
  )
  const inOrder = (view: Float64Array) => Float64Array.from(order, (i) => view[i] as number)
  const reordered = columnNames.map((name) => [name, inOrder(columns[name].view())])
  return { ...(Object.fromEntries(reordered) as Record<ColumnName, Float64Array>), malformed }
}

function isAscending(values: Float64Array): boolean {
  for (let i = 1; i < values.length; i += 1) {
    if ((values[i] as number) < (values[i - 1] as number)) return false
  }
  return true
}

function partitionRecords(
  partition: number,
  columns: Sorted,
  threads: readonly string[],
): PartitionRecords {
  const { offset: offsets, malformed } = columns
  const of = (name: ColumnName, index: number) => columns[name][index] as number
  return {
    partition,
    length: offsets.length,
    offsets,
    sentAt: columns.sentAt,
    ackedAt: columns.ackedAt,
    crcs: columns.crc,
    bytes: columns.bytes,
    firstOffset: of('offset', 0),
    lastOffset: of('offset', offsets.length - 1),
    malformed,
    indexOf: (offset) => placeOf(offsets, offset),
    record: (index) => ({
      partition,
      offset: of('offset', index),
      number: of('number', index),
      thread: threads[of('thread', index)] as string,
      sequence: of('sequence', index),
      crc: of('crc', index),
      bytes: of('bytes', index),
      sentAt: of('sentAt', index),
      ackedAt: of('ackedAt', index),
      malformed: malformed.get(of('offset', index)),
    }),
  }
}
