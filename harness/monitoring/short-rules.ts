/**
 * The alert rules as a run evaluates them: those of production, with times short enough for a
 * scenario, which come from the same table.
 */
import {
  printAlertmanager,
  receiversAt,
  shortWaits,
} from '../../dashboards/alerts/alertmanager.ts'
import { printRules } from '../../dashboards/alerts/render.ts'
import type { Rule } from '../../dashboards/alerts/rule.ts'
import { ruleGroups, type RuleGroups } from '../../dashboards/alerts/table.ts'
import type { Defect } from '../defects/defect.ts'
import { runForm } from './short-form.ts'

/** The text of the rule file. */
export const shortRules = (groups: RuleGroups): string => printRules(runForm, groups)

/** The text of Alertmanager's configuration. @param url where a receiver's name is added */
export const shortAlertmanager = (url: string): string =>
  printAlertmanager(receiversAt(url), shortWaits(runForm))

/** The rules with a defect; those of ours where there is none, or one of another part. */
export function rulesWith(defect: Defect | undefined): RuleGroups {
  if (defect?.part !== 'rules') return ruleGroups
  const changes: ReadonlyMap<string, Partial<Rule> | undefined> = new Map(
    Object.entries(defect.alerts),
  )
  const changed = ([alert, rule]: [string, Rule]): [string, Rule][] => {
    if (!changes.has(alert)) return [[alert, rule]]
    const change = changes.get(alert)
    return change === undefined ? [] : [[alert, { ...rule, ...change }]]
  }
  return Object.fromEntries(
    Object.entries(ruleGroups).map(([group, rules]) => [
      group,
      Object.fromEntries(Object.entries<Rule>(rules).flatMap(changed)),
    ]),
  )
}
