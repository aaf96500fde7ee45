/**
 * What clients received, as runs of consecutive offsets: a run of a thousand records is one row
 * plus its arrivals, so that both memory and checking cost as much as what really happened.
 */
import type { Delivered, Seen } from './event.ts'
import { Column } from './column.ts'

/** One run. Times in microseconds since the start of the run. */
export interface Run {
  readonly partition: number
  readonly first: number
  readonly last: number
  /** Arrival of the first and of the last record. */
  readonly from: number
  readonly until: number
  readonly path: 'live' | 'replay'
  /**
   * Place of the run among all events as they were read; within one process's journal, and so
   * among one client's runs and control frames, it is the order of arrival, also where times tie.
   */
  readonly order: number
}

/** The deliveries of one client, in the order in which each partition's records arrived. */
export interface ClientDeliveries {
  readonly client: number
  /** Records, not runs. */
  readonly count: number
  readonly partitions: readonly number[]
  /** Runs of one partition in order of arrival. */
  runs(partition: number): readonly Run[]
  /** All runs, by time of their first arrival. */
  readonly all: readonly Run[]
  /** Calls `see` for records that arrived together: `count` offsets from `first`, at `t`. */
  eachArrival(see: (partition: number, first: number, count: number, t: number) => void): void
}

/** The bytes of a record as one process first saw them. */
export interface Sight {
  readonly t: number
  readonly partition: number
  readonly offset: number
  readonly crc: number
  readonly bytes: number
}

/** Gathers `delivered` events. */
export class DeliveriesBuilder {
  readonly #clients = new Map<number, RunColumns>()

  add(
    [, t, client, partition, firstOffset, count, arrivals, path]: Delivered,
    order: number,
  ): void {
    const columns = this.#clients.get(client) ?? newRunColumns()
    this.#clients.set(client, columns)
    columns.partition.push(partition)
    columns.first.push(Number(firstOffset))
    columns.count.push(count)
    columns.t.push(t)
    columns.isReplay.push(path === 'replay' ? 1 : 0)
    columns.order.push(order)
    columns.arrivalsFrom.push(columns.arrivals.length)
    for (const value of arrivals) columns.arrivals.push(value)
  }

  build(): ReadonlyMap<number, ClientDeliveries> {
    const built = new Map<number, ClientDeliveries>()
    for (const client of [...this.#clients.keys()].sort((a, b) => a - b)) {
      built.set(client, clientDeliveries(client, this.#clients.get(client) as RunColumns))
    }
    return built
  }
}

type RunColumns = Readonly<
  Record<
    'partition' | 'first' | 'count' | 't' | 'isReplay' | 'order' | 'arrivalsFrom' | 'arrivals',
    Column
  >
>

const newRunColumns = (): RunColumns => ({
  partition: new Column(),
  first: new Column(),
  count: new Column(),
  t: new Column(),
  isReplay: new Column(),
  order: new Column(),
  arrivalsFrom: new Column(),
  arrivals: new Column(),
})

function clientDeliveries(client: number, columns: RunColumns): ClientDeliveries {
  const all = Array.from({ length: columns.t.length }, (_, i) => runAt(columns, i))
  const byPartition = new Map<number, Run[]>()
  for (const run of all) {
    const runs = byPartition.get(run.partition)
    if (runs === undefined) byPartition.set(run.partition, [run])
    else runs.push(run)
  }
  for (const runs of byPartition.values()) runs.sort((a, b) => a.from - b.from)
  return {
    client,
    count: columns.count.view().reduce((sum, count) => sum + count, 0),
    partitions: [...byPartition.keys()].sort((a, b) => a - b),
    runs: (partition) => byPartition.get(partition) ?? [],
    all: all.sort((a, b) => a.from - b.from),
    eachArrival: (see) => eachArrival(columns, see),
  }
}

const arrivalsEnd = (columns: RunColumns, index: number): number =>
  index + 1 < columns.t.length ? columns.arrivalsFrom.at(index + 1) : columns.arrivals.length

function runAt(columns: RunColumns, index: number): Run {
  const start = columns.arrivalsFrom.at(index)
  const end = arrivalsEnd(columns, index)
  const from = columns.t.at(index) + (start < end ? columns.arrivals.at(start) : 0)
  let until = columns.t.at(index)
  for (let i = start; i < end; i += 2) until += columns.arrivals.at(i)
  const first = columns.first.at(index)
  return {
    partition: columns.partition.at(index),
    first,
    last: first + columns.count.at(index) - 1,
    from,
    until,
    path: columns.isReplay.at(index) === 1 ? 'replay' : 'live',
    order: columns.order.at(index),
  }
}

function eachArrival(
  columns: RunColumns,
  see: (partition: number, first: number, count: number, t: number) => void,
): void {
  for (let index = 0; index < columns.t.length; index += 1) {
    const partition = columns.partition.at(index)
    const end = arrivalsEnd(columns, index)
    let offset = columns.first.at(index)
    let t = columns.t.at(index)
    for (let i = columns.arrivalsFrom.at(index); i < end; i += 2) {
      const count = columns.arrivals.at(i + 1)
      t += columns.arrivals.at(i)
      see(partition, offset, count, t)
      offset += count
    }
  }
}

/** Gathers `seen` events. */
export class SightsBuilder {
  readonly #t = new Column()
  readonly #partition = new Column()
  readonly #offset = new Column()
  readonly #crc = new Column()
  readonly #bytes = new Column()

  add([, t, partition, firstOffset, crcs, bytes]: Seen): void {
    const first = Number(firstOffset)
    for (const [i, crc] of crcs.entries()) {
      this.#t.push(t)
      this.#partition.push(partition)
      this.#offset.push(first + i)
      this.#crc.push(crc >>> 0)
      this.#bytes.push(bytes[i] ?? -1)
    }
  }

  /** All sights, in the order of the files. */
  *[Symbol.iterator](): Generator<Sight> {
    for (let i = 0; i < this.#t.length; i += 1) {
      yield {
        t: this.#t.at(i),
        partition: this.#partition.at(i),
        offset: this.#offset.at(i),
        crc: this.#crc.at(i),
        bytes: this.#bytes.at(i),
      }
    }
  }
}
