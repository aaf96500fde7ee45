/** The numbers of a bench as people read them. */
import type { Candidate } from './candidates.ts'
import { type Judged, p99Ratio, perCpu, perSecond, throughputRatio } from './judge.ts'
import type { BenchLoad } from './loads.ts'
import type { Measurement, Tally } from './measure.ts'
import type { ProfileShare } from './profile.ts'

export interface LoadResult extends Readonly<Record<Candidate, Measurement>> {
  readonly name: string
  readonly says: string
  readonly clients: number
  /** Deliveries per CPU-second of the relay against those of the baseline relay. */
  readonly perCpuRatio: number | undefined
  /** Why the numbers are no result. */
  readonly refused: string | undefined
  readonly goals: readonly Judged[]
}

const columns = [
  ['load', 10],
  ['who', 14],
  ['per CPU-s', 10],
  ['per s', 9],
  ['cpu %', 5],
  ['p50', 6],
  ['p99', 6],
  ['p99.9', 6],
  ['lost', 6],
  ['closed', 6],
  ['KB/conn', 7],
  ['RSS MiB', 7],
  ['loop p99', 8],
  ['loop max', 8],
] as const
const leftAligned = 2
/** With fewer clients, what else a process does in the meantime is larger than their memory. */
const clientsForMemory = 1_000

const line = (cells: readonly string[]) =>
  cells
    .map((cell, at) => {
      const width = columns[at]![1]
      return at < leftAligned ? cell.padEnd(width) : cell.padStart(width)
    })
    .join(' ')

const whole = (value: number) =>
  Number.isFinite(value) ? Math.round(value).toLocaleString('en') : '–'
const tenth = (value: number | undefined) =>
  value === undefined || !Number.isFinite(value) ? '–' : value.toFixed(1)

export const headLine = (name: string, { says }: BenchLoad) => `${name}: ${says}`

/** One row for each load and candidate; times in ms. */
export function tableOf(results: readonly LoadResult[]): string[] {
  const rows = results.flatMap((result) => {
    const { relay, plain } = result
    const who = relay.without === undefined ? 'relay' : 'relay, with'
    const own = [row(result, who, relay, relay), row(result, 'plain', plain, plain)]
    if (relay.without === undefined) return own
    return [row(result, 'relay, without', relay, relay.without), ...own]
  })
  return ['', line(columns.map(([name]) => name)), ...rows]
}

function row(
  { name, clients }: LoadResult,
  who: string,
  one: Measurement,
  tally: Tally,
): string {
  const isIdle = tally.seconds === 0
  return line([
    name,
    who,
    whole(perCpu(tally)),
    whole(perSecond(tally)),
    whole((100 * tally.cpuSeconds) / tally.seconds),
    ...[tally.p50, tally.p99, tally.p999].map((ms) => (isIdle ? '–' : tenth(ms))),
    whole(one.lost),
    whole(one.closed),
    clients < clientsForMemory ? '–' : tenth(one.connectionBytes / 1_024),
    whole(one.rssBytes / 1_048_576),
    tenth(tally.loop?.p99Ms),
    tenth(tally.loop?.maxMs),
  ])
}

/** What came of it: ratios and goals, or why there is no result; and where the time went. */
export function verdictLines(result: LoadResult): string[] {
  const { goals, perCpuRatio, plain, profile, refused, relay } = { ...result, ...result.relay }
  const lines = tableOf([result]).slice(1)
  if (perCpuRatio !== undefined) {
    const latency = `p99 ${tenth(relay.p99)} against ${tenth(plain.p99)} ms`
    lines.push(`against plain: ${perCpuRatio.toFixed(2)} x deliveries per CPU-second, ${latency}`)
  }
  if (relay.without !== undefined) {
    const [late, many] = [p99Ratio(relay).toFixed(2), throughputRatio(relay).toFixed(2)]
    lines.push(`against without: ${late} x p99, ${many} x deliveries per second`)
  }
  lines.push(...machineLine(relay))
  if (refused !== undefined) lines.push(`REFUSED as a result: ${refused}`)
  else lines.push(...goals.map(goalLine))
  return [...lines, ...(profile ?? []).map(shareLine)].map((text) => `  ${text}`)
}

/** Where everything shares a machine that is full, latency is the machine's. */
function machineLine({ machine, readersCpuSeconds, seconds }: Tally): string[] {
  if (machine === undefined) return []
  const { all, busy, stolen } = machine
  const shares = [
    `${percent(busy / all)} busy`,
    `${percent(stolen / all)} stolen by the host`,
    `readers ${percent(readersCpuSeconds / seconds)} of one processor`,
  ]
  return [`machine: ${shares.join(', ')}`]
}

/** A goal, and what was found of it. */
export function goalLine({ goal, found, isMet }: Judged): string {
  const met = isMet === undefined ? 'UNKNOWN' : isMet ? 'met    ' : 'NOT met'
  const why = isMet === undefined ? ', on a machine whose host gave it to others' : ''
  return `${met} ${goal}: ${found < 100 ? found.toFixed(2) : whole(found)}${why}`
}

const percent = (share: number) => `${(100 * share).toFixed(1)} %`

const shareLine = ({ group, share, functions }: ProfileShare) =>
  `${percent(share).padStart(7)} ${group}: ` +
  functions.map((one) => `${one.name} ${percent(one.share)}`).join(', ')
