/**
 * The cases as files for `promtool test rules`, in two forms. The one that is committed tests the
 * whole rule file in a few seconds: all cases happen at once, each on a relay of its own. The
 * other tests rules by themselves, and every word of an alert.
 */
import { stringify } from 'yaml'
import { stepMs, type Firing, type RuleCase } from './case.ts'
import { durationText, production } from './form.ts'
import { groupsOf, type PrintedRule } from './render.ts'
import type { RuleGroups } from './table.ts'

export type CasesByAlert = Readonly<Record<string, readonly RuleCase[]>>

const style = { lineWidth: 0, aliasDuplicateObjects: false } as const
const stepText = durationText(stepMs)

/** The rules of `cases` by themselves, each case as a test of its own, texts included. */
export function printUnitTests(ruleFile: string, cases: CasesByAlert, groups?: RuleGroups): string {
  const printed = groupsOf(production, groups).flatMap(({ rules }) => rules)
  const byName = new Map(printed.map((rule) => [rule.alert, rule]))
  const tests = Object.entries(cases).flatMap(([alert, ofRule]) => {
    const rule = byName.get(alert)
    if (rule === undefined) throw new Error(`there are cases of ${alert}, which is no rule`)
    return ofRule.map((one) => unitTest(rule, one))
  })
  return stringify({ rule_files: [ruleFile], evaluation_interval: stepText, tests }, style)
}

/** All cases of all rules. `instance` in a test that fails says which case it is. */
export function printTogether(ruleFile: string, cases: CasesByAlert): string {
  const all = Object.entries(cases).flatMap(([alert, ofRule]) =>
    ofRule.map((one, at) => ({ alert, one, instance: `${alert}-${at + 1}` })),
  )
  const together = all.filter(({ one }) => one.isAlone === undefined)
  const alone = all.filter(({ one }) => one.isAlone === true)
  const tests = [together, ...alone.map((one) => [one])].map(testOf)
  return (
    '# Unit tests of alert-rules.yml: promtool test rules alert-rules.test.yml\n' +
    '# Printed from dashboards/alerts: npm run chaos -- docs\n' +
    stringify({ rule_files: [ruleFile], evaluation_interval: stepText, tests }, style)
  )
}

interface OnItsOwn {
  readonly alert: string
  readonly one: RuleCase
  readonly instance: string
}

const testOf = (all: readonly OnItsOwn[]) => ({
  interval: stepText,
  input_series: all.flatMap(({ one, instance }) =>
    one.series.map(({ series, values }) => ({ series: moved(series, instance), values })),
  ),
  promql_expr_test: all.flatMap(({ alert, one, instance }) =>
    one.looks.map(({ atMs, firing }) => lookAt(alert, atMs, firing, one.isAlone ? '' : instance)),
  ),
})

/** Each case has machines of its own, of the same numbers. */
const moved = (series: string, instance: string) =>
  series.replace(/instance="([^"]*)"/, (_, host: string) => `instance="${hostOf(instance, host)}"`)
const hostOf = (instance: string, host: string) => `${instance}/${host}`

/** The same for all alerts of a rule; another test holds them. */
const ruleLabels = 'severity, tier, family'

/** Prometheus' own series of alerts: what fires on the machines of one case. */
function lookAt(alert: string, atMs: number, firing: readonly Firing[], instance: string) {
  const where = instance === '' ? '' : `,instance=~"${instance}/.*"`
  const samples = firing.map(({ labels }) => {
    const host = labels['instance']
    const on = host === undefined || instance === '' ? {} : { instance: hostOf(instance, host) }
    const all = { ...labels, ...on, alertname: alert, alertstate: 'firing' }
    const sorted = Object.entries({ ...all }).toSorted(([a], [b]) => (a < b ? -1 : 1))
    return {
      labels: `{${sorted.map(([name, value]) => `${name}="${value}"`).join(',')}}`,
      value: 1,
    }
  })
  return {
    expr: `sum without (${ruleLabels}) (ALERTS{alertname="${alert}",alertstate="firing"${where}})`,
    eval_time: durationText(atMs),
    exp_samples: samples,
  }
}

const unitTest = (rule: PrintedRule, { says, series, looks }: RuleCase) => ({
  name: `${rule.alert} ${says}`,
  interval: stepText,
  input_series: series,
  alert_rule_test: looks.map(({ atMs, firing }) => ({
    eval_time: durationText(atMs),
    alertname: rule.alert,
    exp_alerts: firing.map((one) => expected(rule, one)),
  })),
})

/** An alert has labels of its series and its rule; its texts are those of the rule, filled in. */
const expected = (rule: PrintedRule, firing: Firing) => ({
  exp_labels: { ...firing.labels, ...rule.labels },
  exp_annotations: Object.fromEntries(
    Object.entries(rule.annotations).map(([name, text]) => [name, filled(text, firing)]),
  ),
})

/** A template of Prometheus, as far as the rules use it. */
const filled = (text: string, { labels, shows }: Firing) =>
  text
    .replaceAll(/\{\{ \$labels\.(\w+) \}\}/g, (_, label: string) => labels[label] ?? '')
    .replaceAll(/\{\{ \$value(?: \| \w+)? \}\}/g, shows)
