/**
 * How nights went, one after another. Pass rates, flakes and times are counted for each machine on
 * its own: a number of another machine says nothing about this one.
 */
import type { ReportChart } from '../../reports/render/model.ts'
import type { Night, NightEntry, Outcome, PartName } from '../../reports/render/night.ts'
import type {
  ChartGroup,
  MachineTrend,
  Rate,
  TrendNight,
  TrendPage,
  TrendRow,
  TrendTable,
} from '../../reports/render/trend-model.ts'
import { findings } from '../findings/findings.ts'
import { streamFinding, worst } from '../judge/judge.ts'
import { median } from '../world/median.ts'
import { wilson } from './wilson.ts'

const MiB = 1_048_576
const GiB = 1_073_741_824

/** @param nights the oldest first */
export function trendOf(nights: readonly Night[], troubles: readonly string[] = []): TrendPage {
  const byMachine = Map.groupBy(nights, machineOf)
  const machines = [...byMachine].map(([machine, own]) => machineTrend(machine, own))
  return { machines, troubles }
}

/** Machines with the same processors and memory are the same to a run; the kernel may change. */
function machineOf({ machine: { cores, processor, memoryBytes } }: Night): string {
  return `${cores} ${cores === 1 ? 'core' : 'cores'} of ${processor}, ${gib(memoryBytes)} GiB`
}
const gib = (bytes: number) => Math.round(bytes / GiB)

function machineTrend(machine: string, nights: readonly Night[]): MachineTrend {
  const flakes = flakesOf(nights)
  const isEnough = nights.length >= nightsForFlakes
  const notes = isEnough
    ? []
    : [`Flakes cannot be told of fewer than ${nightsForFlakes} nights of a machine.`]
  const tables = [findingTable(nights), defectTable(nights), ...otherTables(nights)]
  return {
    machine,
    nights: nightsOf(nights),
    tables: [...tables, ...(isEnough ? [flakes] : [])].filter(({ rows }) => rows.length > 0),
    notes,
    groups: chartsOf(nights).filter(({ charts }) => charts.length > 0),
  }
}

function nightsOf(nights: readonly Night[]): TrendNight[] {
  const days = new Map<string, number>()
  return nights.map((night) => {
    const day = night.startedAt.slice(5, 10)
    const count = (days.get(day) ?? 0) + 1
    days.set(day, count)
    const { startedAt, version, verdict, entries } = night
    const counts = (['pass', 'fail', 'unknown', 'not-run'] as const)
      .map((outcome) => [entries.filter((one) => one.outcome === outcome).length, outcome] as const)
      .filter(([number]) => number > 0)
      .map(([number, outcome]) => `${number} ${outcome.replace('-', ' ')}`)
    const label = count === 1 ? day : `${day} (${count})`
    return { label, startedAt, version, verdict, says: counts.join(', ') }
  })
}

const rateOf = (name: string, count: number, of: number): Rate =>
  ({ name, count, of, interval: wilson(count, of) })

/** How something was over the nights; what was not run and does not apply is not counted. */
function rowOf(
  name: string,
  strip: readonly (Outcome | undefined)[],
  says: string,
  numbers = '',
): TrendRow {
  const judged = strip.filter((one) => one === 'pass' || one === 'fail' || one === 'unknown')
  const passed = judged.filter((one) => one === 'pass').length
  return { ...rateOf(name, passed, judged.length), says, strip, numbers }
}

/** What did not always pass comes first. */
const byRate = (a: TrendRow, b: TrendRow): number => shareOf(a) - shareOf(b)
const shareOf = ({ count, of }: Rate) => (of === 0 ? 1 : count / of)

const saysOf: Readonly<Record<string, { says: string }>> = findings

/** Parts whose findings are those of the relay without a defect, with seeds of this night. */
const honestParts: ReadonlySet<PartName> = new Set(['suite', 'random'])

function findingTable(nights: readonly Night[]): TrendTable {
  const verdicts = nights.map(({ entries }) => {
    const all = entries.filter(({ part }) => honestParts.has(part))
    const byId = Map.groupBy(all.flatMap((one) => one.findings ?? []), ({ id }) => id)
    return new Map([...byId].map(([id, own]) => [id, worst(own.map(({ verdict }) => verdict))]))
  })
  const ids = [...new Set(verdicts.flatMap((one) => [...one.keys()]))]
  const rows = ids.map((id) => {
    const stream = 'A record is lost, duplicated, reordered or altered, or the relay dies.'
    const says = id === streamFinding ? stream : (saysOf[id]?.says ?? '')
    return rowOf(id, verdicts.map((one) => one.get(id)), says)
  })
  return {
    title: 'Findings',
    says: 'Nights in which a finding passed in all scenarios and schedules that were run.',
    numbers: '',
    rows: rows.toSorted(byRate),
  }
}

