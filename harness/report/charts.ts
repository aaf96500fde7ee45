/**
 * Charts that every run has, whatever its scenario expects: read these before believing a verdict.
 * Checkers add their own.
 */
import type { Chart, Series } from '../checkers/checker.ts'
import type { History } from '../history/history.ts'
import { resampled } from '../judge/rates.ts'

/** Width of one bar of a rate, µs. */
const binMicros = 500_000
/** Each bin reads all deliveries once. */
const latencyBinsMax = 60

const throughputTitle = 'Records produced, and delivered to each client of a group'
const clientsTitle = 'Connected clients: reported and true'

/** Titles of the charts that help with any failure: input, output, and clients. */
export const generalCharts: ReadonlySet<string> = new Set([throughputTitle, clientsTitle])

export function standardCharts(history: History): Chart[] {
  return [throughput(history), latency(history), memory(history), clients(history)].filter(
    ({ series }) => series.some(({ t }) => t.length > 0),
  )
}

function throughput(history: History): Chart {
  const { records, deliveries } = history.stream()
  const acked: [number, number][] = []
  for (const { ackedAt } of records.values()) {
    for (const t of ackedAt) acked.push([t, 1])
  }
  const byGroup = new Map<string, [number, number][]>()
  for (const [client, received] of deliveries) {
    const group = history.sessions.get(client)?.[0]?.group ?? 'unknown'
    const arrivals = byGroup.get(group) ?? []
    byGroup.set(group, arrivals)
    received.eachArrival((_partition, _first, count, t) => void arrivals.push([t, count]))
  }
  const groupSize = (group: string) =>
    [...history.sessions.values()].filter(([session]) => session?.group === group).length
  return {
    title: throughputTitle,
    series: [
      rate('produced', acked, history.end, 1),
      ...[...byGroup].map(([group, arrivals]) =>
        rate(group, arrivals, history.end, groupSize(group)),
      ),
    ],
  }
}

function rate(name: string, counted: [number, number][], end: number, share: number): Series {
  const { t, sums } = resampled(counted, end, binMicros)
  const perSecond = 1_000_000 / binMicros / Math.max(share, 1)
  return { name, unit: 'records/s', t, v: sums.map((sum) => sum * perSecond) }
}

/** From handing a record to Kafka until its arrival, bin by bin. */
function latency(history: History): Chart {
  const clientIds = [...history.stream().deliveries.keys()]
  const t: number[] = []
  const p50: (number | null)[] = []
  const p99: (number | null)[] = []
  const width = Math.max(1_000_000, history.end / latencyBinsMax)
  for (let begin = 0; begin < history.end; begin += width) {
    const histogram = history.latency(clientIds, { begin, end: begin + width })
    const isEmpty = histogram.totalCount === 0
    t.push(begin + width / 2)
    p50.push(isEmpty ? null : histogram.getValueAtPercentile(50) / 1_000)
    p99.push(isEmpty ? null : histogram.getValueAtPercentile(99) / 1_000)
  }
  return {
    title: 'Latency from Kafka to client, replays included',
    series: [
      { name: 'p50', unit: 'ms', t, v: p50 },
      { name: 'p99', unit: 'ms', t, v: p99 },
    ],
  }
}

function memory(history: History): Chart {
  const roles = ['relay', 'toxiproxy', 'redis']
  const series = roles.map((role): Series => {
    const own = history.events('memory').filter(([, , whose]) => whose === role)
    return { name: role, unit: 'bytes', t: own.map(([, t]) => t), v: own.map(([, , , rss]) => rss) }
  })
  return { title: 'Memory (RSS)', series }
}

function clients(history: History): Chart {
  const told = history.signal('connectedClients')
  return {
    title: clientsTitle,
    series: [
      { name: 'reported', unit: 'count', t: told.t, v: told.v },
      { name: 'true', unit: 'count', ...reallyOpen(history) },
    ],
  }
}

function reallyOpen(history: History): { t: number[]; v: number[] } {
  const edges: [number, number][] = []
  for (const sessions of history.sessions.values()) {
    for (const { begin, end } of sessions) edges.push([begin, 1], [end, -1])
  }
  edges.sort(([a], [b]) => a - b)
  let open = 0
  const t: number[] = []
  const v: number[] = []
  for (const [at, step] of edges) {
    t.push(at - 1, at)
    v.push(open, open + step)
    open += step
  }
  return { t, v }
}
