/** Observers of what is counted by step: records, clients, their ends. */
import { msOf, type Observer } from './observer.ts'
import type { RunSeries } from './run-series.ts'
import type { Steps } from './steps.ts'

/** A connection that ended without a close frame. */
const abnormalClosure = 1_006

/** What the producer was told by Kafka. */
export function records(series: RunSeries, steps: Steps): Observer {
  const [acked, failed] = [steps.zeros(), steps.zeros()]
  const count = (into: Float64Array, t: number, n: number) => {
    const step = steps.indexOf(msOf(t))
    into[step] = (into[step] ?? 0) + n
  }
  return {
    sees: {
      acked: ([, t, , , , all]) => count(acked, t, all.length),
      unacked: ([, t, , , , all]) => count(failed, t, all.length),
    },
    finish(endMs) {
      for (const [ms, sum] of steps.sumsOf(acked, endMs)) series.of('recordsAcked', {}).add(ms, sum)
      for (const [ms, sum] of steps.sumsOf(failed, endMs)) {
        series.of('recordsFailed', {}).add(ms, sum)
      }
    },
  }
}

/** Which clients were connected, and how their sessions ended. */
export function clients(
  series: RunSeries,
  steps: Steps,
  groupOf: (client: number) => string,
): Observer {
  const changes = new Map<string, Float64Array>()
  const ends = new Map<string, { group: string; code: string; counts: Float64Array }>()
  const change = (group: string, t: number, by: number) => {
    const own = changes.get(group) ?? steps.zeros()
    changes.set(group, own)
    const step = steps.indexOf(msOf(t))
    own[step] = (own[step] ?? 0) + by
  }
  return {
    sees: {
      opened: ({ t, group }) => change(group, t, 1),
      closed({ t, client, code: number }) {
        const group = groupOf(client)
        change(group, t, -1)
        const code = number === abnormalClosure ? 'none' : String(number)
        const key = JSON.stringify([group, code])
        const own = ends.get(key) ?? { group, code, counts: steps.zeros() }
        ends.set(key, own)
        const step = steps.indexOf(msOf(t))
        own.counts[step] = (own.counts[step] ?? 0) + 1
      },
    },
    finish(endMs) {
      for (const [group, own] of changes) {
        const timeline = series.of('clientsOpen', { group })
        for (const [ms, open] of steps.sumsOf(own, endMs)) timeline.add(ms, open)
      }
      for (const { group, code, counts } of ends.values()) {
        const timeline = series.of('clientsClosed', { group, code })
        for (const [ms, sum] of steps.sumsOf(counts, endMs)) timeline.add(ms, sum)
      }
    },
  }
}
