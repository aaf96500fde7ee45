/**
 * The rules as Prometheus reads them, in either form, and as Prometheus' operator reads them in
 * Kubernetes. The groups are the same objects, so that no copy can differ.
 */
import { stringify } from 'yaml'
import { relayPanelPath } from '../relay.ts'
import { durationText, production, type Form } from './form.ts'
import type { Rule } from './rule.ts'
import { ruleGroups, type RuleGroups } from './table.ts'

export interface PrintedRule {
  readonly alert: string
  readonly expr: string
  readonly for?: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}
export interface PrintedGroup {
  readonly name: string
  readonly rules: readonly PrintedRule[]
}

/** The groups of a rule file. Prometheus evaluates the rules of one in their order. */
export const groupsOf = (form: Form, groups: RuleGroups = ruleGroups): readonly PrintedGroup[] =>
  Object.entries(groups).map(([name, rules]) => ({
    name: `dashstream_${name}`,
    rules: Object.entries(rules).map(([alert, rule]) => printedRule(alert, rule, form)),
  }))

function printedRule(alert: string, rule: Rule, form: Form): PrintedRule {
  const { severity, tier, family, forMs } = rule
  return {
    alert,
    expr: rule.expr(form),
    ...(forMs > 0 && { for: durationText(form.span(forMs)) }),
    labels: { severity, tier, family },
    annotations: {
      summary: rule.summary,
      description: rule.means,
      action: rule.steps.map((step, at) => `${at + 1}. ${step}`).join('\n'),
      ...(rule.panel !== undefined && { dashboard: relayPanelPath(rule.panel) }),
      runbook: `dashboards/ALERTS.md#${alert.toLowerCase()}`,
    },
  }
}

/** No folding: an expression is one line, so that a difference is one line. */
const style = { lineWidth: 0, aliasDuplicateObjects: false } as const

const comment = (says: string) =>
  `# ${says}\n# Printed from dashboards/alerts: npm run chaos -- docs\n`

/** A rule file of Prometheus. */
export const printRules = (form: Form = production, groups?: RuleGroups): string =>
  comment('Alert rules of the relay; see dashboards/ALERTS.md.') +
  stringify({ groups: groupsOf(form, groups) }, style)

/** The same rules for Prometheus' operator. */
export const printKubernetesRules = (form: Form = production): string =>
  comment('The rules of dashboards/prometheus/alert-rules.yml, for the operator of Prometheus.') +
  stringify(
    {
      apiVersion: 'monitoring.coreos.com/v1',
      kind: 'PrometheusRule',
      metadata: { name: 'dashstream' },
      spec: { groups: groupsOf(form) },
    },
    style,
  )
