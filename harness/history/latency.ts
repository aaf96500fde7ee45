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

/**
 * Latencies in microseconds of the deliveries of `clients`, live ones and replayed ones alike,
 * that arrived within the window. Records that nobody acknowledged are left out.
 */
export function latencyHistogram(
  records: ReadonlyMap<number, PartitionRecords>,
  clients: Iterable<ClientDeliveries>,
  window: { readonly begin: number; readonly end: number },
): Histogram {
  const histogram = build({
    bitBucketSize: 32,
    lowestDiscernibleValue: 1,
    highestTrackableValue: microsMax,
    numberOfSignificantValueDigits: significantDigits,
  })
  for (const deliveries of clients) {
    deliveries.eachArrival((partition, first, count, t) => {
      const acked = records.get(partition)
      if (acked === undefined || t < window.begin || t > window.end) return
      for (let offset = first; offset < first + count; offset += 1) {
        const index = acked.indexOf(offset)
        if (index < 0) continue
        const micros = t - (acked.sentAt[index] as number)
        histogram.recordValue(Math.min(microsMax, Math.max(1, Math.round(micros))))
      }
    })
  }
  return histogram
}