/** The entries of a part by name, one for each night. */
function seriesOf(
  nights: readonly Night[],
  part: PartName,
): Map<string, (NightEntry | undefined)[]> {
  const all = new Map<string, (NightEntry | undefined)[]>()
  for (const [index, { entries }] of nights.entries()) {
    for (const one of entries) {
      if (one.part !== part) continue
      const own = all.get(one.name) ?? Array<undefined>(nights.length).fill(undefined)
      own[index] = one
      all.set(one.name, own)
    }
  }
  return all
}

const outcomesOf = (own: readonly (NightEntry | undefined)[]) => own.map((one) => one?.outcome)
const latest = (own: readonly (NightEntry | undefined)[]) =>
  own.findLast((one) => one !== undefined && one.outcome !== 'not-run')

function defectTable(nights: readonly Night[]): TrendTable {
  const rows = [...seriesOf(nights, 'defects')].map(([name, own]) => {
    const times = own.flatMap((one) => one?.detectedAfter ?? [])
    const last = times.at(-1)
    const middle = median(times)
    const numbers =
      last === undefined || middle === undefined
        ? ''
        : `${sayTime(last)} (median ${sayTime(middle)}, longest ${sayTime(Math.max(...times))})`
    return rowOf(name, outcomesOf(own), latest(own)?.why ?? '', numbers)
  })
  return {
    title: 'Defects',
    says: 'Nights in which a defect was caught for its reason, and the time to its first sign.',
    numbers: 'last time to detection',
    rows: rows.toSorted(byRate),
  }
}

const sayTime = (seconds: number) => `${seconds.toFixed(1)} s`

const otherTitles: readonly (readonly [PartName, string, string])[] = [
  ['suite', 'Scenarios', 'Nights in which all findings of a scenario passed.'],
  ['kept', 'Kept seeds', 'What failed once, run with the same seed.'],
  ['loads', 'Loads', 'Nights in which a load met its goals for every host.'],
  ['fuzz', 'Fuzzing', 'Nights in which the relay stood all inputs.'],
]

const otherTables = (nights: readonly Night[]): TrendTable[] =>
  otherTitles.map(([part, title, says]) => {
    const rows = [...seriesOf(nights, part)].map(([name, own]) =>
      rowOf(name, outcomesOf(own), latest(own)?.why ?? '', numbersOf(latest(own))),
    )
    return { title, says, numbers: 'last p99, memory', rows: rows.toSorted(byRate) }
  })

function numbersOf(entry: NightEntry | undefined): string {
  const p99 = entry?.p99Ms === undefined ? [] : [`${entry.p99Ms.toFixed(1)} ms`]
  const memory =
    entry?.memoryBytes === undefined ? [] : [`${(entry.memoryBytes / MiB).toFixed(1)} MiB`]
  return [...p99, ...memory].join(', ')
}

/** One before and one after. */
const nightsForFlakes = 3

/**
 * A flake: what did not pass, although it passed the time before and the time after. The rate is
 * of the runs that have one before and one after.
 */
export function flakesOf(nights: readonly Night[]): TrendTable {
  const all: TrendRow[] = []
  let [count, of] = [0, 0]
  for (const part of ['suite', 'defects', 'kept', 'loads', 'fuzz'] as const) {
    for (const [name, own] of seriesOf(nights, part)) {
      const strip = outcomesOf(own)
      const ran = strip.filter((one) => one === 'pass' || one === 'fail' || one === 'unknown')
      const inside = Math.max(0, ran.length - 2)
      const flaky = ran.filter((one, at) => {
        return one !== 'pass' && ran[at - 1] === 'pass' && ran[at + 1] === 'pass'
      }).length
      count += flaky
      of += inside
      if (flaky === 0) continue
      all.push({ ...rateOf(`${part}: ${name}`, flaky, inside), says: '', strip, numbers: '' })
    }
  }
  const total = { ...rateOf('all', count, of), says: 'All runs together.', strip: [], numbers: '' }
  return {
    title: 'Flakes',
    says:
      'What did not pass, although it passed the time before and the time after: of the runs ' +
      'that have both.',
    numbers: '',
    rows: of === 0 ? [] : [total, ...all.toSorted((a, b) => shareOf(b) - shareOf(a))],
  }
}

