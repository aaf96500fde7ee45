/** Questions of a dashboard, and what a page makes of the answers. */
import { describe, expect, test } from 'vitest'
import type { Annotation, Dashboard } from '../../dashboards/kit/dashboard.ts'
import type { Panel } from '../../dashboards/kit/panel.ts'
import type { Query } from '../../dashboards/kit/query.ts'
import { renderDashboard } from '../../reports/render/dashboard.ts'
import type { AnsweredSeries } from '../monitoring/prometheus.ts'
import { asked, askDashboard, type View } from './ask-dashboard.ts'
import { dashboardPage } from './dashboard-page.ts'

const start = Date.UTC(2026, 0, 1) / 1_000
const view: View = {
  fromUnixMs: start * 1_000,
  toUnixMs: (start + 10) * 1_000,
  chosen: { run: ['a+b', 'c"d'], baseline: ['a+b'] },
}

describe('a query', () => {
  test('has its variables replaced, and names match as they are', () => {
    const promql = 'rate(x{run=~"$run"}[$__rate_interval]) > ${baseline} * $__range'
    expect(asked(promql, view, 1_000)).toBe(
      String.raw`rate(x{run=~"a\\+b|c\"d"}[4000ms]) > a\\+b * 10000ms`,
    )
  })

  test('with a variable that has no value is a mistake of ours', () => {
    expect(() => asked('x{a="$b"}', view, 1_000)).toThrow('$b has no value in x{a="$b"}')
  })
})

const query = (promql: string, unit: Query['unit']): Query => ({ promql, unit, labels: ['run'] })
const about = { shows: 'Shows.', todo: 'Do.', width: 8 }
const lines: Panel = {
  ...about,
  id: 1,
  kind: 'lines',
  title: 'Latency',
  asks: [
    { query: query('latency{run=~"$run"}', 's'), legend: '{{run}} {{group}}', expect: 'data' },
    { query: query('limit', 's'), legend: 'limit of {{run}}', expect: 'data', isLimit: true },
  ],
  thresholds: [{ from: 0.5, level: 'bad' }],
}
const bands: Panel = {
  ...about,
  id: 2,
  kind: 'bands',
  title: 'Faults',
  asks: [{ query: query('faults', 'bool'), legend: '{{run}}: {{fault}}', expect: 'data' }],
  thresholds: [{ from: 1, level: 'bad' }],
}
const table: Panel = {
  ...about,
  id: 3,
  kind: 'table',
  title: 'Numbers',
  rowLabel: 'run',
  asks: [
    { query: query('memory', 'bytes'), legend: 'RSS', expect: 'data' },
    { query: query('change', 'percentunit'), legend: 'change', expect: 'data' },
  ],
}
const gone: Panel = {
  ...about,
  id: 4,
  kind: 'lines',
  title: 'Lost',
  asks: [{ query: query('lost', 'short'), legend: '{{run}}', expect: 'absence' }],
}
const faults: Annotation = {
  name: 'Faults',
  promql: 'active == 1',
  step: '1s',
  title: '{{fault}}',
  text: '{{run}}: {{says}}',
  colour: 'red',
}
const restarts: Annotation = {
  name: 'Restarts',
  promql: 'start * 1000',
  step: '1s',
  title: 'start',
  text: 'The process started.',
  colour: 'blue',
  isTime: true,
}
const dashboard: Dashboard = {
  uid: 'u',
  title: 'T',
  says: 'S.',
  tags: [],
  from: '',
  to: '',
  refresh: '',
  minStepSeconds: 1,
  variables: [],
  annotations: [faults, restarts],
  sections: [{ title: 'All', panels: { lines, bands, table, gone } }],
}

