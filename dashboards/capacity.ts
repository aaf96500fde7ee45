/**
 * The dashboard of load: a profile of our fleet or of the user's k6 against the SLO, and which
 * limit binds first.
 */
import type { Dashboard } from './kit/dashboard.ts'
import { tables } from './metrics/tables.ts'
import { bindingPanels, generatorPanels, sloPanels } from './panels/load.ts'

const { relay, k6 } = tables

export const capacityDashboard: Dashboard = {
  uid: 'dashstream-capacity',
  title: 'Capacity',
  says: 'Load against the SLO, and the limit that binds first. k6 writes by remote write.',
  tags: ['dashstream', 'load'],
  from: 'now-1h',
  to: 'now',
  refresh: '30s',
  variables: [
    { name: 'run', title: 'Run', of: relay.uptime, isMulti: true },
    {
      name: 'instance',
      title: 'Instance',
      of: relay.uptime,
      within: { run: '$run' },
      isMulti: true,
    },
    { name: 'testrun', label: 'testrun_name', title: 'k6 run', of: k6.vus, isMulti: true },
  ],
  annotations: [],
  sections: [
    { title: 'SLO', panels: sloPanels },
    { title: 'What binds', panels: bindingPanels },
    { title: 'The generator', panels: generatorPanels },
  ],
}
