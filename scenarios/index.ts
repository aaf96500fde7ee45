/** Every scenario by its name, in the order in which a suite plays them. */
import type { Scenario } from '../harness/dsl/scenario.ts'
import abortedReachesNobody from './aborted-reaches-nobody.ts'
import freezingEndsNobody from './freezing-ends-nobody.ts'
import healthSpeaksOfNow from './health-speaks-of-now.ts'
import kafkaComesBack from './kafka-comes-back.ts'
import kafkaMayBeFar from './kafka-may-be-far.ts'
import hostileFramesHarmNobody from './hostile-frames-harm-nobody.ts'
import lagTellsTheTruth from './lag-tells-the-truth.ts'
import latestBeginsOnce from './latest-begins-once.ts'
import malformedHarmsNobody from './malformed-harms-nobody.ts'
import memoryCountsBytes from './memory-counts-bytes.ts'
import memoryStaysBounded from './memory-stays-bounded.ts'
import memoryStaysFlat from './memory-stays-flat.ts'
import noRecordStopsTheRelay from './no-record-stops-the-relay.ts'
import oddSettingsDoNoHarm from './odd-settings-do-no-harm.ts'
import pagesGetNowhere from './pages-get-nowhere.ts'
import redisFailsOver from './redis-fails-over.ts'
import redisIsBestEffort from './redis-is-best-effort.ts'
import replayMeetsLive from './replay-meets-live.ts'
import resetsSayWhatTheyDid from './resets-say-what-they-did.ts'
import restartsLoseNothing from './restarts-lose-nothing.ts'
import replaysEndInTime from './replays-end-in-time.ts'
import replaysFillNoMemory from './replays-fill-no-memory.ts'
import sendNeverWaitsForEver from './send-never-waits-for-ever.ts'
import shutdownIsGraceful from './shutdown-is-graceful.ts'
import slotsComeBack from './slots-come-back.ts'
import unfinishedFillNoMemory from './unfinished-fill-no-memory.ts'

export const scenarios = {
  'malformed-harms-nobody': malformedHarmsNobody,
  'aborted-reaches-nobody': abortedReachesNobody,
  'health-speaks-of-now': healthSpeaksOfNow,
  'kafka-comes-back': kafkaComesBack,
  'kafka-may-be-far': kafkaMayBeFar,
  'hostile-frames-harm-nobody': hostileFramesHarmNobody,
  'lag-tells-the-truth': lagTellsTheTruth,
  'latest-begins-once': latestBeginsOnce,
  'memory-stays-bounded': memoryStaysBounded,
  'memory-counts-bytes': memoryCountsBytes,
  'memory-stays-flat': memoryStaysFlat,
  'freezing-ends-nobody': freezingEndsNobody,
  'no-record-stops-the-relay': noRecordStopsTheRelay,
  'odd-settings-do-no-harm': oddSettingsDoNoHarm,
  'pages-get-nowhere': pagesGetNowhere,
  'redis-fails-over': redisFailsOver,
  'redis-is-best-effort': redisIsBestEffort,
  'replay-meets-live': replayMeetsLive,
  'resets-say-what-they-did': resetsSayWhatTheyDid,
  'restarts-lose-nothing': restartsLoseNothing,
  'replays-end-in-time': replaysEndInTime,
  'replays-fill-no-memory': replaysFillNoMemory,
  'send-never-waits-for-ever': sendNeverWaitsForEver,
  'shutdown-is-graceful': shutdownIsGraceful,
  'slots-come-back': slotsComeBack,
  'unfinished-fill-no-memory': unfinishedFillNoMemory,
} as const satisfies Readonly<Record<string, Scenario>>

export type ScenarioName = keyof typeof scenarios
export const scenarioNames = Object.keys(scenarios) as ScenarioName[]