type Values = readonly (readonly [seconds: number, value: number])[]
const series = (labels: Record<string, string>, values: Values): AnsweredSeries => ({
  labels,
  values: values.map(([seconds, value]) => [start + seconds, value] as const),
})
const [a, b] = [{ run: 'a+b' }, { run: 'c"d' }]
const overTime: Readonly<Record<string, readonly AnsweredSeries[]>> = {
  limit: [series(a, [[0, 2], [1, 2]])],
  faults: [series({ ...b, fault: 'cut' }, [[0, 0], [1, 1], [2, 1], [3, 0], [6, 1]])],
  'start * 1000': [series(b, [[1, start * 1_000], [2, start * 1_000]])],
  'active == 1': [series({ ...b, fault: 'cut', says: 'Redis <cut>' }, [[1, 1], [2, 1], [6, 1]])],
}
const latencies = [
  series({ ...a, group: 'g' }, [[0, 0.1], [1, 0.2], [2, 0.3]]),
  series({ ...b, group: 'g' }, [[0, 0.1], [1, 0.4], [2, 0.9], [5, 0.4], [6, NaN]]),
]
const questions: string[] = []
const prometheus = {
  query(promql: string, at?: number) {
    questions.push(`${promql} at ${at}`)
    if (promql === 'memory') return Promise.resolve([series(b, [[10, 3_145_728]])])
    return Promise.resolve([series(a, [[10, 0]]), series(b, [[10, -0.25]])])
  },
  queryRange(promql: string) {
    questions.push(promql)
    if (promql.startsWith('latency')) return Promise.resolve(latencies)
    return Promise.resolve(overTime[promql] ?? [])
  },
}
const runs = [
  { run: 'a+b', scenario: 's', variant: 'reference' },
  { run: 'c"d', scenario: 's', variant: 'm-1' },
]
const pageOf = async () =>
  dashboardPage(dashboard, await askDashboard(prometheus, dashboard, view), runs)

describe('the page of a dashboard', () => {
  test('is made of every query: over time, or at the end', async () => {
    questions.length = 0
    await pageOf()
    expect(questions).toEqual([
      String.raw`latency{run=~"a\\+b|c\"d"}`,
      'limit',
      'faults',
      `memory at ${view.toUnixMs}`,
      `change at ${view.toUnixMs}`,
      'lost',
      'active == 1',
      'start * 1000',
    ])
  })

  test('has runs over each other, limits as lines, and holes where nothing is known', async () => {
    const { charts, sections } = await pageOf()
    expect(charts).toEqual([
      {
        title: 'Latency',
        unit: 'ms',
        series: [
          { name: 'A reference g', t: [0, 1, 2], v: [100, 200, 300] },
          { name: 'B m-1 g', t: [0, 1, 2, 3, 4, 5, 6], v: [100, 400, 900, null, null, 400, null] },
        ],
        limits: [
          { name: 'limit of A reference', v: 2_000 },
          { name: 'bad from here', v: 500 },
        ],
      },
    ])
    const kinds = sections[0]?.panels.map(({ kind }) => kind)
    expect(kinds).toEqual(['chart', 'bands', 'table', 'empty'])
    expect(sections[0]?.panels[3]).toMatchObject({ says: 'nothing, as it should be' })
  })

  test('has one line for a limit that runs share', async () => {
    const shared = overTime['limit'] ?? []
    const both = [...shared, ...shared.map((one) => ({ ...one, labels: b }))]
    const asking = {
      ...prometheus,
      queryRange: (promql: string) =>
        promql === 'limit' ? Promise.resolve(both) : prometheus.queryRange(promql),
    }
    const answers = await askDashboard(asking, dashboard, view)
    const [chart] = dashboardPage(dashboard, answers, runs).charts
    expect(chart?.limits[0]).toEqual({ name: 'limit of', v: 2_000 })
    expect(chart?.limits).toHaveLength(2)
  })

  test('has the windows of faults as bands', async () => {
    const { faults: drawn, sections } = await pageOf()
    expect(drawn.map(({ name, from, to }) => [name, from, to])).toEqual([
      ['B: Redis <cut>', 1, 3],
      ['B: Redis <cut>', 6, 7],
    ])
    expect(sections[0]?.panels[1]).toMatchObject({
      isBad: true,
      rows: [{ name: 'B m-1: cut', spans: [{ from: 1, to: 3 }, { from: 6, to: 7 }] }],
    })
  })

  test('has tables of numbers, and each line against that of the first run', async () => {
    const { differences, sections } = await pageOf()
    expect(sections[0]?.panels[2]).toMatchObject({
      table: {
        heads: ['run', 'RSS', 'change'],
        rows: [
          ['A reference', 'none', '+0.0 %'],
          ['B m-1', '3 MiB', '−25.0 %'],
        ],
      },
    })
    expect(differences.rows).toEqual([
      ['Latency: g', 'B m-1', '400 ms', '200 ms', '2.00', '900 ms', '300 ms', '3.00'],
    ])
  })

  test('is one file, in which no text of a run is markup', async () => {
    const assets = {
      chartLibraryScript: 'lib()',
      chartLibraryStyle: '',
      scripts: ['charts()'],
      style: '',
    }
    const html = renderDashboard(await pageOf(), assets)
    expect(html).toContain('B: Redis &lt;cut&gt;')
    expect(html).not.toContain('<cut>')
    expect(html).toContain('<script>charts()</script>')
    expect(html).toContain('drawn without Grafana')
    expect(html).not.toMatch(/(?:src|href)="(?!#)/)
  })
})