type Numbers = readonly (number | null)[]

/** A line over the nights; charts count them from 0. */
const lineOf = (name: string, v: Numbers) => ({ name, t: v.map((_, night) => night), v: [...v] })
const isSeen = (v: Numbers) => v.some((value) => value !== null)

function chart(title: string, unit: string, lines: Readonly<Record<string, Numbers>>) {
  const series = Object.entries(lines).filter(([, v]) => isSeen(v))
  return { title, unit, series: series.map(([name, v]) => lineOf(name, v)), limits: [] }
}

function chartsOf(nights: readonly Night[]): ChartGroup[] {
  const isDrawn = ({ series }: ReportChart) => series.length > 0
  const times = [...seriesOf(nights, 'defects')]
  const detected = times.map(([name, own]) => [name, valuesOf(own, detectedOf)] as const)
  const measured = (['loads', 'suite'] as const).flatMap((part) => [...seriesOf(nights, part)])
  const p99s = measured.map(([name, own]) => [name, valuesOf(own, p99Of)] as const)
  const memory = measured.map(([name, own]) => [name, valuesOf(own, memoryOf)] as const)
  const each = (unit: string, all: readonly (readonly [string, Numbers])[], word: string) =>
    all.map(([name, v]) => chart(`${name}: ${word}`, unit, { [word]: v })).filter(isDrawn)
  return [
    {
      title: 'Night by night',
      isFolded: false,
      charts: [
        chart('Share that passed', '%', sharesOf(nights)),
        chart('Time to detection of all defects', 's', {
          median: perNight(detected, median),
          longest: perNight(detected, (all) => (all.length === 0 ? undefined : Math.max(...all))),
        }),
        chart('p99 latency, each against its own median', 'times', againstMedian(p99s)),
        chart('Memory of the relay, each against its own median', 'times', againstMedian(memory)),
      ].filter(isDrawn),
    },
    { title: 'p99 latency', isFolded: true, charts: each('ms', p99s, 'p99') },
    { title: 'Memory of the relay', isFolded: true, charts: each('MiB', memory, 'most memory') },
    { title: 'Time to detection', isFolded: true, charts: each('s', detected, 'first sign after') },
  ]
}

const detectedOf = ({ detectedAfter }: NightEntry) => detectedAfter
const p99Of = ({ p99Ms }: NightEntry) => p99Ms
const memoryOf = ({ memoryBytes }: NightEntry) =>
  memoryBytes === undefined ? undefined : memoryBytes / MiB

const valuesOf = (
  own: readonly (NightEntry | undefined)[],
  value: (entry: NightEntry) => number | undefined,
): Numbers => own.map((one) => (one === undefined ? null : (value(one) ?? null)))

/** One number of all lines for each night. */
function perNight(
  all: readonly (readonly [string, Numbers])[],
  sum: (values: readonly number[]) => number | undefined,
): Numbers {
  const count = all[0]?.[1].length ?? 0
  return Array.from({ length: count }, (_, night) => {
    return sum(all.flatMap(([, v]) => v[night] ?? [])) ?? null
  })
}

/** So nights that ran different things can be compared: 1 is as always. */
function againstMedian(all: readonly (readonly [string, Numbers])[]): Record<string, Numbers> {
  const relative = all.map(([name, v]) => {
    const usual = median(v.filter((value) => value !== null)) ?? 0
    const ratios = v.map((value) => (value === null || usual <= 0 ? null : value / usual))
    return [name, ratios] as const
  })
  const highest = (values: readonly number[]) =>
    values.length === 0 ? undefined : Math.max(...values)
  return { median: perNight(relative, median), highest: perNight(relative, highest) }
}

function sharesOf(nights: readonly Night[]): Record<string, Numbers> {
  const share = (parts: readonly PartName[]): Numbers =>
    nights.map(({ entries }) => {
      const own = entries.filter(({ part }) => parts.includes(part))
      const { count, of } = rowOf('', outcomesOf(own), '')
      return of === 0 ? null : (100 * count) / of
    })
  return {
    scenarios: share(['suite']),
    defects: share(['defects']),
    'random schedules': share(['random', 'kept']),
  }
}
