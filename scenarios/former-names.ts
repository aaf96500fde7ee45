/** Scenarios by the names that they had before: accepted for one version, with a hint. */
import type { ScenarioName } from './index.ts'

export const formerScenarioNames: Readonly<Record<string, ScenarioName>> = {
  'freezing-ends-nobody': 'pause-closes-no-client',
  'health-speaks-of-now': 'health-reflects-current-state',
  'slots-come-back': 'connection-slots-are-released',
  'kafka-comes-back': 'recovers-from-kafka-outage',
  'odd-settings-do-no-harm': 'extreme-settings-are-safe',
  'malformed-harms-nobody': 'malformed-records-are-contained',
  'hostile-frames-harm-nobody': 'hostile-frames-are-contained',
  'send-never-waits-for-ever': 'sends-have-deadlines',
  'lag-tells-the-truth': 'lag-gauge-is-correct',
  'aborted-reaches-nobody': 'aborted-records-are-not-delivered',
  'pages-get-nowhere': 'foreign-pages-are-refused',
  'kafka-may-be-far': 'distant-kafka-is-usable',
  'latest-begins-once': 'latest-applies-once',
  'memory-counts-bytes': 'buffers-are-bounded-in-bytes',
  'replay-meets-live': 'replay-joins-live',
  'replays-fill-no-memory': 'replay-memory-is-bounded',
  'resets-say-what-they-did': 'resets-report-their-result',
  'unfinished-fill-no-memory': 'unfinished-frames-are-bounded',
}
