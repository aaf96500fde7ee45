/**
 * End-to-end latency: from the moment a record was handed to Kafka until it reached a client.
 * Records are sent by an open model, so a late producer shows here and is not left out.
 */
import { build, type Histogram } from 'hdr-histogram-js'
import type { ClientDeliveries } from './deliveries.ts'
import type { PartitionRecords } from './records.ts'

export type { Histogram }

const microsMax = 600_000_000
const significantDigits = 3

/** A window whose ends both belong to it, µs. */
interface Span {
  readonly begin: number
  readonly end: number
}

/**
 * Latencies in microseconds of the deliveries of `clients`, live ones and replayed ones alike,
 * that arrived within the window. Unacknowledged records are left out.
 */
export function latencyHistogram(
  records: ReadonlyMap<number, PartitionRecords>,
  clients: Iterable<ClientDeliveries>,
  { begin, end }: Span,
): Histogram {
  const histogram = emptyHistogram()
  fill(records, clients, (t) => (t < begin || t > end ? undefined : histogram))
  return histogram
}

/** The same by the time of arrival: one histogram for every `width` µs, however many there are. */
export function latencyBins(
  records: ReadonlyMap<number, PartitionRecords>,
  clients: Iterable<ClientDeliveries>,
  end: number,
  width: number,
): Histogram[] {
  const bins = Array.from({ length: Math.ceil(end / width) }, emptyHistogram)
  fill(records, clients, (t) => bins[Math.floor(t / width)])
  return bins
}

const emptyHistogram = (): Histogram =>
  build({
    bitBucketSize: 32,
    lowestDiscernibleValue: 1,
    highestTrackableValue: microsMax,
    numberOfSignificantValueDigits: significantDigits,
  })

/** One of 1 % precision that takes the room that its values need: for very many of them. */
export const compactHistogram = (): Histogram =>
  build({
    bitBucketSize: 32,
    autoResize: true,
    lowestDiscernibleValue: 1,
    highestTrackableValue: 2,
    numberOfSignificantValueDigits: 2,
  })

/** Goes through all deliveries once; `at` says where those of a moment are counted. */
function fill(
  records: ReadonlyMap<number, PartitionRecords>,
  clients: Iterable<ClientDeliveries>,
  at: (t: number) => Histogram | undefined,
): void {
  for (const deliveries of clients) {
    deliveries.eachArrival((partition, first, count, t) => {
      const acked = records.get(partition)
      const histogram = at(t)
      if (acked === undefined || histogram === undefined) return
      for (let offset = first; offset < first + count; offset += 1) {
        const index = acked.indexOf(offset)
        if (index < 0) continue
        const micros = t - (acked.sentAt[index] as number)
        histogram.recordValue(Math.min(microsMax, Math.max(1, Math.round(micros))))
      }
    })
  }
}
