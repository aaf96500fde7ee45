/**
 * ALERTS.md: for whoever is woken. Every rule with what it means and what to do, how it differs
 * from DashFlow's, and what of DashFlow's is not there.
 */
import { dashflowRules, type DashflowRule } from '../../dashboards/alerts/dashflow.ts'
import { durationText, production } from '../../dashboards/alerts/form.ts'
import type { Rule } from '../../dashboards/alerts/rule.ts'
import type { DroppedRule, RuleGroups } from '../../dashboards/alerts/table.ts'
import { relayPanelPath, relayPanels } from '../../dashboards/relay.ts'
import { anchor, bullets, code, page, paragraph, prose, table } from './markdown.ts'

export interface AlertTables {
  readonly groups: RuleGroups
  readonly titles: Readonly<Record<string, string>>
  readonly dropped: readonly DroppedRule[]
}

const tierNames: Readonly<Record<Rule['tier'], string>> = {
  page: '**page**',
  ticket: 'ticket',
  meta: 'alerting itself',
}

export function printAlerts({ groups, titles, dropped }: AlertTables): string {
  const all = Object.values(groups).flatMap((group) => Object.entries(group))
  const pages = all.filter(([, { tier }]) => tier === 'page').length
  return page(
    ['# Alerts', ''],
    paragraph(
      `${all.length} rules, of which ${pages} page. Prometheus reads them from`,
      '[alert-rules.yml](prometheus/alert-rules.yml), its operator from',
      '[alert-rules.yaml](../deploy/kubernetes/base/alert-rules.yaml); both are printed from the',
      'tables in `dashboards/alerts`, as is this page, and `npm run chaos -- docs --check` fails',
      'on any difference.',
    ),
    bullets([
      '**page** wakes somebody, **ticket** can wait, **alerting itself** is about Prometheus and ' +
        "Alertmanager. `severity` has DashFlow's words; only `critical` pages.",
      'Tiers of one measure exclude each other in the rules: the lower one is quiet while the ' +
        'upper one fires. Alerts of one `family` have one cause, and Alertmanager sends them as ' +
        'one notification and mutes the lesser ones. A relay that is down mutes all its others.',
      'An idle topic does not page.',
      '`instance`, `job`, and `run` and `variant` where the target has them, are on every alert ' +
        'of a relay.',
      'Times are those of production. Scenarios run the same rules with times divided by a factor.',
      'Addresses: one webhook each for `page`, `ticket` and `heartbeat`, in files beside ' +
        '[alertmanager.yml](alertmanager/alertmanager.yml); Alertmanager 0.26 or later.',
    ]),
    table(
      ['alert', 'tier', 'severity', 'what is wrong'],
      all.map(([alert, { tier, severity, summary }]) => [
        `[${alert}](#${anchor(alert)})`,
        tierNames[tier],
        severity,
        prose(inWords(summary)),
      ]),
    ),
    Object.entries(groups).flatMap(([name, group]) => [
      `# ${titles[name] ?? name}`,
      '',
      ...Object.entries(group).flatMap(([alert, rule]) => printRule(alert, rule)),
    ]),
    ['# Rules of DashFlow that are not here', ''],
    table(
      ['rule', 'why'],
      dropped.map(({ alert, why }) => [code(alert), prose(why)]),
    ),
  )
}

/** Templates as placeholders that a reader understands. */
const inWords = (text: string) =>
  text
    .replaceAll(/\{\{ \$labels\.(\w+) \}\}/g, (_, label: string) => `‹${label}›`)
    .replaceAll(/\{\{ \$value(?: \| \w+)? \}\}/g, '‹value›')

function printRule(alert: string, rule: Rule): readonly string[] {
  const { tier, severity, family, forMs, panel, origin } = rule
  const lasts = forMs === 0 ? 'immediately' : `when that holds for ${durationText(forMs)}`
  const shown =
    panel === undefined
      ? []
      : [`Panel “${relayPanels[panel].title}”: ${code(relayPanelPath(panel))}`]
  return [
    `## ${alert}`,
    '',
    ...paragraph(`${inWords(rule.summary)} ${inWords(rule.means)}`),
    '```promql',
    rule.expr(production),
    '```',
    '',
    ...bullets([
      `${tierNames[tier]}, severity \`${severity}\`, family \`${family}\`; ${lasts}`,
      ...shown,
      `Against DashFlow: ${sayOrigin(rule)}`,
    ]),
    'What to do:',
    '',
    ...rule.steps.map((step, at) => `${at + 1}. ${step}`),
    '',
    ...(origin.from === 'changed' ? ['DashFlow has:', '', ...theirs(alert)] : []),
  ]
}

const sayOrigin = ({ origin }: Rule) => {
  if (origin.from === 'dashflow') return 'the same.'
  return origin.from === 'ours' ? `new. ${origin.why}` : `changed. ${origin.why}`
}

function theirs(alert: string): readonly string[] {
  const rule = (dashflowRules as Readonly<Record<string, DashflowRule>>)[alert]
  if (rule === undefined) return []
  return ['```promql', `${rule.expr} # for ${rule.for}, ${rule.severity}`, '```', '']
}
