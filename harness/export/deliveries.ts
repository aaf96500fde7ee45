/**
 * Deliveries by step, group and path: how many, and how late. They are counted while their journal
 * is read, and nothing of them is kept.
 */
import type { Delivered } from '../history/event.ts'
import { compactHistogram, type Histogram } from '../history/latency.ts'
import { eachLine } from '../history/lines.ts'
import { msOf } from './observer.ts'
import type { RunSeries } from './run-series.ts'
import type { SendTimes } from './send-times.ts'
import type { Steps } from './steps.ts'

type Path = Delivered[7]
/** Quantiles as their label says them, and as percentiles. */
const quantiles = [
  ['0.5', 50],
  ['0.99', 99],
  ['1', 100],
] as const
const microsPerSecond = 1_000_000
/** How every version begins the line of a delivery. */
const lineStart = '["delivered",'

/** Calls `see` with the deliveries of a journal, in the order of its lines. */
export function eachDelivered(file: string, see: (event: Delivered) => void): void {
  eachLine(file, { truncated: 0, tooLong: 0 }, (line) => {
    if (!line.startsWith(lineStart)) return
    const event = deliveredOf(line)
    if (event !== undefined) see(event)
  })
}

/** Unreadable lines were counted when the journal was read as a whole. */
function deliveredOf(line: string): Delivered | undefined {
  try {
    const event = JSON.parse(line) as Delivered
    return Array.isArray(event[6]) ? event : undefined
  } catch {
    return undefined
  }
}

interface Own {
  readonly group: string
  readonly path: Path
  readonly counts: Float64Array
  readonly latencies: (Histogram | undefined)[]
}

export class DeliveryCounts {
  readonly #steps: Steps
  readonly #sent: SendTimes
  readonly #groupOf: (client: number) => string
  readonly #own = new Map<string, Own>()

  constructor(steps: Steps, sent: SendTimes, groupOf: (client: number) => string) {
    this.#steps = steps
    this.#sent = sent
    this.#groupOf = groupOf
  }

  see([, begun, client, partition, firstOffset, , arrivals, path]: Delivered): void {
    const own = this.#ownOf(this.#groupOf(client), path)
    let offset = Number(firstOffset)
    let t = begun
    for (let i = 0; i + 1 < arrivals.length; i += 2) {
      const count = arrivals[i + 1] ?? 0
      t += arrivals[i] ?? 0
      const step = this.#steps.indexOf(msOf(t))
      own.counts[step] = (own.counts[step] ?? 0) + count
      for (const end = offset + count; offset < end; offset += 1) {
        const sentAt = this.#sent.of(partition, offset)
        if (sentAt === undefined) continue
        const histogram = (own.latencies[step] ??= compactHistogram())
        histogram.recordValue(Math.max(1, Math.round(t - sentAt)))
      }
    }
  }

  addTo(series: RunSeries, endMs: number): void {
    for (const { group, path, counts, latencies } of this.#own.values()) {
      const total = series.of('deliveries', { group, path })
      for (const [ms, sum] of this.#steps.sumsOf(counts, endMs)) total.add(ms, sum)
      for (const [quantile, percentile] of quantiles) {
        const timeline = series.of('deliveryLatency', { group, path, quantile })
        for (const [step, histogram] of latencies.entries()) {
          if (histogram === undefined) continue
          const micros = histogram.getValueAtPercentile(percentile)
          timeline.add((step + 1) * this.#steps.widthMs, micros / microsPerSecond)
        }
      }
    }
  }

  #ownOf(group: string, path: Path): Own {
    const key = JSON.stringify([group, path])
    const known = this.#own.get(key)
    if (known !== undefined) return known
    const own = { group, path, counts: this.#steps.zeros(), latencies: [] }
    this.#own.set(key, own)
    return own
  }
}
