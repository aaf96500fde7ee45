/** Every scenario by its name, in the order in which a suite runs them. */
import type { Scenario } from '../harness/dsl/scenario.ts'
import abortedRecordsAreNotDelivered from './aborted-records-are-not-delivered.ts'
import pauseClosesNoClient from './pause-closes-no-client.ts'
import healthReflectsCurrentState from './health-reflects-current-state.ts'
import recoversFromKafkaOutage from './recovers-from-kafka-outage.ts'
import distantKafkaIsUsable from './distant-kafka-is-usable.ts'
import hostileFramesAreContained from './hostile-frames-are-contained.ts'
import lagGaugeIsCorrect from './lag-gauge-is-correct.ts'
import latestAppliesOnce from './latest-applies-once.ts'
import malformedRecordsAreContained from './malformed-records-are-contained.ts'
import buffersAreBoundedInBytes from './buffers-are-bounded-in-bytes.ts'
import memoryStaysBounded from './memory-stays-bounded.ts'
import memoryStaysFlat from './memory-stays-flat.ts'
import noRecordStopsTheRelay from './no-record-stops-the-relay.ts'
import extremeSettingsAreSafe from './extreme-settings-are-safe.ts'
import foreignPagesAreRefused from './foreign-pages-are-refused.ts'
import redisFailsOver from './redis-fails-over.ts'
import redisIsBestEffort from './redis-is-best-effort.ts'
import replayJoinsLive from './replay-joins-live.ts'
import resetsReportTheirResult from './resets-report-their-result.ts'
import restartsLoseNothing from './restarts-lose-nothing.ts'
import replaysEndInTime from './replays-end-in-time.ts'
import replayMemoryIsBounded from './replay-memory-is-bounded.ts'
import sendsHaveDeadlines from './sends-have-deadlines.ts'
import shutdownIsGraceful from './shutdown-is-graceful.ts'
import connectionSlotsAreReleased from './connection-slots-are-released.ts'
import unfinishedFramesAreBounded from './unfinished-frames-are-bounded.ts'
import alertKafkaErrors from './alert-kafka-errors.ts'
import alertRelayDown from './alert-relay-down.ts'
import alertStuckPartition from './alert-stuck-partition.ts'

export const scenarios = {
  'malformed-records-are-contained': malformedRecordsAreContained,
  'aborted-records-are-not-delivered': abortedRecordsAreNotDelivered,
  'health-reflects-current-state': healthReflectsCurrentState,
  'recovers-from-kafka-outage': recoversFromKafkaOutage,
  'distant-kafka-is-usable': distantKafkaIsUsable,
  'hostile-frames-are-contained': hostileFramesAreContained,
  'lag-gauge-is-correct': lagGaugeIsCorrect,
  'latest-applies-once': latestAppliesOnce,
  'memory-stays-bounded': memoryStaysBounded,
  'buffers-are-bounded-in-bytes': buffersAreBoundedInBytes,
  'memory-stays-flat': memoryStaysFlat,
  'pause-closes-no-client': pauseClosesNoClient,
  'no-record-stops-the-relay': noRecordStopsTheRelay,
  'extreme-settings-are-safe': extremeSettingsAreSafe,
  'foreign-pages-are-refused': foreignPagesAreRefused,
  'redis-fails-over': redisFailsOver,
  'redis-is-best-effort': redisIsBestEffort,
  'replay-joins-live': replayJoinsLive,
  'resets-report-their-result': resetsReportTheirResult,
  'restarts-lose-nothing': restartsLoseNothing,
  'replays-end-in-time': replaysEndInTime,
  'replay-memory-is-bounded': replayMemoryIsBounded,
  'sends-have-deadlines': sendsHaveDeadlines,
  'shutdown-is-graceful': shutdownIsGraceful,
  'connection-slots-are-released': connectionSlotsAreReleased,
  'unfinished-frames-are-bounded': unfinishedFramesAreBounded,
  'alert-kafka-errors': alertKafkaErrors,
  'alert-relay-down': alertRelayDown,
  'alert-stuck-partition': alertStuckPartition,
} as const satisfies Readonly<Record<string, Scenario>>

export type ScenarioName = keyof typeof scenarios
export const scenarioNames = Object.keys(scenarios) as ScenarioName[]
