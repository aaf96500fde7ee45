/** The printed files of the alerts, for Prometheus, Alertmanager and Kubernetes. */
import type { PrintedFile } from '../printed.ts'
import { printAlertmanager } from './alertmanager.ts'
import { cases } from './cases.ts'
import { driftOf } from './drift.ts'
import { printComposeTargets, printPrometheus } from './prometheus.ts'
import { printKubernetesRules, printRules } from './render.ts'
import { printTogether } from './unit-tests.ts'

export const rulesPath = 'dashboards/prometheus/alert-rules.yml'
export const kubernetesRulesPath = 'deploy/kubernetes/base/alert-rules.yaml'

export const printedAlerts: readonly PrintedFile[] = [
  { path: rulesPath, print: () => printRules(), differences: driftOf },
  { path: kubernetesRulesPath, print: () => printKubernetesRules(), differences: driftOf },
  {
    path: 'dashboards/prometheus/alert-rules.test.yml',
    print: () => printTogether('alert-rules.yml', cases),
  },
  { path: 'dashboards/prometheus/prometheus.yml', print: () => printPrometheus() },
  { path: 'dashboards/prometheus/targets/compose.json', print: printComposeTargets },
  { path: 'dashboards/alertmanager/alertmanager.yml', print: () => printAlertmanager() },
]
