/** Cases of the rules about the alerting itself. */
import { foreignRows } from '../../metrics/foreign-metrics.ts'
import {
  alertmanagerTarget,
  countCases,
  firesAt,
  gaugeCases,
  prometheusTarget,
  type RuleCase,
} from '../case.ts'
import { minutes } from '../rule.ts'
import type { monitoring as rules } from '../rules/monitoring.ts'

const { ruleFailures, ruleMissed, alertmanagersKnown, alertmanagerFailures } = foreignRows
const { notificationsDropped, notificationErrors, configReloaded } = foreignRows

const windowMs = minutes(5)
const once = { windowMs, enough: 1, tooFew: 0, shows: '1' } as const
const ofPrometheus = { ...once, target: prometheusTarget } as const
const group = { rule_group: 'dashstream_kafka' } as const

export const monitoring = {
  Watchdog: [
    {
      says: 'always fires',
      isAlone: true,
      series: [],
      looks: [0, 10, 20].map((at) => firesAt(minutes(at), { shows: '1', labels: {} })),
    },
  ],
  RuleEvaluationFailing: [
    ...countCases({ ...ofPrometheus, row: ruleFailures, labels: group, forMs: 0 }),
    ...countCases({ ...ofPrometheus, row: ruleMissed, labels: group, forMs: 0 }),
  ],
  ConfigReloadFailed: gaugeCases({
    row: configReloaded,
    forMs: minutes(2),
    good: 1,
    bad: 0,
    limit: 1,
    shows: '0',
    target: prometheusTarget,
  }),
  AlertmanagerMissing: gaugeCases({
    row: alertmanagersKnown,
    forMs: minutes(2),
    good: 1,
    bad: 0,
    limit: 1,
    shows: '0',
    target: prometheusTarget,
  }),
  AlertsNotHandedOver: [
    ...countCases({ ...ofPrometheus, row: notificationsDropped, forMs: minutes(1) }),
    ...countCases({
      ...ofPrometheus,
      row: notificationErrors,
      labels: { alertmanager: 'http://alertmanager:9093' },
      forMs: minutes(1),
    }),
  ],
  NotificationsFailing: countCases({
    ...once,
    row: alertmanagerFailures,
    labels: { integration: 'webhook' },
    forMs: minutes(1),
    target: alertmanagerTarget,
  }),
} as const satisfies Readonly<Record<keyof typeof rules, readonly RuleCase[]>>
