/**
 * The dashboard of recorded runs over each other: release against release, fault against no fault.
 * `chaos grafana <run>…` loads runs; all of them begin at the same time.
 */
import type { Annotation, Dashboard } from './kit/dashboard.ts'
import { queriesOf } from './kit/query.ts'
import { runRows } from './metrics/run-metrics.ts'
import { runsBegin } from './metrics/tables.ts'
import {
  comparedClientPanels,
  comparedResourcePanels,
  deliveryPanels,
  windowPanels,
} from './panels/compared.ts'
import { differencePanels } from './panels/difference.ts'

/** Exported runs have a sample each second. */
const sampleSeconds = 1

const faultWindows: Annotation = {
  name: 'Faults',
  promql: `${queriesOf({ run: '$run' }).gauge(runRows.faultActive).promql} == 1`,
  step: `${sampleSeconds}s`,
  title: '{{fault}}',
  text: '{{run}}: {{says}}',
  colour: 'red',
}

export const comparisonDashboard: Dashboard = {
  uid: 'dashstream-comparison',
  title: 'Chaos comparison',
  says: 'Recorded runs over each other on one time axis, with the windows of their faults.',
  tags: ['dashstream', 'chaos'],
  from: runsBegin,
  to: '2026-01-01T00:05:00Z',
  timezone: 'utc',
  refresh: '1m',
  minStepSeconds: sampleSeconds,
  variables: [
    { name: 'run', title: 'Runs', of: runRows.runInfo, isMulti: true },
    { name: 'baseline', label: 'run', title: 'Baseline', of: runRows.runInfo, isMulti: false },
  ],
  annotations: [faultWindows],
  sections: [
    { title: 'What was done', panels: windowPanels },
    { title: 'Difference', panels: differencePanels },
    { title: 'Records', panels: deliveryPanels },
    { title: 'Clients and health', panels: comparedClientPanels },
    { title: 'Resources', panels: comparedResourcePanels },
  ],
}
