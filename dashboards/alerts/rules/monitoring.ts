/** Does the alerting itself work? What only Alertmanager could tell, its own silence must. */
import { foreignRows } from '../../metrics/foreign-metrics.ts'
import { at, increase } from '../promql.ts'
import { minutes, ours, type RuleGroup } from '../rule.ts'

const { ruleFailures, ruleMissed, alertmanagersKnown, alertmanagerFailures } = foreignRows
const { notificationsDropped, notificationErrors, configReloaded } = foreignRows

const why = 'DashFlow does not watch its own alerting, and its receiver never worked.'

export const monitoring = {
  Watchdog: {
    tier: 'meta',
    severity: 'none',
    family: 'watchdog',
    expr: () => 'vector(1)',
    forMs: 0,
    summary: 'The alerting works.',
    means: 'It always fires. When it stops arriving, no other alert arrives either.',
    steps: [
      'Nothing while it comes: have a service outside report when it stays away.',
      'It stays away: look at Prometheus, at Alertmanager, and at the way out.',
    ],
    origin: ours(why),
  },
  RuleEvaluationFailing: {
    tier: 'meta',
    severity: 'high',
    family: 'monitoring',
    expr: (form) =>
      `${increase(ruleFailures, form.window(minutes(5)))} > 0 or ` +
      `${increase(ruleMissed, form.window(minutes(5)))} > 0`,
    forMs: 0,
    summary: 'Prometheus {{ $labels.instance }} does not evaluate its rules.',
    means: '{{ $value | humanize }} evaluations failed or were missed within the window.',
    steps: ['See the rules page of Prometheus: the rule is marked there with its error.'],
    origin: ours(why),
  },
  ConfigReloadFailed: {
    tier: 'meta',
    severity: 'high',
    family: 'monitoring',
    expr: () => `${at(configReloaded)} == 0`,
    forMs: minutes(2),
    summary: 'Prometheus {{ $labels.instance }} runs with an old configuration.',
    means: 'Its last reload failed: new rules and targets are not in effect.',
    steps: ['`promtool check config` on its file; then reload it again.'],
    origin: ours(why),
  },
  AlertmanagerMissing: {
    tier: 'meta',
    severity: 'critical',
    family: 'monitoring',
    expr: () => `${at(alertmanagersKnown)} < 1`,
    forMs: minutes(2),
    summary: 'Prometheus {{ $labels.instance }} knows no Alertmanager.',
    means: 'Alerts reach no one; only the missing Watchdog shows it.',
    steps: ['See the section `alerting` of its configuration, and whether the name resolves.'],
    origin: ours(why),
  },
  AlertsNotHandedOver: {
    tier: 'meta',
    severity: 'critical',
    family: 'monitoring',
    expr: (form) =>
      `${increase(notificationsDropped, form.window(minutes(5)))} > 0 or ` +
      `${increase(notificationErrors, form.window(minutes(5)))} > 0`,
    forMs: minutes(1),
    summary: 'Prometheus {{ $labels.instance }} cannot hand alerts to Alertmanager.',
    means: '{{ $value | humanize }} alerts within the window were not taken.',
    steps: ['Is Alertmanager up, and does the network let Prometheus reach it?'],
    origin: ours(why),
  },
  NotificationsFailing: {
    tier: 'meta',
    severity: 'critical',
    family: 'monitoring',
    expr: (form) => `${increase(alertmanagerFailures, form.window(minutes(5)))} > 0`,
    forMs: minutes(1),
    summary: 'Alertmanager {{ $labels.instance }} cannot send notifications.',
    means: '{{ $value | humanize }} within the window were not delivered.',
    steps: ['See its log: the address of the receiver, its certificate, or its credentials.'],
    origin: ours(
      "DashFlow's receiver posts notifications back to Alertmanager's own intake, which refuses " +
        'them; nobody was ever notified, and nothing said so.',
    ),
  },
} as const satisfies RuleGroup
