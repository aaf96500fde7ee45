/**
 * Charts that every run has, in every scenario: read these before believing a verdict.
 * Checkers add their own.
 */
import type { Chart, Series } from '../checkers/checker.ts'
import type { History } from '../history/history.ts'
import { Bins } from './bins.ts'

/** Width of one bar of a rate, µs. */
const binMicros = 500_000
/** A histogram each, of some 80 kB. */
const latencyBinsMax = 60

const throughputTitle = 'Records produced, and delivered to each client of a group'
export const latencyTitle = 'Latency from Kafka to client, replays included'
export const memoryTitle = 'Memory (RSS)'
const clientsTitle = 'Connected clients: reported and true'

/** Titles of the charts that help with any failure: input, output, and clients. */
export const generalCharts: ReadonlySet<string> = new Set([throughputTitle, clientsTitle])

export function standardCharts(history: History): Chart[] {
  return [throughput(history), latency(history), memory(history), clients(history)].filter(
    ({ series }) => series.some(({ t }) => t.length > 0),
  )
}

/** Every record and every arrival is counted once, as it comes. */
function throughput(history: History): Chart {
  const { records, deliveries } = history.stream()
  const bins = () => new Bins(history.end, binMicros)
  const produced = bins()
  for (const { ackedAt } of records.values()) {
    for (const t of ackedAt) produced.add(t, 1)
  }
  const groupOf = (client: number) => history.sessions.get(client)?.[0]?.group
  const received = new Map<string, Bins>()
  for (const [client, own] of deliveries) {
    const group = groupOf(client) ?? 'unknown'
    const counted = received.get(group) ?? bins()
    received.set(group, counted)
    own.eachArrival((_partition, _first, count, t) => counted.add(t, count))
  }
  const members = Map.groupBy(history.sessions.keys(), groupOf)
  return {
    title: throughputTitle,
    series: [
      rate('produced', produced, 1),
      ...[...received].map(([group, counted]) => {
        return rate(group, counted, members.get(group)?.length ?? 1)
      }),
    ],
  }
}

function rate(name: string, { middles, sums }: Bins, share: number): Series {
  const perSecond = 1_000_000 / binMicros / share
  return { name, unit: 'records/s', t: middles, v: sums.map((sum) => sum * perSecond) }
}

/** From handing a record to Kafka until its arrival, bin by bin. */
function latency(history: History): Chart {
  const width = Math.max(1_000_000, history.end / latencyBinsMax)
  const bins = history.latencyBins(width)
  const t = bins.map((_, bin) => (bin + 0.5) * width)
  const percentile = (share: number) =>
    bins.map((bin) => (bin.totalCount === 0 ? null : bin.getValueAtPercentile(share) / 1_000))
  return {
    title: latencyTitle,
    series: [
      { name: 'p50', unit: 'ms', t, v: percentile(50) },
      { name: 'p99', unit: 'ms', t, v: percentile(99) },
    ],
  }
}

function memory(history: History): Chart {
  const byRole = Map.groupBy(history.events('memory'), ([, , role]) => role)
  const series = ['relay', 'toxiproxy', 'redis'].map((role): Series => {
    const own = byRole.get(role) ?? []
    return { name: role, unit: 'bytes', t: own.map(([, t]) => t), v: own.map(([, , , rss]) => rss) }
  })
  return { title: memoryTitle, series }
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
