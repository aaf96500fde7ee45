/** Every defect by its name, which is the name of its file. */
import type { Defect } from './defect.ts'
import replaySkipsMiddle from './2x-1-replay-skips-middle.ts'
import redisLostForever from './2x-11-redis-lost-forever.ts'
import ringBoundedByCount from './2x-14-ring-bounded-by-count.ts'
import broadcastBeforeStored from './2x-15-broadcast-before-stored.ts'
import vanishedNeverNoticed from './2x-16-vanished-never-noticed.ts'
import multiByteCutInTwo from './2x-2-multi-byte-cut-in-two.ts'
import abortedHandshakeKeepsSlot from './2x-32-aborted-handshake-keeps-slot.ts'
import revokedPartitionsZeroed from './2x-33-revoked-partitions-zeroed.ts'
import recordWaitsForRedis from './2x-6-record-waits-for-redis.ts'
import holesNotReported from './2x-8-holes-not-reported.ts'
import replayNotFenced from './bug-26-replay-not-fenced.ts'
import entriesWithoutLimit from './m-1012-entries-without-limit.ts'
import fixedSendTimeout from './m-1033-fixed-send-timeout.ts'
import unboundedControlSend from './m-1034-unbounded-control-send.ts'
import countedInTwoWays from './m-1035-counted-in-two-ways.ts'
import lifetimeWarning from './m-1041-lifetime-warning.ts'
import otherLifetimeWarnings from './m-1041-other-lifetime-warnings.ts'
import agesMissing from './m-1042-ages-missing.ts'
import neverReadsAsZero from './m-1042-never-reads-as-zero.ts'
import committedBeforeRead from './m-1114-committed-before-read.ts'
import lastOffsetCommitted from './m-414-last-offset-committed.ts'
import quietPartitionsZeroed from './m-481-quiet-partitions-zeroed.ts'
import forwardedAddressBelieved from './m-702-forwarded-address-believed.ts'
import badJsonAsText from './m-740-bad-json-as-text.ts'
import integersRounded from './m-741-integers-rounded.ts'
import ttlOfNothing from './m-742-ttl-of-nothing.ts'
import clearedWithoutEffect from './m-746-cleared-without-effect.ts'
import resetClearsNothing from './m-746-reset-clears-nothing.ts'
import otherFieldsForLatest from './m-748-other-fields-for-latest.ts'
import deadlineOfReadingOnly from './m-809-deadline-of-reading-only.ts'
import replaysWaitForLag from './own-10-replays-wait-for-lag.ts'
import begunAndNotCommitted from './own-11-begun-and-not-committed.ts'
import poisonTakesBatch from './own-1-poison-takes-batch.ts'
import replicaForever from './own-12-replica-forever.ts'
import framesHeldForAll from './own-13-frames-held-for-all.ts'
import errorRemembered from './own-2-error-remembered.ts'
import outageNotReported from './own-2-outage-not-reported.ts'
import pauseHeldAgainstClients from './own-3-pause-held-against-clients.ts'
import nullOffsetsEndSender from './own-5-null-offsets-end-sender.ts'
import spansCopiedForEach from './own-6-spans-copied-for-each.ts'
import anyNameIsOurs from './own-7-any-name-is-ours.ts'
import originNotAsked from './own-7-origin-not-asked.ts'
import abortedOneAtATime from './own-8-aborted-one-at-a-time.ts'
import replaysReadAhead from './own-9-replays-read-ahead.ts'
import abortsOnShutdown from './v35-8-aborts-on-shutdown.ts'
import clientsNotNotified from './v35-8-clients-not-notified.ts'
import unboundedClientQueue from './v8-l1-unbounded-client-queue.ts'
import staleLagSeries from './v8-l3-stale-lag-series.ts'
import idleIsStuck from './2x-29-idle-is-stuck.ts'
import oneTier from './m-643-one-tier.ts'
import relayDownWithoutRule from './own-15-no-rule.ts'
import outageWithoutRule from './v8-a-no-rule.ts'

export const defects = {
  '2x-1-replay-skips-middle': replaySkipsMiddle,
  '2x-11-redis-lost-forever': redisLostForever,
  '2x-14-ring-bounded-by-count': ringBoundedByCount,
  '2x-15-broadcast-before-stored': broadcastBeforeStored,
  '2x-16-vanished-never-noticed': vanishedNeverNoticed,
  '2x-2-multi-byte-cut-in-two': multiByteCutInTwo,
  '2x-32-aborted-handshake-keeps-slot': abortedHandshakeKeepsSlot,
  '2x-33-revoked-partitions-zeroed': revokedPartitionsZeroed,
  '2x-6-record-waits-for-redis': recordWaitsForRedis,
  '2x-8-holes-not-reported': holesNotReported,
  'bug-26-replay-not-fenced': replayNotFenced,
  'm-1012-entries-without-limit': entriesWithoutLimit,
  'm-1033-fixed-send-timeout': fixedSendTimeout,
  'm-1034-unbounded-control-send': unboundedControlSend,
  'm-1035-counted-in-two-ways': countedInTwoWays,
  'm-1041-lifetime-warning': lifetimeWarning,
  'm-1041-other-lifetime-warnings': otherLifetimeWarnings,
  'm-1042-ages-missing': agesMissing,
  'm-1042-never-reads-as-zero': neverReadsAsZero,
  'm-1114-committed-before-read': committedBeforeRead,
  'm-414-last-offset-committed': lastOffsetCommitted,
  'm-481-quiet-partitions-zeroed': quietPartitionsZeroed,
  'm-702-forwarded-address-believed': forwardedAddressBelieved,
  'm-740-bad-json-as-text': badJsonAsText,
  'm-741-integers-rounded': integersRounded,
  'm-742-ttl-of-nothing': ttlOfNothing,
  'm-746-cleared-without-effect': clearedWithoutEffect,
  'm-746-reset-clears-nothing': resetClearsNothing,
  'm-748-other-fields-for-latest': otherFieldsForLatest,
  'm-809-deadline-of-reading-only': deadlineOfReadingOnly,
  'own-10-replays-wait-for-lag': replaysWaitForLag,
  'own-11-begun-and-not-committed': begunAndNotCommitted,
  'own-1-poison-takes-batch': poisonTakesBatch,
  'own-12-replica-forever': replicaForever,
  'own-13-frames-held-for-all': framesHeldForAll,
  'own-2-error-remembered': errorRemembered,
  'own-2-outage-not-reported': outageNotReported,
  'own-3-pause-held-against-clients': pauseHeldAgainstClients,
  'own-5-null-offsets-end-sender': nullOffsetsEndSender,
  'own-6-spans-copied-for-each': spansCopiedForEach,
  'own-7-any-name-is-ours': anyNameIsOurs,
  'own-7-origin-not-asked': originNotAsked,
  'own-8-aborted-one-at-a-time': abortedOneAtATime,
  'own-9-replays-read-ahead': replaysReadAhead,
  'v35-8-aborts-on-shutdown': abortsOnShutdown,
  'v35-8-clients-not-notified': clientsNotNotified,
  'v8-l1-unbounded-client-queue': unboundedClientQueue,
  'v8-l3-stale-lag-series': staleLagSeries,
  '2x-29-idle-is-stuck': idleIsStuck,
  'm-643-one-tier': oneTier,
  'own-15-no-rule': relayDownWithoutRule,
  'v8-a-no-rule': outageWithoutRule,
} as const satisfies Readonly<Record<string, Defect>>

export type DefectName = keyof typeof defects
export const defectNames = Object.keys(defects) as DefectName[]
export const defectOf = (name: DefectName): Defect => defects[name]
