/** The printed dashboards hold what every dashboard must, and each rule is seen to fail. */
import { describe, expect, it } from 'vitest'
import { lintDashboard, type DashboardJson } from './kit/lint-testbed.ts'
import { lintPromql } from './kit/lint-promql-testbed.ts'
import { dashboards, printDashboard } from './printed.ts'

const jsonOf = (dashboard: (typeof dashboards)[number]) =>
  JSON.parse(printDashboard(dashboard)) as DashboardJson

describe('the dashboards', () => {
  it.each(dashboards)('$title has nothing wrong', (dashboard) => {
    expect(lintDashboard(jsonOf(dashboard))).toEqual([])
  })

  it('have each uid once', () => {
    const uids = dashboards.map(({ uid }) => uid)
    expect(uids.filter((uid, at) => uids.indexOf(uid) !== at)).toEqual([])
  })
})

/** Of the first dashboard: a heading, then panels. The rest is left out, as it takes its time. */
const small = { ...jsonOf(dashboards[0]!) }
const panelsKept = 4

/** Values are replaced by path; `undefined` removes. */
function changed(path: string, value: unknown): DashboardJson {
  const panels = small.panels.slice(0, panelsKept)
  const json = structuredClone({ ...small, panels }) as unknown as Record<string, unknown>
  const keys = path.split('.')
  const last = keys.pop()!
  const parent = keys.reduce<Record<string, unknown>>(
    (one, key) => one[key] as Record<string, unknown>,
    json,
  )
  if (value === undefined) delete parent[last]
  else parent[last] = value
  return json as unknown as DashboardJson
}
const panel = 'panels.1'
const target = `${panel}.targets.0`

describe('the rules for dashboards find', () => {
  it.each<[what: string, path: string, value: unknown, says: string]>([
    ['no uid', 'uid', undefined, 'no stable uid'],
    ['a numeric id', 'id', 7, 'a numeric id'],
    ['an editable one', 'editable', true, 'editable'],
    ['no refresh', 'refresh', '', 'no refresh'],
    ['another schema', 'schemaVersion', 16, 'schema 16'],
    ['inputs', '__inputs', [], 'an input'],
    ['a datasource of an input', `${panel}.datasource.uid`, '${DS_PROMETHEUS}', 'an input'],
    ['no variables', 'templating.list', [], 'no datasource variable'],
    ['another kind of datasource', 'templating.list.0.query', 'loki', 'not of Prometheus'],
    ['a variable of a datasource', 'templating.list.1.datasource.uid', 'a', 'not the variable'],
    ['a variable that stays', 'templating.list.1.refresh', 1, 'not refreshed'],
    ['a variable of a label', 'templating.list.1.query', 'label_values(up, moon)', 'label moon'],
    ['a variable of nothing', 'templating.list.1.query', 'metrics(.*)', 'values of a label'],
    ['an annotation without step', 'annotations.list.0.step', undefined, 'no step'],
    ['an annotation of a moon', 'annotations.list.0.expr', 'moon', 'no metric moon'],
    ['no title', `${panel}.title`, ' ', 'no title'],
    ['no advice', `${panel}.description`, 'It is up.', 'no description that says'],
    ['empty advice', `${panel}.description`, 'Up.\n\n**What to do:** ', 'no description'],
    ['no unit', `${panel}.fieldConfig.defaults.unit`, undefined, 'no unit'],
    ['no thresholds', `${panel}.fieldConfig.defaults.thresholds.steps`, [], 'no thresholds'],
    ['a stat of the past', `${target}.instant`, false, 'not asked for now'],
    ['a stat without words', `${panel}.fieldConfig.defaults.noValue`, '', 'no word for'],
    ['no query', `${panel}.targets`, [], 'no query'],
    ['a fixed datasource', `${panel}.datasource.uid`, 'prometheus', 'not the variable'],
    ['a query elsewhere', `${target}.datasource.uid`, 'prometheus', 'A: datasource'],
    ['no legend', `${target}.legendFormat`, '', 'no legend'],
    ['a legend of no label', `${target}.legendFormat`, '{{moon}}', 'no label moon'],
    ['a variable that is not there', `${target}.expr`, 'up{run=~"$moon"}', 'no variable moon'],
    ['an id twice', 'panels.2.id', 1, 'id "1" twice'],
    ['a title twice', 'panels.2.title', 'Up', 'title "Up" twice'],
    ['two panels on one place', 'panels.2.gridPos.x', 1, 'overlap'],
    ['a panel beside the page', `${panel}.gridPos.w`, 99, 'wider than the page'],
  ])('%s', (_, path, value, says) => {
    expect(lintDashboard(changed(path, value)).join('\n')).toContain(says)
  })
})

describe('the rules for queries find', () => {
  const lag = 'websocket_kafka_consumer_lag'
  const messages = 'websocket_kafka_messages_total'
  const latency = 'relay_e2e_latency_seconds_bucket'
  it.each([
    ['a metric that does not exist', 'sum(websocket_moons)', 'no metric websocket_moons'],
    ['a histogram by its bare name', 'relay_e2e_latency_seconds', 'no metric'],
    ['a label that does not exist', `${lag}{moon="1"}`, 'no label moon'],
    ['a value that does not exist', `rate(${messages}{status="moon"}[$__rate_interval])`, '"moon"'],
    ['one of several', `rate(${messages}{status=~"error|moon"}[$__rate_interval])`, '"moon"'],
    ['a grouping by no label', `sum by (moon) (${lag})`, 'no label moon'],
    ['a lifetime total', messages, 'only grows'],
    ['a count outside a rate', 'sum(relay_e2e_latency_seconds_count)', 'only grows'],
    ['a rate of a gauge', `rate(${lag}[$__rate_interval])`, 'may fall'],
    ['a fixed window', `rate(${messages}[5m])`, 'window [5m]'],
    ['a rate over all that is shown', `rate(${messages}[$__range])`, 'window [$__range]'],
    ['another variable as window', `rate(${messages}[$__interval])`, 'not PromQL'],
    ['buckets alone', `sum(rate(${latency}[$__rate_interval]))`, 'outside histogram_quantile'],
    ['what is no PromQL', `sum(${lag}`, 'not PromQL'],
    ['a 0 for a dead relay', `sum(${lag}) or vector(0)`, 'hides a dead relay'],
    ['the same in disguise', `sum(${lag}) or on() vector(0)`, 'hides a dead relay'],
  ])('%s', (_, expr, says) => {
    expect(lintPromql(expr).join('\n')).toContain(says)
  })

  it('nothing in good ones', () => {
    for (const expr of [
      `sum by (status) (rate(${messages}{run=~"$run"}[$__rate_interval]))`,
      `histogram_quantile(0.99, sum by (le) (rate(${latency}[$__rate_interval])))`,
      `max_over_time(${lag}[$__range])`,
      `increase(${messages}[$__range])`,
    ]) {
      expect(lintPromql(expr)).toEqual([])
    }
  })
})
