/**
 * How exactly a run is measured: how often is asked, and by how much what was seen may differ from
 * what was, though the relay did nothing wrong. What a relay itself may take is no tolerance: it
 * stands in harness/checkers/reading/allowances.ts, or in what a scenario asks for.
 *
 * It stands beside the history because that is the lowest folder that knows of measurements:
 * samplers, checkers, judge and conductor read it, and none of them may import the others.
 */

/** How often each sampler asks. What lies between two samples is not known. */
export const samplingMs = {
  health: 250,
  metrics: 500,
  memory: 500,
  /** The closer together, the narrower the bounds of what is true between two. */
  lagTruth: 500,
  readiness: 1_000,
} as const

/** Longest wait for a page; a target that says nothing for so long did not answer. */
export const answerLimitMs = 2_000

/** By how much two views of one run may be apart. */
export const tolerances = {
  /** The edges of a window, seen by polls. */
  windowEdgeMicros: 1_000_000,
  /** A poll of the target takes time, and so does the scrape that shows what it found. */
  pollAndScrapeMicros: 1_000_000,
  /** /health tells whole seconds, rounded down. */
  wholeSecondMicros: 1_000_000,
  /** Two pages are not asked at the same time. */
  pagesApartMicros: 1_500_000,
  /** An age in a page, against what clients and broker show. */
  ageMs: 1_500,
  /** A commit takes a request, and the broker is asked once a second. */
  commitSeenLateMs: 1_500,
  /** Between two samples of the group's state. */
  groupSampleMicros: 2_000_000,
  /** A counter's rise shows in a later scrape. */
  riseSeenLateMs: 3_000,
  /** So does an alert that ends. */
  alertEndSeenLateMs: 3_000,
  /** A client is counted by one side a little before the other, when it comes and when it goes. */
  countedApartMicros: 300_000,
  /** The end of a connection is seen so much later than what ended it; proxies pass it on. */
  endSeenLateMicros: 2_000_000,
  /** What lies in buffers on the way is read before the end of the connection is seen. */
  drainMicros: 15_000_000,
  /** A flood is written down when it is over, which may be after the connection. */
  floodWrittenLateMicros: 15_000_000,
  /** Around a fault: what was under way when it came. */
  faultEdgeMicros: 2_000_000,
  /** Clients of one group join within this; records on their way then may count as missed. */
  joiningMicros: 2_000_000,
  /** Sent so shortly before a request for a replay, a record may still come live. */
  liveBeforeRequestMicros: 2_000_000,
  /** Acknowledged so shortly before the end, a record may be under way. */
  underWayAtEndMicros: 1_000_000,
  /** A client that still got records this shortly before the end is late; the rest may come yet. */
  stillFedMicros: 500_000,
  /** Records sent before a silence may be acknowledged so far into it. */
  ackedLateMicros: 1_000_000,
  /** A relay's clock begins a little before ours, and may tick a little coarser. */
  otherClockMicros: 500_000,
} as const

/** What kernels and proxies between the relay and a client that does not read take in. */
export const wayBytes = {
  /** Above what Linux's defaults were measured to swallow before a write waits at all. */
  swallowedMax: 6 * 1_048_576,
  /** So much owed to one client cannot be on the way only: it has reached the relay. */
  reachesRelay: 16 * 1_048_576,
} as const

/** From when on the harness itself was too slow, or too busy, for its evidence to count. */
export const ownEvidence = {
  /** A process of ours that stands still for longer cannot time what others do. */
  standstillMsMax: 2_000,
  /** Share of the samples that a sampler may have left out because it came too late. */
  missedShareMax: 0.2,
  /** Few samples have large shares. */
  samplesMin: 10,
  /** Bytes that wait to be read by a fleet that cannot keep up. */
  backlogBytesMax: 64 * 1_024 * 1_024,
  /**
   * A window of this length, of which the target waited for more than this share for a processor.
   * Two processors that nobody else uses leave it waiting for up to two thirds while a run is busy;
   * beside eight busy loops it waited for nine tenths.
   */
  waitedWindowMicros: 5_000_000,
  waitedShareMax: 0.8,
  /** Share of all processors from which on whoever waits is in its own way. */
  ownUseShareMax: 0.5,
  /** Share of the planned load that must have been produced. */
  loadShareMin: 0.8,
  /** Share of records that the producer itself may have dropped. */
  droppedShareMax: 0.01,
} as const
