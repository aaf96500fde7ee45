/**
 * The dashboard of the relay in production: is it well now, and if not, where and what to do. Alert
 * rules link to its panels.
 */
import { type Annotation, type Dashboard, panelPath } from './kit/dashboard.ts'
import { queriesOf } from './kit/query.ts'
import { clientPanels } from './panels/relay-clients.ts'
import { lagPanels } from './panels/relay-lag.ts'
import { nowPanels } from './panels/relay-now.ts'
import { processPanels } from './panels/relay-process.ts'
import { recordPanels } from './panels/relay-records.ts'
import { deadLetterPanels, replayPanels } from './panels/relay-replay.ts'
import { scrapeSeconds, tables } from './metrics/tables.ts'

/** Panels by key. */
export const relayPanels = {
  ...nowPanels,
  ...recordPanels,
  ...lagPanels,
  ...clientPanels,
  ...deadLetterPanels,
  ...replayPanels,
  ...processPanels,
} as const
export type RelayPanelKey = keyof typeof relayPanels

const ask = queriesOf({ run: '$run', instance: '$instance' })

const restarts: Annotation = {
  name: 'Restarts',
  promql: `${ask.gauge(tables.foreign.startTime).promql} * 1000`,
  step: `${scrapeSeconds}s`,
  title: 'start of {{instance}}',
  text: 'The process of the relay started.',
  colour: 'blue',
  isTime: true,
}
const firing: Annotation = {
  name: 'Alerts',
  promql: ask.gauge(tables.foreign.alerts, { alertstate: 'firing' }).promql,
  step: `${scrapeSeconds}s`,
  title: '{{alertname}}',
  text: '{{severity}}',
  colour: 'red',
}

export const relayDashboard: Dashboard = {
  uid: 'dashstream-relay',
  title: 'DashStream relay',
  says: 'Is the relay well now, and if not, where. Every panel says what to do.',
  tags: ['dashstream', 'relay'],
  from: 'now-1h',
  to: 'now',
  refresh: '30s',
  variables: [
    { name: 'run', title: 'Run', of: tables.relay.uptime, isMulti: true },
    {
      name: 'instance',
      title: 'Instance',
      of: tables.relay.uptime,
      within: { run: '$run' },
      isMulti: true,
    },
  ],
  annotations: [restarts, firing],
  sections: [
    { title: 'Now', panels: nowPanels },
    { title: 'Records', panels: recordPanels },
    { title: 'Lag and Kafka', panels: lagPanels },
    { title: 'Clients', panels: clientPanels },
    { title: 'Dead letters', panels: deadLetterPanels },
    { title: 'Replay and Redis', panels: replayPanels },
    { title: 'Process', panels: processPanels },
  ],
}

/** Where a panel is, from the root of Grafana: for the links of alerts. */
export const relayPanelPath = (key: RelayPanelKey): string =>
  panelPath(relayDashboard, relayPanels[key])
